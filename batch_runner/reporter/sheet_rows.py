"""The rows of a worksheet as they stream by: our cells put in, everything else passed on.

Rows and cells need not say where they are (``r`` is optional): then they are counted. Comments,
CDATA and processing instructions may stand anywhere and are stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from batch_runner.core.cellrefs import column_of
from batch_runner.core.model import OutCell
from batch_runner.reporter.sheet_survey import Survey, not_editable
from batch_runner.reporter.xml_bytes import ATTRIBUTES, closing, opened, with_attribute

_ASIDE = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
_ASIDES = re.compile(_ASIDE, re.DOTALL)
_NUMBER = re.compile(rb"""(?:^|\s)r\s*=\s*["'](\d+)["']""")
_LETTERS = re.compile(rb"""(?:^|\s)r\s*=\s*["']([A-Za-z]+)\d*["']""")
_STYLE = re.compile(rb"""(?:^|\s)s\s*=\s*["'](\d+)["']""")
_CUSTOM = re.compile(rb"""\scustomFormat\s*=\s*["'](?:1|true)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*["'](\d+):(?:[^"']*:)?(\d+)["']""")
_DEPENDED_ON = re.compile(rb"""\s(?:ref\s*=|t\s*=\s*["']dataTable["'])""")
_NEVER = 1 << 30  # a row number beyond all


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cell goes, and what it finds there."""

    row: int
    column: int
    style: int | None  # of the cell that is there; None: there is none
    row_style: int | None  # what the row gives to new cells; None: nothing
    left: int | None  # style of the nearest cell to the left that is not being written


Write = Callable[[Place, OutCell], str]
"""Makes a cell's XML; blank where the place is best left without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    column: int
    start: int
    inner: int
    style: int
    closed: bool


def whole_rows(chunks: Iterable[bytes], around: Survey, where: str) -> Iterator[bytes]:
    """What stands between head and tail of a worksheet, some whole rows at a time.

    Raises:
        SheetError: It does not end as the survey saw it.
    """
    mark = b"<" + around.prefix.encode() + b"row"
    head = len(around.head)
    buffer = b""
    for chunk in chunks:
        skipped = min(head, len(chunk))
        head -= skipped
        buffer += chunk[skipped:]
        cut = buffer.rfind(mark)
        if cut > 0 and not _open_aside(buffer[:cut]):
            yield buffer[:cut]
            buffer = buffer[cut:]
    end = b"</" + around.prefix.encode() + b"sheetData"
    rows = buffer.removesuffix(around.tail)
    at = rows.rfind(end)
    if not buffer.endswith(around.tail) or at < 0 or rows[at:].strip()[len(end) :].strip() != b">":
        raise not_editable(where)
    yield rows[:at]


def _open_aside(data: bytes) -> bool:
    """Whether a comment or the like may begin in these bytes and end after them."""
    return (b"<!" in data or b"<?" in data) and re.search(
        rb"<[!?]", _ASIDES.sub(b"", data)
    ) is not None


class RowsPatch:
    """Puts cells into the rows of one worksheet."""

    def __init__(
        self,
        wanted: Mapping[int, Mapping[int, OutCell]],
        write: Write,
        prefix: str,
        where: str,
    ) -> None:
        """Prepare.

        Args:
            wanted: row -> column -> what to put there.
            write: makes a cell's XML.
            prefix: of the worksheet's elements.
            where: the file, for errors.
        """
        self.formulas_gone = False  # whether a formula had to give way to a result
        self.kept: list[tuple[int, int]] = []  # cells whose formula others depend on: left alone
        self._wanted = wanted
        self._waiting = [_NEVER, *sorted((row for row in wanted if wanted[row]), reverse=True)]
        self._write = write
        self._where = where
        self._prefix = prefix
        self._row = 0
        self._columns: dict[bytes, int] = {}
        p = re.escape(prefix.encode())
        self._row_tag = _pattern(rb"<" + p + rb"row(?=[\s/>])(" + ATTRIBUTES + rb")(/?)>")
        self._row_end = _pattern(rb"(</" + p + rb"row\s*>)")
        self._cell_tag = _pattern(rb"<" + p + rb"c(?=[\s/>])(" + ATTRIBUTES + rb")(/?)>")
        self._cell_end = _pattern(rb"(</" + p + rb"c\s*>)")
        self._formula = _pattern(rb"<" + p + rb"f(?=[\s/>])(" + ATTRIBUTES + rb")(/?)>")

    def patched(self, batches: Iterable[bytes]) -> Iterator[bytes]:
        """The rows with our cells.

        Args:
            batches: the rows, in pieces that end where a row ends.

        Raises:
            SheetError: A row that is written comes twice, or is not whole.
        """
        for batch in batches:
            yield b"".join(self._batch(batch))
        yield from self._rows_before(_NEVER)

    def _batch(self, data: bytes) -> Iterator[bytes]:
        emitted = at = 0
        while row := _find(self._row_tag, data, at):
            at = row.end()
            stated = _NUMBER.search(row[1])
            number = int(stated[1]) if stated else self._row + 1
            if number <= self._row and number in self._wanted:
                raise not_editable(self._where)
            if self._waiting[-1] <= number:
                yield data[emitted : row.start()]
                emitted = row.start()
                yield from self._rows_before(number)
            if self._waiting[-1] == number:
                self._waiting.pop()
                at, text = self._edited(data, row, number)
                emitted = at
                yield text
            self._row = number
        yield data[emitted:]

    def _rows_before(self, number: int) -> Iterator[bytes]:
        """The rows to write that the worksheet has not."""
        while self._waiting[-1] < number:
            row = self._waiting.pop()
            cells = "".join(
                self._write(
                    Place(row=row, column=column, style=None, row_style=None, left=None), cell
                )
                for column, cell in sorted(self._wanted[row].items())
            )
            if cells:
                yield f'<{self._prefix}row r="{row}">{cells}</{self._prefix}row>'.encode()

    def _edited(self, data: bytes, row: re.Match[bytes], number: int) -> tuple[int, bytes]:
        """Where a row ends, and the row with our cells."""
        tag = row[0]
        if row[2]:
            end, body, cells = row.end(), row.end(), []
            close = closing(tag)
        else:
            last = _find(self._row_end, data, row.end())
            if last is None:
                raise not_editable(self._where)
            end, body = last.end(), last.start()
            close = last[0]
            cells = self._cells(data, row.end(), body)
        pieces = self._pieces(data, cells, number, (row.end(), body), _row_style(row[1]))
        columns = self._wanted[number]
        return end, _widened(opened(tag), min(columns), max(columns)) + b"".join(pieces) + close

    def _cells(self, data: bytes, start: int, end: int) -> list[_Cell]:
        cells: list[_Cell] = []
        column = -1
        while found := _find(self._cell_tag, data, start, end):
            attributes = found[1]
            stated = _LETTERS.search(attributes)
            column = self._column(stated[1]) if stated else column + 1
            style = _STYLE.search(attributes)
            cells.append(
                _Cell(
                    column=column,
                    start=found.start(),
                    inner=found.end(),
                    style=int(style[1]) if style else 0,
                    closed=bool(found[2]),
                )
            )
            start = found.end()
        return cells

    def _column(self, letters: bytes) -> int:
        if letters not in self._columns:
            self._columns[letters] = column_of(letters.decode())
        return self._columns[letters]

    def _pieces(
        self,
        data: bytes,
        cells: list[_Cell],
        row: int,
        body: tuple[int, int],
        row_style: int | None,
    ) -> Iterator[bytes]:
        """A row's inside: old and new cells in the order of their columns."""
        wanted = self._wanted[row]
        emitted, next_old = body[0], 0
        left: int | None = None
        for column, cell in sorted(wanted.items()):
            while next_old < len(cells) and cells[next_old].column < column:
                if cells[next_old].column not in wanted:
                    left = cells[next_old].style
                next_old += 1
            old = cells[next_old] if next_old < len(cells) else None
            here = old is not None and old.column == column
            at = old.start if old is not None else self._end_of(data, cells, body)
            at = max(at, emitted)
            yield data[emitted:at]
            emitted = at
            if here and old is not None:
                emitted = self._end(data, old)
                next_old += 1
                if not self._may_go(data[old.start : emitted], row, column):
                    yield data[old.start : emitted]
                    continue
            place = Place(
                row=row,
                column=column,
                style=old.style if here and old is not None else None,
                row_style=row_style,
                left=left,
            )
            yield self._write(place, cell).encode()
        yield data[emitted : body[1]]

    def _end_of(self, data: bytes, cells: list[_Cell], body: tuple[int, int]) -> int:
        """Where the last cell ends; other things may follow it in its row."""
        return self._end(data, cells[-1]) if cells else body[0]

    def _end(self, data: bytes, cell: _Cell) -> int:
        if cell.closed:
            return cell.inner
        end = _find(self._cell_end, data, cell.inner)
        if end is None:
            raise not_editable(self._where)
        return end.end()

    def _may_go(self, cell: bytes, row: int, column: int) -> bool:
        """Whether a cell may be replaced: not if its formula is that of other cells too."""
        formula = _find(self._formula, cell, 0)
        if formula is None:
            return True
        if _DEPENDED_ON.search(formula[1]):
            self.kept.append((row, column))
            return False
        self.formulas_gone = True
        return True


def _pattern(wanted: bytes) -> re.Pattern[bytes]:
    """A pattern for :func:`_find`; ``wanted`` has at least one group."""
    return re.compile(_ASIDE + rb"|" + wanted, re.DOTALL)


def _find(
    pattern: re.Pattern[bytes], data: bytes, start: int, end: int | None = None
) -> re.Match[bytes] | None:
    """The next hit that is no comment or the like."""
    end = len(data) if end is None else end
    while (hit := pattern.search(data, start, end)) and hit.lastindex is None:
        start = hit.end()
    return hit


def _row_style(attributes: bytes) -> int | None:
    style = _STYLE.search(attributes)
    return int(style[1]) if style and _CUSTOM.search(attributes) else None


def _widened(tag: bytes, first: int, last: int) -> bytes:
    """A row's tag whose ``spans``, if it says any, cover our columns."""
    spans = _SPANS.search(tag)
    if spans is None:
        return tag
    low, high = min(int(spans[1]), first + 1), max(int(spans[2]), last + 1)
    if (low, high) == (int(spans[1]), int(spans[2])):
        return tag
    return with_attribute(tag, "spans", f"{low}:{high}")
