"""Rows that belong together: an export with a line for each picture of a product is one job.

The first row of a group asks for the video; the rows that follow it under the same value, without
a prompt of their own, only bring further pictures. Rows of a group follow each other, so that
only one group is held at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from batch_runner.core.headers import normalise
from batch_runner.core.images import split_refs
from batch_runner.core.language import phrase
from batch_runner.core.model import ColumnMap, Problem, SheetRow, iter_errors
from batch_runner.core.text import cell_text
from batch_runner.core.values import IMAGES, LINKED, PROMPT, is_blank, read_integer

MOST_MEMBERS = 1_000
"""Rows of one group, so that no sheet is too large for the memory."""

POSITION = "imageposition"
"""The header, as headers are compared, of the column by which pictures are ordered."""

_LAST = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """By which columns rows are joined."""

    by: int
    images: tuple[int, ...]  # where pictures stand
    position: int | None  # where their order stands; None: they are in the order of the rows
    own: frozenset[int]  # what stands here is of no use to another row: it asks for a video itself


def grouping_of(
    by: int, headers: Sequence[str], columns: ColumnMap, makers: Iterable[int]
) -> Grouping:
    """The grouping by one column.

    ``makers``: columns of which prompts and images are made.
    """
    images = columns.columns.get(IMAGES, ())
    asked = {i for name in (PROMPT, *LINKED) for i in columns.columns.get(name, ())}
    position = next((i for i, text in enumerate(headers) if normalise(text) == POSITION), None)
    own = asked.union(makers).difference(images, (by,))
    return Grouping(by=by, images=images, position=position, own=frozenset(own))


@dataclass(slots=True)
class Group:
    """A row and those that belong to it, in the order of the sheet."""

    value: str  # what they share; "" for a row that belongs to no group
    members: list[SheetRow]
    more: int = 0  # rows beyond the most that are joined

    def joined(self, grouping: Grouping) -> SheetRow:
        """The first row, with the pictures of all."""
        first = self.members[0]
        if len(self.members) == 1 or not grouping.images:
            return first
        values = list(first.values) + [None] * (1 + max(grouping.images) - len(first.values))
        for place in grouping.images:
            values[place] = None
        refs = _pictures(self.members, grouping)
        values[grouping.images[0]] = json.dumps(refs, ensure_ascii=False) if refs else None
        links = {i: link for i, link in first.links.items() if i not in grouping.images}
        return replace(
            first, values=tuple(values), links=links, problems=tuple(self._problems(grouping))
        )

    def _problems(self, grouping: Grouping) -> Iterator[Problem]:
        first, *others = self.members
        yield from first.problems
        for row in others:
            for problem in iter_errors(row.problems):
                if problem.column is None or problem.column in grouping.images:
                    yield problem
        if self.more:
            yield Problem(
                code="group_too_large",
                message=phrase(
                    "{number} rows belong to it; at most {most_members} are joined.",
                    number=len(self.members) + self.more,
                    most_members=MOST_MEMBERS,
                ),
                row=first.number,
            )


def grouped(rows: Iterable[SheetRow], grouping: Grouping) -> Iterator[Group]:
    """The groups of a sheet, one after the other."""
    group: Group | None = None
    for row in rows:
        value = cell_text(row.value(grouping.by)).strip()
        if group is not None and value and value == group.value and follows(row, grouping):
            if len(group.members) < MOST_MEMBERS:
                group.members.append(row)
            else:
                group.more += 1
            continue
        if group is not None:
            yield group
        group = Group(value, [row])
    if group is not None:
        yield group


def follows(row: SheetRow, grouping: Grouping) -> bool:
    """Whether a row asks for nothing by itself, so that it may belong to the one before."""
    return all(is_blank(row.value(place)) for place in grouping.own)


def _pictures(members: Sequence[SheetRow], grouping: Grouping) -> list[str]:
    """All pictures, by their position where one is given, else in the order of the rows."""
    placed = [
        (_position(row, grouping.position), ref)
        for row in members
        for column in grouping.images
        for ref in split_refs(row.value(column), row.links.get(column))
    ]
    return [ref for _, ref in sorted(placed, key=lambda pair: pair[0])]


def _position(row: SheetRow, column: int | None) -> int:
    number = None if column is None else read_integer(row.value(column))
    return _LAST if number is None else number
