"""A spreadsheet of a kind that can only be read, as a workbook that results can be put into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch_runner.core.model import CellValue
from batch_runner.reporter.replace import replace_file

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that is carried over of one worksheet."""

    name: str
    hidden: bool
    lines: Iterable[Sequence[CellValue]]  # from row 1 on
    links: Mapping[tuple[int, int], str]  # 1-based row, 0-based column -> target
    hidden_rows: frozenset[int]


def write_converted(place: Path, sheets: Iterable[Sheet], *, like: Path) -> None:
    """Write values, links, and what is hidden; every cell stays where it was.

    Raises:
        SheetBusyError: it cannot be written.
    """
    replace_file(place, lambda out: _fill(out, sheets), like=like)


def _fill(out: Path, sheets: Iterable[Sheet]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    try:
        for sheet in sheets:
            page = book.create_sheet(sheet.name)
            page.sheet_state = "hidden" if sheet.hidden else "visible"
            for row in sheet.hidden_rows:
                page.row_dimensions[row].hidden = True
            for number, line in enumerate(sheet.lines, start=1):
                page.append(
                    [
                        _cell(page, value, sheet.links.get((number, column)))
                        for column, value in enumerate(line)
                    ]
                )
        book.save(out)
    finally:
        book.close()


def _cell(page: WriteOnlyWorksheet, value: CellValue, link: str | None) -> Any:
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page, value)
    cell.data_type = "s"  # a text that begins with "=" is none of our formulas
    if link is not None:
        cell.hyperlink = link
    return cell
