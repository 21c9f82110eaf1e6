"""Quantities as people write them: ``6h``, ``60/min``, ``12.50``.

Everything raises ``ValueError`` with a plain phrase that fits after "must be"; the caller knows
which setting it was and says so.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from batch_runner.core.language import phrase, template
from batch_runner.core.model import MICROS

_SECONDS = {
    "ms": 0.001,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_UNIT_NAMES = {
    "millisecond": "ms",
    "sec": "s",
    "second": "s",
    "秒": "s",
    "m": "min",
    "minute": "min",
    "分": "min",
    "分钟": "min",
    "hr": "h",
    "hour": "h",
    "時間": "h",
    "小时": "h",
    "day": "d",
    "日": "d",
    "天": "d",
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([^\W\d_]+)\s*")
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*([^\W\d_]+)")

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMG]?)(i?)B(\s*/\s*s)?")

DURATION_FORMS = template("a time such as 30s, 5 min or 6h")
RATE_FORMS = template("a rate such as 60/min or 2/s")
BYTES_FORMS = template("a size such as 10MB or 500kB")
BYTE_RATE_FORMS = template("a rate such as 20MB/s or 500kB/s")
MONEY_FORMS = template("an amount in US dollars such as 25 or 12.50")


def parse_duration(text: str | float) -> float:
    """Seconds of a time: ``30s``, ``5 min``, ``1h 30m``; a bare number is seconds.

    Raises:
        ValueError: not such a text, or not more than zero.
    """
    plain = unicodedata.normalize("NFKC", str(text)).strip().lower()
    if _PLAIN_NUMBER.fullmatch(plain):
        seconds = float(plain)
    else:
        parts = _PART.findall(plain)
        if not parts or _PART.sub("", plain):
            raise ValueError(phrase(DURATION_FORMS))
        seconds = sum(float(number) * _SECONDS[_unit(word)] for number, word in parts)
    if not 0 < seconds < 1e9:
        raise ValueError(phrase("{forms}, more than zero", forms=phrase(DURATION_FORMS)))
    return seconds


def parse_rate(text: str) -> float:
    """How often a second: ``60/min`` is 1.0.

    Raises:
        ValueError: not such a text (a bare number says no unit), or not more than zero.
    """
    found = _RATE.fullmatch(unicodedata.normalize("NFKC", str(text)).strip().lower())
    if not found:
        raise ValueError(phrase(RATE_FORMS))
    try:
        rate = float(found[1]) / _SECONDS[_unit(found[2])]
    except ValueError:
        raise ValueError(phrase(RATE_FORMS)) from None
    if not 0 < rate < 1e6:
        raise ValueError(phrase("{forms}, more than zero", forms=phrase(RATE_FORMS)))
    return rate


def parse_byte_rate(text: str) -> float:
    """Bytes a second: ``20MB/s`` is 20,000,000.

    Raises:
        ValueError: not such a text (``b`` would be bits), or less than 1 kB/s.
    """
    rate = _bytes(text, a_second=True)
    if rate is None:
        raise ValueError(phrase(BYTE_RATE_FORMS))
    if not 1000 <= rate < 1e12:
        raise ValueError(phrase("{forms}, at least 1kB/s", forms=phrase(BYTE_RATE_FORMS)))
    return rate


def parse_bytes(text: str) -> int:
    """A size: ``10MB`` is 10,000,000.

    Raises:
        ValueError: not such a text, or less than 1 kB.
    """
    size = _bytes(text, a_second=False)
    if size is None or not 1000 <= size < 1e12:
        raise ValueError(phrase(BYTES_FORMS))
    return round(size)


def _bytes(text: str, *, a_second: bool) -> float | None:
    found = _BYTES.fullmatch(unicodedata.normalize("NFKC", str(text)).strip())
    if not found or bool(found[4]) is not a_second:
        return None
    thousand = 1024.0 if found[3] else 1000.0
    return float(found[1]) * math.pow(thousand, ["", "K", "M", "G"].index(found[2].upper()))


def parse_usd(value: str | float) -> int:
    """Micro-dollars of an amount: ``25``, ``"12.50"``, ``"$3"``, ``"3 USD"``.

    Raises:
        ValueError: not an amount, or below zero.
    """
    plain = unicodedata.normalize("NFKC", str(value)).strip().upper()
    plain = plain.removeprefix("$").removesuffix("USD").strip()
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise ValueError(phrase(MONEY_FORMS)) from None
    if isinstance(value, bool) or not amount.is_finite() or not 0 <= amount < 10**9:
        raise ValueError(phrase("{forms}, not below zero", forms=phrase(MONEY_FORMS)))
    return int((amount * MICROS).to_integral_value(ROUND_FLOOR))


def _unit(word: str) -> str:
    """Our name of a unit, however it was written."""
    if word in _SECONDS:
        return word
    singular = word.removesuffix("s")
    unit = _UNIT_NAMES.get(word) or _UNIT_NAMES.get(singular)
    if unit is None and singular in _SECONDS:
        unit = singular
    if unit is None:
        raise ValueError(phrase(DURATION_FORMS))
    return unit
