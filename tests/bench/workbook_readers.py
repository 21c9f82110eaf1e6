"""What other programs make of a workbook that we wrote: three readers and a schema checker."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook

Values = Mapping[int, Mapping[int, str]]
"""Row -> 0-based column -> the text that stands there."""

_TO_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
_PATIENCE = 600  # seconds that LibreOffice may take for all


def by_calamine(data: bytes, worksheet: str, values: Values) -> str:
    """Blank if it reads all values; else what it reads, or why it cannot."""
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(worksheet)
        rows = sheet.to_python(skip_empty_area=False)
    except Exception as error:  # noqa: BLE001 - readers have their own limits; they are counted
        return f"cannot read: {type(error).__name__}"
    return _first_other(values, lambda row, column: rows[row - 1][column])


def by_openpyxl(data: bytes, worksheet: str, values: Values) -> str:
    """The same by openpyxl."""
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(data))[worksheet]
    except Exception as error:  # noqa: BLE001 - as above
        return f"cannot read: {type(error).__name__}"
    return _first_other(values, lambda row, column: sheet.cell(row, column + 1).value)


def _first_other(values: Values, read: Callable[[int, int], Any]) -> str:
    for row, cells in values.items():
        for column, text in cells.items():
            value = read(row, column)
            if str(value) != text and value != _number(text):
                return f"{value!r} at {row},{column}"
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def by_libreoffice(books: Mapping[Path, Values]) -> dict[str, str]:
    """Name of a workbook -> blank if LibreOffice shows all its texts in some worksheet.

    Nothing at all where LibreOffice is not installed.
    """
    program = shutil.which("soffice")
    if program is None or not books:
        return {}
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder, "home"), Path(folder, "csv")
        command = [program, f"-env:UserInstallation={home.as_uri()}", "--headless"]
        command += ["--convert-to", _TO_CSV, "--outdir", str(out), *map(str, books)]
        subprocess.run(command, check=False, capture_output=True, timeout=_PATIENCE)
        for book, values in books.items():
            sheets = list(out.glob(f"{book.stem}-*.csv"))
            seen = {text for sheet in sheets for text in _texts(sheet)}
            wanted = {t for cells in values.values() for t in cells.values()}
            missing = sorted(text for text in wanted - seen if _number(text) is None)
            found[book.name] = f"does not show {missing[:2]}" if missing else ""
            if not sheets:
                found[book.name] = "cannot read"
    return found


def _texts(sheet: Path) -> set[str]:
    with sheet.open(encoding="utf-8", newline="") as file:
        return {text for line in csv.reader(file) for text in line}


def new_errors(before: Path, after: Path) -> list[str]:
    """Errors of schema or semantics that the first workbook has not; by openxml-audit."""
    from openxml_audit import OpenXmlValidator

    def errors(path: Path) -> Counter[str]:
        found = OpenXmlValidator().validate(path).errors
        return Counter(
            f"{one.part_uri}: {one.description}" for one in found if one.severity.name == "ERROR"
        )

    return list((errors(after) - errors(before)).elements())
