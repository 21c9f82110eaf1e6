"""A cell's value as text: how a spreadsheet program would show it."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time
from decimal import Decimal

from batch_runner.core.model import CellValue

QUOTE_LIMIT = 60  # characters of a cell that a message repeats


def cell_text(value: CellValue) -> str:
    """The text of a cell: ``5.0`` is "5", true is "TRUE", a date is ISO 8601; blank is ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(Decimal(f"{value:.15g}"))  # as many digits as Excel keeps
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def number_text(number: Decimal) -> str:
    """One text for one number: no exponent, no needless zeros, no minus zero."""
    if not number.is_finite():
        return str(number)
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def loose(text: str) -> str:
    """For comparing words: full-width forms, case and outer blanks do not matter."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def tidy(text: str) -> str:
    """Free text: Windows line ends become plain ones, outer blanks go, nothing else changes."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def quoted(value: object) -> str:
    """A cell's content for a message: short, on one line, text in quotes."""
    if isinstance(value, list | tuple):
        return quoted(", ".join(str(item) for item in value))
    if isinstance(value, str):
        line = " ".join(value.split())
        return f'"{line}"' if len(line) <= QUOTE_LIMIT else f'"{line[:QUOTE_LIMIT]}..."'
    if value is None or isinstance(value, bool | int | float | datetime | date | time):
        return cell_text(value)
    return str(value)
