"""The rows of a worksheet as they stream by: our cells put in, everything else passed on.

Rows and cells need not say where they are (``r`` is optional): then they are counted. They need
not come in order, nor once: readers take the last of what stands twice, so ours stays the only one.
Comments, CDATA and processing instructions may stand anywhere and are stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from batch_runner.core.cellrefs import column_of
from batch_runner.core.model import OutCell
from batch_runner.reporter.sheet_stream import find, pattern
from batch_runner.reporter.sheet_survey import not_editable
from batch_runner.reporter.xml_bytes import ATTRIBUTES, closing, opened

_NUMBER = re.compile(rb"""(?:^|\s)r\s*=\s*["'](\d+)["']""")
_LETTERS = re.compile(rb"""(?:^|\s)r\s*=\s*["']([A-Za-z]{1,3})\d*["']""")
_STYLE = re.compile(rb"""(?:^|\s)s\s*=\s*["'](\d+)["']""")
_CUSTOM = re.compile(rb"""\scustomFormat\s*=\s*["'](?:1|true)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*["'](\d+):(?:[^"']*:)?(\d+)["']""")
_DEPENDED_ON = re.compile(rb"""\s(?:ref\s*=|t\s*=\s*["']dataTable["'])""")
_NEVER = 1 << 30  # a row number beyond all


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a row a cell goes, and what it finds there."""

    row: int
    style: int | None  # of the cell that is there; None: there is none
    row_style: int | None  # what the row gives to new cells; None: nothing
    left: int | None  # style of the nearest cell to the left that is not being written


Write = Callable[[Place, int, OutCell], str]
"""Makes the XML of a cell in a column; blank where there is best none."""

Dress = Callable[[int, bytes], bytes]
"""Makes a row's start tag what it is to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    column: int
    start: int
    inner: int
    style: int
    closed: bool


class RowsPatch:
    """Puts cells into the rows of one worksheet."""

    def __init__(
        self,
        wanted: Mapping[int, Mapping[int, OutCell]],
        write: Write,
        prefix: str,
        where: str,
        dress: Dress = lambda _row, tag: tag,
    ) -> None:
        """Prepare.

        Args:
            wanted: row -> column -> what to put there.
            write: makes a cell's XML.
            prefix: of the worksheet's elements.
            where: the file, for errors.
            dress: has the last word on the start tags of the rows written to.
        """
        self.formulas_gone = False  # whether a formula had to give way to a result
        self.kept: list[tuple[int, int]] = []  # cells whose formula is to stay: left alone
        self._wanted = wanted
        self._waiting = [_NEVER, *sorted((row for row in wanted if wanted[row]), reverse=True)]
        self._write = self._put = write
        self._where = where
        self._dress = dress
        self._prefix = prefix.encode()
        self._row = 0
        self._columns: dict[bytes, int] = {}
        self._plain = False  # whether the rows at hand are free of comments and the like
        self._cell_mark = b"<" + self._prefix + b"c"
        p = re.escape(self._prefix)
        self._row_tag = pattern(rb"<" + p + rb"row(?=[\s/>])(" + ATTRIBUTES + rb")(/?)>")
        self._row_end = pattern(rb"(</" + p + rb"row\s*>)")
        self._cell_tag = pattern(rb"<" + p + rb"c(?=[\s/>])(" + ATTRIBUTES + rb")(/?)>")
        self._cell_end = pattern(rb"(</" + p + rb"c\s*>)")
        self._formula = pattern(rb"<" + p + rb"f(?=[\s/>])(" + ATTRIBUTES + rb")(/?)>")

    def patched(self, batches: Iterable[bytes]) -> Iterator[bytes]:
        """The rows with our cells.

        Args:
            batches: the rows, in pieces that end where a row ends.

        Raises:
            SheetError: A row that is written is not whole.
        """
        for batch in batches:
            yield b"".join(self._batch(batch))
        yield from self._rows_before(_NEVER)

    def _batch(self, data: bytes) -> Iterator[bytes]:
        self._plain = b"<!" not in data and b"<?" not in data
        emitted = at = 0
        while row := find(self._row_tag, data, at):
            at = row.end()
            stated = _NUMBER.search(row[1])
            number = int(stated[1]) if stated else self._row + 1
            if self._wanted.get(number) or self._waiting[-1] <= number:
                yield data[emitted : row.start()]
                emitted = row.start()
                yield from self._rows_before(number)
            if self._wanted.get(number):
                if self._waiting[-1] == number:
                    self._waiting.pop()
                    self._put = self._write
                else:
                    self._put = _nothing  # the row comes again: it only loses what would hide ours
                at, text = self._edited(data, row, number)
                emitted = at
                yield text
            self._row = number
        yield data[emitted:]

    def _rows_before(self, number: int) -> Iterator[bytes]:
        """The rows to write that the worksheet has not."""
        while self._waiting[-1] < number:
            row = self._waiting.pop()
            place = Place(row=row, style=None, row_style=None, left=None)
            wanted = sorted(self._wanted[row].items())
            cells = "".join(self._write(place, column, cell) for column, cell in wanted)
            if cells:
                p = self._prefix
                yield b'<%brow r="%d">%b</%brow>' % (p, row, cells.encode(), p)

    def _edited(self, data: bytes, row: re.Match[bytes], number: int) -> tuple[int, bytes]:
        """Where a row ends, and the row with our cells."""
        tag = row[0]
        columns = sorted(self._wanted[number])
        if row[2]:
            end = body = row.end()
            close, cells = closing(tag), []
        else:
            last = self._ending(self._row_end, b"row", data, row.end())
            end, body, close = last.end(), last.start(), last[0]
            cells = self._cells(data, row.end(), body, columns[0])
        pieces = self._inside(data, (row.end(), body), cells, number, _row_style(row[1]))
        tag = self._dress(number, _widened(opened(tag), columns[0], columns[-1]))
        return end, tag + b"".join(pieces) + close

    def _cells(self, data: bytes, start: int, end: int, first: int) -> list[_Cell]:
        """A row's cells; of those that all stand left of column ``first`` only the last."""
        if self._plain and self._put is not _nothing:
            at = data.rfind(self._cell_mark, start, end)
            last = self._cell_tag.match(data, at, end) if at >= 0 else None
            stated = _LETTERS.search(last[1]) if last else None
            if last and stated and self._column(stated[1]) < first:
                return [self._cell(last, self._column(stated[1]))]
        cells: list[_Cell] = []
        column = -1
        while found := find(self._cell_tag, data, start, end):
            stated = _LETTERS.search(found[1])
            column = self._column(stated[1]) if stated else column + 1
            cells.append(self._cell(found, column))
            start = found.end()
        return cells

    def _cell(self, tag: re.Match[bytes], column: int) -> _Cell:
        style = _STYLE.search(tag[1])
        return _Cell(
            column=column,
            start=tag.start(),
            inner=tag.end(),
            style=int(style[1]) if style else 0,
            closed=bool(tag[2]),
        )

    def _column(self, letters: bytes) -> int:
        if letters not in self._columns:
            self._columns[letters] = column_of(letters.decode())
        return self._columns[letters]

    def _inside(
        self,
        data: bytes,
        body: tuple[int, int],
        cells: list[_Cell],
        row: int,
        row_style: int | None,
    ) -> Iterator[bytes]:
        """A row's inside: all cells in the order of their columns."""
        wanted = self._wanted[row]
        rest = sorted(wanted.items(), reverse=True)
        left: int | None = None
        emitted = body[0]
        for old in cells:
            while rest and rest[-1][0] < old.column:
                yield data[emitted : old.start]
                emitted = old.start
                place = Place(row=row, style=None, row_style=row_style, left=left)
                yield self._put(place, *rest.pop()).encode()
            if old.column not in wanted:
                left = old.style
                continue
            end = self._end(data, old)
            if self._may_go(data[old.start : end], row, old.column):
                yield data[emitted : old.start]
                emitted = end
                # Else the cell comes again, and ours is written.
                if rest and rest[-1][0] == old.column:
                    place = Place(row=row, style=old.style, row_style=row_style, left=left)
                    yield self._put(place, *rest.pop()).encode()
            elif rest and rest[-1][0] == old.column:
                rest.pop()
        if rest:
            # Other things may follow the last cell of a row.
            end = max(emitted, self._end(data, cells[-1]) if cells else body[0])
            yield data[emitted:end]
            emitted = end
            place = Place(row=row, style=None, row_style=row_style, left=left)
            write = self._put
            yield "".join([write(place, column, cell) for column, cell in rest[::-1]]).encode()
        yield data[emitted : body[1]]

    def _end(self, data: bytes, cell: _Cell) -> int:
        if cell.closed:
            return cell.inner
        return self._ending(self._cell_end, b"c", data, cell.inner).end()

    def _ending(
        self, end_tag: re.Pattern[bytes], name: bytes, data: bytes, start: int
    ) -> re.Match[bytes]:
        """The end tag of a row or cell whose start tag ends at ``start``."""
        if self._plain:
            start = data.find(b"</" + self._prefix + name, start)
        end = find(end_tag, data, start) if start >= 0 else None
        if end is None:
            raise not_editable(self._where)
        return end

    def _may_go(self, cell: bytes, row: int, column: int) -> bool:
        """Whether a cell may be replaced: not if its formula is that of other cells too."""
        formula = find(self._formula, cell, 0)
        if formula is None:
            return True
        if _DEPENDED_ON.search(formula[1]) or self._wanted[row][column].spares_formula:
            self.kept.append((row, column))
            return False
        self.formulas_gone = True
        return True


def _nothing(_place: Place, _column: int, _cell: OutCell) -> str:
    """The cell of a row in which ours stands already."""
    return ""


def _row_style(attributes: bytes) -> int | None:
    style = _STYLE.search(attributes)
    return int(style[1]) if style and _CUSTOM.search(attributes) else None


def _widened(tag: bytes, first: int, last: int) -> bytes:
    """A row's tag whose ``spans``, if it says any, cover our columns."""
    spans = _SPANS.search(tag)
    if spans is None:
        return tag
    low, high = int(spans[1]), int(spans[2])
    if low <= first + 1 and last + 1 <= high:
        return tag
    wide = b"%d:%d" % (min(low, first + 1), max(high, last + 1))
    return tag[: spans.start(1)] + wide + tag[spans.end(2) :]
