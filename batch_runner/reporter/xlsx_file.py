"""Results into a workbook, through openpyxl.

openpyxl keeps cells, styles, formulas, charts, classic validations and notes, and drops what
it does not know, stored formula values among it. What it says that it drops is handed back.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from openpyxl import load_workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from batch_runner.core.celltext import safe_text, starts_formula
from batch_runner.core.errors import SheetError
from batch_runner.core.model import OutCell, Problem, Severity, WritePlan
from batch_runner.reporter.busy import PART_LOST

MAX_LINKS = 65_530
"""Hyperlinks that Excel takes on one worksheet; what comes after is plain text."""

_LONGEST_LINK = 2_079
_WIDEST, _NARROWEST = 48, 10  # characters
_LOSES = re.compile(r"\b(removed|lost|dropped|ignored)\b")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\"<>\\^`{|}]")
_UNSAFE_IN_PATH = re.compile(r"[\x00-\x20\"#%<>?\\^`{|}]")

_GREEN, _AMBER, _RED, _GREY = "C6EFCE", "FFEB9C", "FFC7CE", "E7E6E6"
_SHADES = {
    "succeeded": _GREEN,
    "running": _AMBER,
    "unknown": _AMBER,
    "failed": _RED,
    "invalid": _RED,
    "queued": _GREY,
    "skipped": _GREY,
}


def write_workbook(
    source: bytes | Path, plans: Sequence[WritePlan], out: Path, *, max_links: int = MAX_LINKS
) -> tuple[Problem, ...]:
    """Write a copy of a workbook with results in it.

    Args:
        source: the workbook, or its bytes.
        plans: what to put into which worksheet.
        out: where the result goes; overwritten.
        max_links: hyperlinks that one worksheet may have, those of the user included.

    Returns:
        What the copy has lost (code ``workbook_part_lost``), as far as openpyxl says.

    Raises:
        SheetError: openpyxl cannot open this workbook, or has no such worksheet in it.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    with _openpyxl_trouble(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        book, losses = _load(content)
        for plan in plans:
            _fill(_worksheet(book, plan), plan, max_links)
        book.save(out)
    losses += [str(warning.message) for warning in said]
    return tuple(_lost(text) for text in dict.fromkeys(losses) if _LOSES.search(text))


def _load(content: bytes) -> tuple[Workbook, list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = package.namelist()
    macros = "xl/vbaProject.bin" in names
    pictures = any(name.startswith("xl/media/") for name in names)
    # Without Pillow openpyxl drops pictures and says nothing.
    blind = pictures and find_spec("PIL") is None
    losses = ["pictures are lost unless the package 'pillow' is installed"] if blind else []
    return load_workbook(io.BytesIO(content), keep_vba=macros, rich_text=True), losses


def _worksheet(book: Workbook, plan: WritePlan) -> Worksheet:
    found = next((sheet for sheet in book.worksheets if sheet.title == plan.worksheet), None)
    if found is None:
        raise SheetError(
            f"The worksheet '{plan.worksheet}' cannot be opened for writing.",
            code="workbook_not_writable",
            hint="Save the workbook in Excel as an ordinary .xlsx (not Strict) and run again.",
        )
    return found


def _fill(sheet: Worksheet, plan: WritePlan, max_links: int) -> None:
    for place, text in sorted(plan.headers.items()):
        _put_header(sheet, plan.header_row, place, text)
    cells = list(_own_cells(sheet, plan))
    for cell, _ in cells:
        cell.hyperlink = None
    # Iterating the sheet itself would make a cell of every gap.
    present = sheet._cells.values()  # noqa: SLF001
    links_left = max_links - sum(1 for cell in present if cell.hyperlink)
    for cell, wanted in cells:
        target = _link(wanted.link)
        _put(cell, wanted)
        if target and links_left > 0:
            _put_link(cell, target)
            links_left -= 1
        if cell.column - 1 == plan.status_column:
            shade = _SHADES.get(str(wanted.value))
            cell.fill = PatternFill("solid", fgColor=shade) if shade else PatternFill()
    for place in plan.headers:
        _widen(sheet, plan, place)


def _own_cells(sheet: Worksheet, plan: WritePlan) -> Iterator[tuple[Cell, OutCell]]:
    for row, columns in sorted(plan.cells.items()):
        for place, wanted in sorted(columns.items()):
            cell = sheet.cell(row, place + 1)
            # A cell that the user merged away shows nothing, whatever is in it.
            if not isinstance(cell, MergedCell):
                yield cell, wanted


def _put_header(sheet: Worksheet, row: int, place: int, text: str) -> None:
    cell = sheet.cell(row, place + 1)
    if isinstance(cell, MergedCell):
        return
    _put(cell, OutCell(value=text))
    left = sheet.cell(row, place) if place else None
    if isinstance(left, Cell) and left.has_style:
        cell._style = copy(left._style)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way takes all


def _put(cell: Cell, wanted: OutCell) -> None:
    if not isinstance(wanted.value, str):
        cell.value = wanted.value
        if isinstance(wanted.value, float) and cell.number_format == "General":
            cell.number_format = "0.00####"
        return
    text = safe_text(wanted.value, csv=False)
    cell.value = text
    # Said outright, or openpyxl takes "=..." for a formula and "#N/A" for an error.
    cell.data_type = "s"
    # Keeps it text even after somebody edits the cell in Excel.
    cell.quotePrefix = starts_formula(text)


def _put_link(cell: Cell, target: str) -> None:
    cell.hyperlink = Hyperlink(ref=cell.coordinate, target=target)
    if cell.font.underline == "single":
        return
    font = cast("Font", copy(cell.font))
    font.underline, font.color = "single", "0563C1"
    cell.font = font


def _link(target: str | None) -> str | None:
    """A target that is safe to click: the web, or a file below the sheet's folder."""
    if not target:
        return None
    text = safe_text(target, csv=False)
    scheme = _SCHEME.match(text)
    if scheme is None:
        outside = text.startswith(("/", "\\"))
        return None if outside else _UNSAFE_IN_PATH.sub(_percent, text)
    if scheme.group(1).lower() not in {"http", "https"}:
        return None
    url = _UNSAFE_IN_URL.sub(_percent, text)
    return url if len(url) <= _LONGEST_LINK else None


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found.group()):02X}"


def _widen(sheet: Worksheet, plan: WritePlan, place: int) -> None:
    """Give a new column a width that shows its content, unless it has one."""
    number = place + 1
    # One dimension may cover many columns; a second one over the same breaks the file.
    known = sheet.column_dimensions.values()
    if any(one.min and one.max and one.min <= number <= one.max for one in known):
        return
    texts = [plan.headers[place]]
    texts += [str(row[place].value) for row in plan.cells.values() if place in row]
    longest = max(len(text) for text in texts)
    width = min(max(longest + 2, _NARROWEST), _WIDEST)
    sheet.column_dimensions[get_column_letter(number)].width = width


def _lost(text: str) -> Problem:
    return Problem(
        code=PART_LOST,
        severity=Severity.WARNING,
        message=f"Writing into this workbook would lose a part of it: {text.rstrip('.')}.",
    )


@contextmanager
def _openpyxl_trouble() -> Iterator[None]:
    try:
        yield
    except (SheetError, OSError):
        raise
    # openpyxl lets through whatever its parsers meet in a workbook they do not know.
    except Exception as error:
        raise SheetError(
            f"The workbook cannot be opened for writing ({type(error).__name__}: {error}).",
            code="workbook_not_writable",
            hint="Save it once in Excel as .xlsx, or use a CSV, and run again.",
        ) from error
