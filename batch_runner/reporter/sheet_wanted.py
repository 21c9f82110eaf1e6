"""Which cells of a worksheet are to be written, once what is in their way is left out."""

from __future__ import annotations

from collections.abc import Mapping

from batch_runner.core.cellrefs import MAX_COLUMN, MAX_ROW, Area, area
from batch_runner.core.errors import SheetError
from batch_runner.core.model import OutCell, WritePlan
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.xml_bytes import children

Cells = Mapping[int, Mapping[int, OutCell]]
"""Row -> column -> what goes there."""


def wanted_cells(plan: WritePlan, around: Survey) -> Cells:
    """A plan's cells, headers included.

    A cell that the user merged away shows nothing, whatever is in it: it is left out.

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
    if extent is None:
        return wanted
    if extent.right >= MAX_COLUMN or extent.bottom > MAX_ROW:
        raise SheetError(
            "The worksheet is in use up to its last column, so there is no room for results.",
            code="worksheet_full",
            hint="Delete columns on the right that are not needed.",
        )
    for merged in _merged(around, extent):
        _leave_out(wanted, merged)
    return wanted


def extent_of(wanted: Cells) -> Area | None:
    """The smallest block that holds all these cells; ``None`` if there are none."""
    rows = [row for row, cells in wanted.items() if cells]
    if not rows:
        return None
    columns = {column for cells in wanted.values() for column in cells}
    return Area(top=min(rows), left=min(columns), bottom=max(rows), right=max(columns))


def _merged(around: Survey, extent: Area) -> list[Area]:
    """The merged areas that meet a block."""
    section = around.after(b"mergeCells")
    if section is None:
        return []
    places = (area(one.get("ref") or "") for one in children(around.tail, section))
    return [place for place in places if place is not None and place.meets(extent)]


def _leave_out(wanted: dict[int, Mapping[int, OutCell]], merged: Area) -> None:
    rows = range(merged.top, merged.bottom + 1)
    for row in rows if len(rows) < len(wanted) else [row for row in wanted if row in rows]:
        if row in wanted:
            wanted[row] = {
                column: cell
                for column, cell in wanted[row].items()
                if not merged.left <= column <= merged.right
                or (row, column) == (merged.top, merged.left)
            }
