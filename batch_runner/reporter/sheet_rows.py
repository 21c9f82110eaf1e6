"""The rows of a worksheet as they stream by: our cells put in, everything else passed on.

Rows and cells need not say where they are (``r`` is optional): then they are counted. Comments,
CDATA and processing instructions may stand anywhere and are stepped over.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from batch_runner.core.cellrefs import column_of
from batch_runner.core.errors import SheetError
from batch_runner.core.model import OutCell
from batch_runner.reporter.xml_bytes import ATTRIBUTES, closing, opened, with_attribute

Write = Callable[["Place", OutCell], str]
"""Makes a cell's XML; blank where the place is best left empty."""

_ASIDE = rb"(?:!--.*?--|!\[CDATA\[.*?\]\]|\?.*?\?)>|(?P<cut>[!?])|"
_ROW_NUMBER = re.compile(rb"""(?:^|\s)r\s*=\s*["'](\d+)["']""")
_CELL_PLACE = re.compile(rb"""(?:^|\s)r\s*=\s*["']([A-Za-z]+)\d*["']""")
_STYLE = re.compile(rb"""(?:^|\s)s\s*=\s*["'](\d+)["']""")
_CUSTOM = re.compile(rb"""\scustomFormat\s*=\s*["'](?:1|true)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*["'](\d+):(?:[^"']*:)?(\d+)["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cell goes, and what is there."""

    row: int
    column: int
    style: int | None  # that of the cell there; None: there is none
    row_style: int | None  # what the row gives to new cells; None: nothing
    left_style: int | None = None  # of the nearest cell to the left that is not ours


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
        self, wanted: Mapping[int, Mapping[int, OutCell]], write: Write, prefix: str, where: str
    ) -> None:
        self.formulas_gone = False  # whether a formula had to give way to a result
        self.kept: list[tuple[int, int]] = []  # cells whose formula other cells depend on
        self._wanted = {row: sorted(cells.items()) for row, cells in wanted.items() if cells}
        self._waiting = sorted(self._wanted, reverse=True)
        self._write = write
        self._where = where
        self._row = 0
        self._rest = b""
        self._ended = False
        self._columns: dict[bytes, int] = {}
        p = re.escape(prefix.encode())
        self._p = prefix
        self._tokens = re.compile(
            rb"<(?:" + _ASIDE + p + rb"row(?=[\s/>])(?:(?P<row>" + ATTRIBUTES + rb")(?P<closed>/?)>)?"
            rb"|(?P<end>/" + p + rb"sheetData\s*>))",
            re.DOTALL,
        )
        self._cell_tokens = re.compile(
            rb"<(?:" + _ASIDE + p + rb"c(?=[\s/>])(?:(?P<cell>" + ATTRIBUTES + rb")(?P<closed>/?)>)?"
            rb"|(?P<end>/" + p + rb"row\s*>))",
            re.DOTALL,
        )
        self._cell_end = re.compile(
            rb"<(?:" + _ASIDE + rb"(?P<end>/" + p + rb"c\s*>))", re.DOTALL
        )
        self._formula = re.compile(rb"<" + p + rb"f(?=[\s/>])(" + ATTRIBUTES + rb")/?>")

    def patched(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The rows with our cells, up to and including the end of ``sheetData``, and the rest.

        Raises:
            SheetError: Rows or cells come twice, or the part ends within them.
        """
        stream = iter(chunks)
        for chunk in stream:
            yield from self._consume(self._rest + chunk)
            if self._ended:
                break
        else:
            raise self._unclear()
        yield self._rest
        yield from stream

    def _consume(self, data: bytes) -> Iterator[bytes]:
        """Pass on all of a buffer that is settled; what is cut off waits for more."""
        emitted = at = 0
        while True:
            token = self._tokens.search(data, at)
            if token is None:
                # All before the last "<" was looked at; a token may begin there.
                safe = max(data.rfind(b"<", at), at)
                if b"<" not in data[safe : safe + 1]:
                    safe = len(data)
                break
            if token["cut"] is not None or token[0] == b"":
                safe = token.start()
                break
            if token["end"]:
                yield data[emitted : token.start()]
                yield from self._missing_rows(None)
                emitted, safe, self._ended = token.start(), token.end(), True
                break
            if token["row"] is None:
                if token[0].endswith(b">"):
                    at = token.end()
                    continue
                safe = token.start()
                break
            number = self._number(token["row"])
            if self._waiting and self._waiting[-1] < number:
                yield data[emitted : token.start()]
                emitted = token.start()
                yield from self._missing_rows(number)
            if self._waiting and self._waiting[-1] == number:
                row = self._patched_row(data, token, number)
                if row is None:
                    safe = token.start()
                    break
                yield data[emitted : token.start()]
                yield row[0]
                emitted = at = row[1]
                self._waiting.pop()
            else:
                at = token.end()
            self._row = number
        yield data[emitted:safe]
        self._rest = data[safe:]
