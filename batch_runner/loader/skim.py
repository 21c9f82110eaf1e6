"""The rows of a worksheet's XML skimmed: only what has to be looked at is passed on.

Nearly all cells of nearly all sheets are plain values, which the table engine reads. An XML
parser that calls back for each of them takes five times as long as that engine; a search through
the bytes takes a fraction. So rows are only measured here; those with a formula, an error value
or a height of their own go on to the parser, between the beginning and the end of the part.

That holds for XML as programs write it. Anything else (:class:`UnusualError`) is for the parser
to read as a whole, and to refuse if it is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from batch_runner.core.cellrefs import MAX_ROW, column_of
from batch_runner.core.model import column_letter

Reach = Callable[[int, int], None]
"""Told a row (1-based) and a column (0-based) in which a value stands."""

_START, _END = b"<sheetData>", b"</sheetData>"
_ROW = re.compile(rb'<row r="(\d{1,7})"([^>]*)>')
_CELL = re.compile(rb'<c r="([A-Z]{1,3})\d')
_VALUES = (b"<v>", b"<v ", b"<is>", b"<is ")
_TO_PARSE = (b"<f", b' t="e"')
_LOOKS = (b' hidden="', b' ht="0')


class UnusualError(Exception):
    """XML that may be right, but is not laid out as programs do it."""


def skimmed(chunks: Iterable[bytes], reach: Reach) -> Iterator[bytes]:
    """A worksheet part without the rows that hold nothing but plain values.

    Raises:
        UnusualError: It has to be parsed as a whole.
    """
    stream = iter(chunks)
    rows = _Rows(reach)
    buffer, inside = b"", False
    for chunk in stream:
        buffer += chunk
        if not inside:
            head, mark, rest = buffer.partition(_START)
            if not mark:
                continue
            yield head + mark
            buffer, inside = rest, True
        end = buffer.find(_END)
        cut = end if end >= 0 else buffer.rfind(b"<row ")
        if cut > 0:
            yield from rows.worth_parsing(buffer[:cut])
            buffer = buffer[cut:]
        if end >= 0:
            break
    yield buffer
    yield from stream


class _Rows:
    """The rows as they come by, some whole ones at a time."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._last = 0
        self._columns = 0
        self._wider = _cell_from(0)

    def worth_parsing(self, data: bytes) -> Iterator[bytes]:
        """Measure all of them; give those that are not mere values."""
        if b"<!" in data or b"<?" in data:  # something may be hidden in it
            raise UnusualError
        starts = list(_ROW.finditer(data))
        numbers = [self._last, *(int(start[1]) for start in starts)]
        ascending = all(before < after for before, after in pairwise(numbers))
        if not ascending or len(starts) != data.count(b"<row") or numbers[-1] > MAX_ROW:
            raise UnusualError
        self._last = numbers[-1]
        self._measure(data)
        if any(sign in data for sign in (*_TO_PARSE, *_LOOKS)):
            ends = [*(start.start() for start in starts[1:]), len(data)]
            for start, end in zip(starts, ends, strict=False):
                row = data[start.start() : end]
                if any(sign in row for sign in _TO_PARSE):
                    yield row
                elif any(sign in start[2] for sign in _LOOKS):
                    yield start[0] if start[0].endswith(b"/>") else start[0] + b"</row>"

    def _measure(self, data: bytes) -> None:
        """Tell of the cells that make the sheet wider, and of the last that holds anything."""
        at = 0
        while wide := self._wider.search(data, at):
            if wide[1] is None:
                raise UnusualError
            column = column_of(wide[1].decode())
            self._reach(int(wide[2]), column)
            self._wider = _cell_from(column + 1)
            at = wide.end()
        value = -1
        for sign in _VALUES:
            value = max(value, data.rfind(sign, value + 1))
        if value >= 0:
            cell = _CELL.match(data, data.rindex(b"<c ", 0, value))
            row = _ROW.match(data, data.rindex(b"<row ", 0, value))
            if cell is None or row is None:
                raise UnusualError
            self._reach(int(row[1]), column_of(cell[1].decode()))


def _cell_from(column: int) -> re.Pattern[bytes]:
    """A cell with a value in this column or right of it, or one that does not say where it is."""
    least = column_letter(column)
    longer = [f"[A-Z]{{{size}}}" for size in range(len(least) + 1, 4)]
    later = [
        f"{least[:place]}[{chr(ord(letter) + 1)}-Z][A-Z]{{{len(least) - place - 1}}}"
        for place, letter in enumerate(least)
        if letter < "Z"
    ]
    letters = "|".join([least, *later, *longer])
    usual = r' r="[A-Z]{1,3}[1-9]\d{0,6}"'
    wide = rf' r="({letters})([1-9]\d{{0,6}})"[^<>]*><(?:v|is)[ />]'
    return re.compile(rf"<c(?:{wide}|(?!{usual}))".encode())
