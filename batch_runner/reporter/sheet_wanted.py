"""Which cells of a worksheet are to be written, and which of them will not show."""

from __future__ import annotations

from collections.abc import Mapping

from batch_runner.core.cellrefs import MAX_COLUMN, MAX_ROW, Area, area
from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import OutCell, WritePlan
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.xml_bytes import children

Cells = Mapping[int, Mapping[int, OutCell]]
"""Row -> column -> what goes there."""


def wanted_cells(plan: WritePlan) -> Cells:
    """A plan's cells, headers included.

    Raises:
        SheetError: They would lie beyond the last column or row that Excel has.
    """
    wanted: dict[int, Mapping[int, OutCell]] = dict(plan.cells)
    if plan.headers:
        headers = {
            place: OutCell(value=None if plan.remove else text)
            for place, text in plan.headers.items()
        }
        wanted[plan.header_row] = {**wanted.get(plan.header_row, {}), **headers}
    extent = extent_of(wanted)
    if extent is not None and (extent.right >= MAX_COLUMN or extent.bottom > MAX_ROW):
        raise SheetError(
            phrase(
                "The worksheet is in use up to its last column, so there is no room for results."
            ),
            code="worksheet_full",
            hint=phrase("Delete columns on the right that are not needed."),
        )
    return wanted


def extent_of(wanted: Cells) -> Area | None:
    """The smallest block that holds all these cells; ``None`` if there are none."""
    rows = [row for row, cells in wanted.items() if cells]
    if not rows:
        return None
    columns = {column for cells in wanted.values() for column in cells}
    return Area(top=min(rows), left=min(columns), bottom=max(rows), right=max(columns))


def covered(wanted: Cells, around: Survey) -> list[tuple[Area, list[int]]]:
    """The merged areas under which results stand unseen, each with the rows of these.

    Such cells are written all the same, as Excel keeps what a merge covers: they show again once
    the area is unmerged, and whoever reads the file finds them.
    """
    section, extent = around.after(b"mergeCells"), extent_of(wanted)
    if section is None or extent is None:
        return []
    found: list[tuple[Area, list[int]]] = []
    for one in children(around.tail, section):
        merged = area(one.get("ref") or "")
        if merged is not None and merged.meets(extent):
            rows = [row for row in _between(wanted, merged) if _hides(merged, row, wanted[row])]
            found += [(merged, rows)] if rows else []
    return found


def _between(wanted: Cells, merged: Area) -> list[int]:
    rows = range(merged.top, merged.bottom + 1)
    few = rows if len(rows) < len(wanted) else sorted(wanted)
    return [row for row in few if row in rows and row in wanted]


def _hides(merged: Area, row: int, cells: Mapping[int, OutCell]) -> bool:
    """Whether an area covers something of a row; its first cell is what shows."""
    return any(
        merged.left <= column <= merged.right and (row, column) != (merged.top, merged.left)
        for column, cell in cells.items()
        if cell.value is not None
    )
