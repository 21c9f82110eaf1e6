"""Cells out of files whose values have types of their own: JSON Lines and Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import CellValue, ReadOptions, SheetRow
from batch_runner.loader.header import blank_to_none, map_headers, no_prompt

MAX_FIELDS = 16_384
"""As many as a worksheet can have columns."""


def cell_of(value: object) -> CellValue:
    """A value as a cell: lists and objects as JSON, whole numbers as integers, blanks as ``None``."""
    match value:
        case str():
            return blank_to_none(value)
        case None | bool() | int() | datetime() | date() | time() | timedelta():
            return value
        case float() | Decimal():
            return _number(float(value))
        case bytes():
            return _text(value)
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=str) if value else None
    return str(value)


def row_of(number: int, values: Iterable[object]) -> SheetRow | None:
    """A line of values as a row; ``None``: nothing stands in it."""
    cells = list(map(cell_of, values))
    while cells and cells[-1] is None:
        cells.pop()
    return SheetRow(number=number, values=tuple(cells)) if cells else None


def check_fields(fields: Sequence[str], options: ReadOptions, where: str) -> None:
    """Refuse names among which none is that of the prompts, or that are too many.

    Raises:
        SheetError: so it is.
    """
    if len(fields) > MAX_FIELDS:
        raise SheetError(
            phrase(
                "It has {number} different fields; at most {max_fields} are read.",
                number=len(fields),
                max_fields=MAX_FIELDS,
            ),
            code="too_many_columns",
            where=where,
        )
    if map_headers(fields, options).first("prompt") is None:
        raise no_prompt(fields, options, where)


def _number(value: float) -> CellValue:
    if value != value:  # noqa: PLR0124 - not a number: what tools write where nothing is known
        return None
    return int(value) if value.is_integer() else value


def _text(value: bytes) -> CellValue:
    """Older tools store texts as plain bytes."""
    try:
        return blank_to_none(value.decode())
    except UnicodeDecodeError:
        return f"<{len(value)} bytes>"
