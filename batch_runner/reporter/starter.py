"""The sheet that ``batch-runner init`` makes: headers with notes, dropdowns, example rows.

Plain data in, one new file out. It never replaces a file that is there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.core.model import column_letter

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

DELIMITERS = {".csv": ",", ".tsv": "\t"}
LAST_ROW = 1_048_576  # of an Excel worksheet
HEADER_FILL = "1F3864"  # dark blue under white text
CHOICES = "Choices"  # the worksheet that the dropdowns take their words from


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterColumn:
    """One column of the sheet to make."""

    name: str  # the header
    note: str = ""  # shown when the pointer rests on the header; workbooks only
    choices: tuple[str, ...] = ()  # offered as a dropdown; other values stay possible
    examples: tuple[str | int | None, ...] = ()  # top down; None leaves a cell blank
    as_text: bool = False  # keeps a spreadsheet program from reading 16:9 as a time
    width: float = 14.0  # in characters


def make_starter(path: Path, columns: Sequence[StarterColumn]) -> None:
    """Write a new sheet: a workbook for .xlsx, plain text for .csv and .tsv.

    CSV is written as Excel opens it by a double click: UTF-8 with BOM, lines ended by CRLF.

    Args:
        path: Where it goes; its suffix says which kind it is.
        columns: From left to right.

    Raises:
        UsageError: The suffix is none of the three (``unsupported_format``), something is at
            ``path`` already (``file_exists``), or it cannot be written (``not_writable``).
    """
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        content = _workbook(columns)
    elif suffix in DELIMITERS:
        content = _text(columns, DELIMITERS[suffix])
    else:
        raise UsageError(
            phrase("a starter sheet can be .xlsx, .csv or .tsv."),
            code="unsupported_format",
            hint=phrase("Choose a name with one of these endings."),
            where=str(path),
        )
    _create(path, content)


def _create(path: Path, content: bytes) -> None:
    """Put the content into a file that was not there before."""
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise UsageError(
            phrase("this file exists already, and init never replaces one."),
            code="file_exists",
            hint=phrase("Choose another name, or move the file away."),
            where=str(path),
        ) from error
    except OSError as error:
        raise _not_writable(path, error) from error
    try:
        with file:
            file.write(content)
    except OSError as error:
        path.unlink(missing_ok=True)  # ours: opened as new above
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        phrase("the file cannot be written ({reason}).", reason=error.strerror or error),
        code="not_writable",
        hint=phrase("Choose a folder that exists and that you may write to."),
        where=str(path),
    )


def _example_rows(columns: Sequence[StarterColumn]) -> list[tuple[str | int | None, ...]]:
    return list(zip_longest(*(column.examples for column in columns)))


def _text(columns: Sequence[StarterColumn], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([column.name for column in columns])
    writer.writerows(_example_rows(columns))
    return text.getvalue().encode("utf-8-sig")


def _workbook(columns: Sequence[StarterColumn]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "batch-runner"
    sheet = book.worksheets[0]
    sheet.title = "Videos"
    for index, column in enumerate(columns):
        _dress_column(sheet, index, column)
    for number, values in enumerate(_example_rows(columns), start=2):
        for index, value in enumerate(values):
            _fill(sheet.cell(number, index + 1), value, as_text=columns[index].as_text)
    sheet.freeze_panes = "A2"
    sheet.row_dimensions[1].height = 24
    if any(column.choices for column in columns):
        _offer_choices(sheet, book.create_sheet(CHOICES), columns)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _dress_column(sheet: Worksheet, index: int, column: StarterColumn) -> None:
    """The header cell with its note, and how the whole column looks."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill

    header = sheet.cell(1, index + 1)
    _fill(header, column.name)
    header.font = Font(bold=True, color="FFFFFF")
    header.fill = PatternFill("solid", fgColor=HEADER_FILL)
    header.alignment = Alignment(vertical="center")
    if column.note:
        # Wide enough for a sentence a line; Excel does not fit a note to its text.
        height = 40 + 18 * (len(column.note) // 40 + column.note.count("\n"))
        header.comment = Comment(column.note, "batch-runner", width=320, height=height)
    dimension = sheet.column_dimensions[column_letter(index)]
    dimension.width = column.width
    if column.as_text:
        dimension.number_format = "@"  # for cells that are still to be filled


def _fill(cell: Cell | MergedCell, value: str | int | None, *, as_text: bool = False) -> None:
    from openpyxl.styles import Alignment

    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # a text, even where it begins like a formula
    if as_text:
        cell.number_format = "@"
    cell.alignment = Alignment(vertical="top", wrap_text=isinstance(value, str))


def _offer_choices(sheet: Worksheet, store: Worksheet, columns: Sequence[StarterColumn]) -> None:
    """Dropdowns over whole columns.

    Their words stand on a worksheet of their own: a list written into the rule itself may have
    no more than 255 characters, and Excel would compare its words by case.
    """
    from openpyxl.worksheet.datavalidation import DataValidation

    offered = [(index, column) for index, column in enumerate(columns) if column.choices]
    for place, (index, column) in enumerate(offered):
        _fill(store.cell(1, place + 1), column.name)
        for number, choice in enumerate(column.choices, start=2):
            _fill(store.cell(number, place + 1), choice, as_text=True)
        here, there = column_letter(index), column_letter(place)
        rule = DataValidation(
            type="list",
            formula1=f"{CHOICES}!${there}$2:${there}${len(column.choices) + 1}",
            allow_blank=True,
            errorStyle="warning",  # models may be added later: warn, do not forbid
            errorTitle=column.name,
            error="This is not in the list. batch-runner check tells whether it works.",
        )
        rule.showErrorMessage = True
        rule.add(f"{here}2:{here}{LAST_ROW}")
        sheet.add_data_validation(rule)
    store.sheet_state = "hidden"
