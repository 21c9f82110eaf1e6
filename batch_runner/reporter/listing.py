"""Writing the list of further variants beside a sheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from batch_runner.core.celltext import number_text, safe_text
from batch_runner.core.listing import LISTING
from batch_runner.core.model import CellValue
from batch_runner.reporter.replace import replace_file


def write_listing(place: Path, lines: Iterable[Sequence[CellValue]], *, like: Path) -> None:
    """Write the list whole, line by line, in the place of the one before.

    Args:
        place: where it goes.
        lines: the cells of each variant.
        like: the sheet, whose rights a new list gets.

    Raises:
        SheetBusyError: the system does not allow it; nothing has changed.
    """

    def fill(temporary: Path) -> None:
        # Excel takes a file without a mark for one of this machine's old code page.
        with temporary.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(LISTING)
            writer.writerows(map(_text, line) for line in lines)

    replace_file(place, fill, like=place if place.exists() else like)


def _text(value: CellValue) -> str:
    if value is None:
        return ""
    return (
        number_text(value) if isinstance(value, int | float) else safe_text(str(value), csv=True)
    )
