"""Who a row of a worksheet is: by its key, by what is in it, and by what it shows of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from batch_runner.core.identity import RowIdentity, digest
from batch_runner.core.language import phrase
from batch_runner.core.model import NO_PICTURES, ColumnMap, Problem, SheetRow, Verdict
from batch_runner.core.outcolumns import OutColumns
from batch_runner.core.text import cell_text, quoted
from batch_runner.core.values import KEY, canonical_cells


@dataclass(frozen=True, slots=True)
class Seen:
    """A row, how earlier runs saw it, and what stands for the content of its local pictures."""

    row: SheetRow
    before: SheetRow
    contents: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """Tells the rows of one worksheet from each other."""

    headers: tuple[str, ...]
    hashed: ColumnMap  # the columns that a row's hash is of
    before: ColumnMap  # those by which earlier runs hashed the rows
    pasted_before: bool  # whether pictures on cells counted in earlier runs
    out: OutColumns
    decisions: tuple[int, ...] = ()  # columns of what is decided about results

    def identity(self, seen: Seen, shown: Mapping[str, str]) -> RowIdentity:
        """Who a row is; ``shown``: what it shows of earlier runs."""
        row, before, contents = seen.row, seen.before, seen.contents
        row_hash = digest(canonical_cells(row, self.hashed, contents))
        if before.pictures and not self.pasted_before:
            before = replace(before, pictures=NO_PICTURES)
        same = self.before == self.hashed and before is row
        former = row_hash if same else digest(canonical_cells(before, self.before, contents))
        key, ours = self.hashed.first(KEY), self.ours
        whole = (
            (str(i), text)
            for i, value in enumerate(row.values)
            if i not in ours and (text := cell_text(value).strip())
        )
        return RowIdentity(
            row=row.number,
            row_hash=row_hash,
            whole_hash=digest(whole),
            key=None if key is None else key_of(row, key) or None,
            former_hash=None if former == row_hash else former,
            shown_task=shown.get("task_id"),
            shown_job=shown.get("job"),
            shown_status=shown.get("status"),
        )

    def shows_task(self, row: SheetRow) -> bool:
        """Whether a task id stands in it, whosever column it is in."""
        places = {i for i, text in enumerate(self.headers) if text.strip().lower() == "task_id"}
        if "task_id" in self.out.places:
            places.add(self.out.places["task_id"])
        return any(cell_text(row.value(i)).strip() for i in places)

    @property
    def ours(self) -> frozenset[int]:
        """Columns that tell nothing of what the row is: results, and what is decided about them."""
        return frozenset((*self.out.places.values(), *self.decisions))


def key_of(row: SheetRow, column: int) -> str:
    """The user's own name for a row."""
    return cell_text(row.value(column)).strip()


def with_key(row: SheetRow, column: int, verdict: Verdict, same: int) -> Verdict:
    """The verdict, with what is wrong about the row's key; ``same``: rows that have this one."""
    key = key_of(row, column)
    if key and same == 1:
        return verdict
    problem = Problem(
        code="key_repeated" if key else "key_blank",
        message=(
            phrase(
                "the key {key} stands in {count} rows; each row needs its own.",
                key=quoted(key),
                count=same,
            )
            if key
            else phrase("the key is blank; each row needs its own.")
        ),
        row=row.number,
        column=column,
    )
    return replace(verdict, request=None, problems=(*verdict.problems, problem))
