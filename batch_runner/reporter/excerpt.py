"""Some rows of a sheet as a sheet of their own: the user's columns, and beside them what is wrong."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from batch_runner.core.celltext import safe_text
from batch_runner.core.model import CellValue, SheetRow
from batch_runner.core.text import cell_text
from batch_runner.reporter.replace import replace_file

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

Pair = tuple[SheetRow, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One worksheet of it, or a whole CSV file."""

    worksheet: str | None
    headers: Sequence[str]  # of all columns of the sheet
    columns: Sequence[int]  # which of them are taken
    rows: Sequence[Pair]  # each with what is wrong with it
    error_header: str
    encoding: str | None  # CSV only
    delimiter: str | None  # CSV only


def write_excerpt(place: Path, pages: Sequence[Page], *, like: Path) -> None:
    """Write them; what was there before is replaced, whole.

    Raises:
        SheetBusyError: the file is open elsewhere or cannot be written.
    """
    text = pages[0].worksheet is None
    fill = partial(_fill_text, pages[0]) if text else partial(_fill_workbook, pages)
    replace_file(place, fill, like=like)


def _fill_text(page: Page, out: Path) -> None:
    encoding = page.encoding or "utf-8-sig"
    with out.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=page.delimiter or ",")
        writer.writerow([*(_header(page, column) for column in page.columns), page.error_header])
        for row, error in page.rows:
            cells = [cell_text(row.value(column)) for column in page.columns]
            writer.writerow([*cells, safe_text(error, csv=True)])


def _fill_workbook(pages: Sequence[Page], out: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    try:
        if book.active is not None:
            book.remove(book.active)
        for page in pages:
            sheet = book.create_sheet(page.worksheet)
            sheet.append([*(_header(page, column) for column in page.columns), page.error_header])
            for line, pair in enumerate(page.rows, start=2):
                _fill_line(sheet, line, page, pair)
            sheet.freeze_panes = "A2"
        book.save(out)
    finally:
        book.close()


def _fill_line(sheet: Worksheet, line: int, page: Page, pair: Pair) -> None:
    row, error = pair
    for place, column in enumerate(page.columns, start=1):
        cell = sheet.cell(line, place)
        _put(cell, row.value(column))
        if column in row.links:
            cell.hyperlink = row.links[column]
    _put(sheet.cell(line, len(page.columns) + 1), safe_text(error, csv=False))


def _put(cell: Cell | MergedCell, value: CellValue) -> None:
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # a text that begins with "=" is none of our formulas


def _header(page: Page, column: int) -> str:
    return page.headers[column] if column < len(page.headers) else ""
