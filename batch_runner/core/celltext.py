"""What may stand in a result cell: a result is data, never a formula, whatever was answered."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time

from batch_runner.core.model import CellValue

MAX_CELL = 32_767
"""UTF-16 units that Excel stores in one cell."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA_STARTS = frozenset("=+-@\u2212")
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet program might take this text for a formula.

    Blanks and invisible characters before it do not help: some programs trim them. Full-width
    and small forms of the signs count, since Japanese and Chinese input methods normalise them.
    """
    if text[:1] in {"\t", "\r", "\n"}:
        return True
    first = next((c for c in text if unicodedata.category(c) not in _INVISIBLE), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA_STARTS if first else False


def safe_text(text: str, *, csv: bool) -> str:
    """A result's text as it may stand in a cell.

    Args:
        text: whatever the provider, or we, have to say.
        csv: for a text file, where the type of a cell cannot be said: a text that could start
            a formula gets a leading apostrophe, and line breaks and control characters become
            blanks. Otherwise for a workbook, which stores it as text: only what XML
            cannot hold is removed.
    """
    if csv:
        guard = "'" if starts_formula(text) else ""
        return _capped(guard + _CONTROL.sub(" ", text))
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _capped(_ILLEGAL_IN_XML.sub("", lines))


def number_text(value: float) -> str:
    """A number as a CSV cell shows it: no exponent, no needless zeros; whole micro-dollars."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _capped(text: str) -> str:
    if 2 * len(text) <= MAX_CELL:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * MAX_CELL:
        return text
    return units[: 2 * (MAX_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def plain_text(value: CellValue) -> str:
    """What a cell shows, as text; blank is ``""``."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    text = str(value).strip()
    # The apostrophe that safe_text put there is no part of the value.
    return text[1:] if text[:1] == "'" and starts_formula(text[1:]) else text
