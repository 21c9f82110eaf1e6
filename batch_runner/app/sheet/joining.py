"""``group_by``: rows that belong together come as one; each with how earlier runs saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from batch_runner.core.errors import ConfigError
from batch_runner.core.groups import Group, Grouping, follows, grouped, grouping_of
from batch_runner.core.identity import Basis
from batch_runner.core.language import phrase
from batch_runner.core.model import ColumnMap, Problem, Severity, SheetRow, column_letter
from batch_runner.core.nearest import did_you_mean
from batch_runner.core.profile import Catalogue
from batch_runner.core.recipe import find_name
from batch_runner.core.rules import model_name
from batch_runner.core.supplement import Supplement, Supplied, as_links, given
from batch_runner.core.values import IMAGES
from batch_runner.ledger.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """By which column rows are joined, now and in earlier runs; ``None``: they are not."""

    now: Grouping | None = None
    before: Grouping | None = None

    def rows(self, rows: Iterable[SheetRow], spool: Spool) -> Iterator[tuple[SheetRow, SheetRow]]:
        """Each row as it is to be judged, and as its hash was made before.

        ``spool``: remembers where groups began.
        """
        if self.now is None:
            yield from self._apart(rows)
            return
        for group in grouped(rows, self.now):
            joined = self._told(group, group.joined(self.now), spool)
            yield joined, joined if self.before is not None else group.members[0]

    def whole(
        self, rows: Iterable[SheetRow], wanted: Mapping[int, str]
    ) -> Iterator[tuple[SheetRow, str]]:
        """The rows of these lines, each with its text, and those that were joined into them."""
        if self.now is None:
            yield from ((row, wanted[row.number]) for row in rows if row.number in wanted)
            return
        for group in grouped(rows, self.now):
            first, *others = group.members
            if first.number in wanted:
                yield first, wanted[first.number]
                yield from ((row, "") for row in others)

    def _apart(self, rows: Iterable[SheetRow]) -> Iterator[tuple[SheetRow, SheetRow]]:
        if self.before is None:
            for row in rows:
                yield row, row
            return
        for group in grouped(rows, self.before):
            first, *others = group.members
            yield first, group.joined(self.before)
            for row in others:
                yield row, row

    def _told(self, group: Group, joined: SheetRow, spool: Spool) -> SheetRow:
        """The row; refused where it belongs to a group that ended before."""
        assert self.now is not None
        if not group.value:
            return joined
        began = spool.groups.of(group.value, joined.number)
        if began == joined.number or not follows(joined, self.now):
            return joined
        problem = Problem(
            code="group_scattered",
            message=phrase(
                "It belongs to the group that began in row {began} ({column_letter}{number}), but other rows stand between.",
                began=began,
                column_letter=column_letter(self.now.by),
                number=joined.number,
            ),
            hint=phrase("Sort the sheet so that rows of one group follow each other."),
            row=joined.number,
        )
        return replace(joined, problems=(*joined.problems, problem))


def joining_of(
    group_by: str | None,
    basis: Basis | None,
    headers: tuple[str, ...],
    columns: ColumnMap,
    makers: frozenset[int],
    where: str,
) -> Joining:
    """By what the rows of a sheet are joined.

    Raises:
        ConfigError: no column, or several, have the header that ``group_by`` names.
    """
    former = None if basis is None else basis.group_by
    before = None
    if former is not None and former in headers:
        before = grouping_of(headers.index(former), headers, columns, makers)
    if group_by is None:
        return Joining(before=before)
    places = find_name(group_by, headers, columns)
    if len(places) != 1:
        raise ConfigError(
            phrase(
                "'group_by' names '{group_by}', and {value} headers read so.",
                group_by=group_by,
                value="several" if places else "no",
            ),
            code="group_by_unknown",
            hint=(
                phrase("Rename one of them.")
                if places
                else did_you_mean(group_by, filter(None, headers))
            ),
            where=where,
        )
    return Joining(now=grouping_of(places[0], headers, columns, makers), before=before)


def fitting(
    row: SheetRow, columns: ColumnMap, catalogue: Catalogue, supplement: Supplement
) -> Supplement:
    """A joined row brings as many pictures as its model takes: the first ones."""
    profile = catalogue.find(model_name(row, columns, catalogue, supplement))
    parameter = None if profile is None else profile.parameter(IMAGES)
    refs = as_links(given(row, columns, IMAGES, supplement))
    if parameter is None or parameter.max_items is None or len(refs) <= parameter.max_items:
        return supplement
    assert profile is not None
    column = columns.first(IMAGES)
    notice = Problem(
        code="pictures_left_out",
        message=phrase(
            "Its rows bring {number} images; {model} takes {max_items}, so the first are used.",
            number=len(refs),
            model=profile.model,
            max_items=parameter.max_items,
        ),
        severity=Severity.NOTICE,
        row=row.number,
        column=column,
    )
    fewer = Supplied(
        value=refs[: parameter.max_items], columns=() if column is None else (column,)
    )
    return supplement.also(Supplement(over={IMAGES: fewer}, problems={IMAGES: (notice,)}))
