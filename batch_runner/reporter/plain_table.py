"""A plain table in a file of its own: headers and lines, nothing else, whatever its texts hold."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from batch_runner.core.celltext import safe_text

Value = str | int | float | None


class Lines(Protocol):
    """Takes the lines of a table."""

    def add(self, values: Sequence[Value]) -> None:
        """One more line; a text that looks like a formula stays text."""


@contextmanager
def plain_table(place: Path, headers: Sequence[str]) -> Iterator[Lines]:
    """A table that is filled line by line: ``.xlsx``, or CSV for any other name."""
    if place.suffix == ".xlsx":
        with _workbook(place) as lines:
            lines.add(headers)
            yield lines
    else:
        with place.open("w", encoding="utf-8-sig", newline="") as file:
            text = _Text(file)
            text.add(headers)
            yield text


class _Text:
    def __init__(self, file: object) -> None:
        self._writer = csv.writer(file)  # type: ignore[arg-type]

    def add(self, values: Sequence[Value]) -> None:
        self._writer.writerow(
            [safe_text(value, csv=True) if isinstance(value, str) else value for value in values]
        )


@contextmanager
def _workbook(place: Path) -> Iterator[Lines]:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"

    class Rows:
        def add(self, values: Sequence[Value]) -> None:
            cells = []
            for value in values:
                cell = WriteOnlyCell(sheet)
                cell.value = safe_text(value, csv=False) if isinstance(value, str) else value
                if isinstance(value, str):
                    cell.data_type = "s"  # also one that begins with "="
                cells.append(cell)
            sheet.append(cells)

    yield Rows()
    book.save(place)
    book.close()
