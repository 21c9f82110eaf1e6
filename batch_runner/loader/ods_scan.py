"""What the table engine does not tell of an OpenDocument spreadsheet: extent, links, hidden rows.

A cell or row may be said to be repeated a million times in a few bytes, so the extent is known
before the engine makes room for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from batch_runner.core.ooxml import local, parse
from batch_runner.loader.scan import Scan

_HIDDEN = frozenset({"collapse", "filter"})
_MOST_REPEATED = 1000  # rows of one kind for which links and hiding are noted one by one


def scan_tables(chunks: Iterable[bytes], where: str) -> dict[str, Scan]:
    """What is in each worksheet, by its name.

    Raises:
        SheetError: the XML is damaged.
    """
    scanner = _Scanner()
    parse(chunks, where, scanner.start, scanner.end)
    return scanner.found


class _Scanner:
    """The state between two elements."""

    def __init__(self) -> None:
        self.found: dict[str, Scan] = {}
        self._scan = Scan()
        self._depth = 0  # tables within tables: what a cell may hold
        self._row = 0  # the number of the last row before the present one
        self._rows = 1  # how often the present one stands there
        self._column = 0
        self._columns = 1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = local(name)
        if kind == "table":
            self._depth += 1
            if self._depth == 1:
                self._scan = self.found.setdefault(attributes.get("table:name", ""), Scan())
                self._row = 0
        elif self._depth != 1:
            return
        elif kind == "table-row":
            self._begin_row(attributes)
        elif kind in {"table-cell", "covered-table-cell"}:
            self._begin_cell(attributes)
        elif kind == "a":
            self._link(attributes.get("xlink:href", ""))

    def end(self, name: str) -> None:
        kind = local(name)
        if kind == "table":
            self._depth -= 1
        elif self._depth != 1:
            return
        elif kind == "table-row":
            self._row += self._rows
        elif kind in {"table-cell", "covered-table-cell"}:
            self._column += self._columns

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._rows = int(attributes.get("table:number-rows-repeated", "1"))
        self._column = 0
        if attributes.get("table:visibility") in _HIDDEN and self._rows <= _MOST_REPEATED:
            self._scan.hidden.update(range(self._row + 1, self._row + self._rows + 1))

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._columns = int(attributes.get("table:number-columns-repeated", "1"))
        if "office:value-type" in attributes or "table:formula" in attributes:
            self._scan.reach(self._row + self._rows, self._column + self._columns - 1)

    def _link(self, target: str) -> None:
        if target and self._rows <= _MOST_REPEATED:
            for row in range(self._row + 1, self._row + self._rows + 1):
                self._scan.links.setdefault((row, self._column), target)
