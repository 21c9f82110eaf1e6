"""Aspect ratios, also where a spreadsheet program took them for a time of day.

Typed into Excel, ``16:9`` becomes the time 16:09, stored as the fraction 0.672916 of a day and
saved to CSV as ``16:09``, ``16:09:00`` or ``4:09 PM``. All of these are read back.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from batch_runner.core.model import CellValue

_WRITTEN = re.compile(r"(\d{1,3})\s*[:∶x×/]\s*(\d{1,3})", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,3}):(\d{2})(?::00)?\s*([ap]\.?m\.?)?", re.IGNORECASE)
_FRACTION = re.compile(r"\d+\.\d{3,}")
_MINUTES_A_DAY = 1440
_TOLERANCE = 0.05  # minutes; lets 0.6729 be 16:09
_LAST_BARE_YEAR = 1900  # Excel's times without a date lie at its epoch, 1899-12-30 to 1900-01-01


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio as it was meant."""

    text: str  # "16:9"
    from_time: bool  # a spreadsheet program had made a time of it


def read_ratio(value: CellValue) -> Ratio | None:
    """The ratio that a cell means, ``None`` if it means none."""
    if isinstance(value, str):
        return _from_text(unicodedata.normalize("NFKC", value).strip())
    if isinstance(value, datetime):
        return _from_time(value.time()) if value.year <= _LAST_BARE_YEAR else None
    if isinstance(value, time):
        return _from_time(value)
    if isinstance(value, timedelta):
        return _from_minutes(value.total_seconds() / 60)
    if isinstance(value, float):
        return _from_minutes(value * _MINUTES_A_DAY)
    return None


def _from_text(text: str) -> Ratio | None:
    clock = _CLOCK.fullmatch(text)
    if clock and _is_clock(clock):
        return _from_minutes(_minutes(clock))
    written = _WRITTEN.fullmatch(text)
    if written:
        return _ratio(int(written[1]), int(written[2]), from_time=False)
    if _FRACTION.fullmatch(text):
        return _from_minutes(float(text) * _MINUTES_A_DAY)
    return None


def _is_clock(found: re.Match[str]) -> bool:
    """Whether it is written as only a time is: ``16:09``, ``9:16:00``, ``4:09 PM``."""
    hours, minutes, half = found.groups()
    padded = hours.startswith("0") or minutes.startswith("0")
    return padded or bool(half) or found[0].count(":") > 1


def _minutes(found: re.Match[str]) -> int:
    hours, minutes, half = found.groups()
    if half:
        return (int(hours) % 12 + (12 if half[0] in "pP" else 0)) * 60 + int(minutes)
    return int(hours) * 60 + int(minutes)


def _from_time(value: time) -> Ratio | None:
    if value.second or value.microsecond:
        return None
    return _ratio(value.hour, value.minute, from_time=True)


def _from_minutes(minutes: float) -> Ratio | None:
    if not 0 < minutes < 100 * 60:
        return None
    whole = round(minutes)
    if abs(minutes - whole) > _TOLERANCE:
        return None
    return _ratio(*divmod(whole, 60), from_time=True)


def _ratio(width: int, height: int, *, from_time: bool) -> Ratio | None:
    if not width or not height:
        return None
    return Ratio(text=f"{width}:{height}", from_time=from_time)
