"""What a table engine does not tell of a worksheet: hidden rows, links, formulas, extent.

One pass over the worksheet's XML as it streams by, in which plain values are skimmed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from batch_runner.core.cellrefs import MAX_COLUMN, Area, area, column_of
from batch_runner.core.model import column_letter
from batch_runner.core.ooxml import Relation, local, parse, relation_id
from batch_runner.loader.skim import UnusualError, skimmed

_HYPERLINK = re.compile(r'\s*=?\s*HYPERLINK\(\s*"((?:[^"]|"")*)"\s*[,;)]', re.IGNORECASE)

_IMAGE = re.compile(r'\s*=?\s*(?:_xlfn\.)?IMAGE\(\s*"((?:[^"]|"")*)"\s*[,;)]', re.IGNORECASE)
_PICTURE_ID = re.compile(r'\s*=?\s*(?:_xlfn\.)?DISPIMG\(\s*"([^"]+)"\s*[,;)]', re.IGNORECASE)
_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_TRUE = frozenset({"1", "true"})

Place = tuple[int, int]
"""1-based row, 0-based column."""


@dataclass(slots=True, kw_only=True)
class Scan:
    """What was found in one worksheet."""

    hidden: set[int] = field(default_factory=set)  # rows hidden by hand, by filter or by height
    links: dict[Place, str] = field(default_factory=dict)
    wide_links: list[tuple[Area, str]] = field(default_factory=list)  # one link on many cells
    unsaved: set[Place] = field(default_factory=set)  # formulas without a stored value
    marked: dict[Place, int] = field(default_factory=dict)  # error values that stand for more
    named: dict[Place, str] = field(default_factory=dict)  # ids of pictures that formulas show
    faults: dict[Place, str] = field(default_factory=dict)  # error values such as #REF!
    other_columns: int = 0  # columns in use by formulas and merged areas
    rows: int = 0  # the last row that holds a value
    columns: int = 0  # columns in use by values
    farthest: str = ""  # the address of the cell that makes it so wide or long

    def reach(self, row: int, column: int) -> None:
        """A value stands in this row and column."""
        if row > self.rows or column >= self.columns:
            self.rows = max(self.rows, row)
            self.columns = max(self.columns, column + 1)
            self.farthest = f"{column_letter(column)}{row}"


def scan_worksheet(
    part: Callable[[], Iterable[bytes]], relations: Mapping[str, Relation], where: str
) -> Scan:
    """Read one worksheet part.

    Args:
        part: its bytes, from the beginning each time.
        relations: its relationships.
        where: its address, for errors.

    Raises:
        SheetError: Its XML is damaged.
    """
    scanner = _Scanner(relations)
    try:
        scanner.parse(skimmed(part(), scanner.scan.reach), where)
    except UnusualError:
        scanner = _Scanner(relations)
        scanner.parse(part(), where)
    return scanner.scan


_Action = Callable[[dict[str, str]], None]


class _Scanner:
    """The state between two elements; cells are many, so its callbacks do little."""

    def __init__(self, relations: Mapping[str, Relation]) -> None:
        self.scan = Scan()
        self._relations = relations
        self._row = 0
        self._column = -1
        self._kind = ""  # the present cell's type
        self._mark = ""  # its value mark
        self._formula: str | None = None  # its formula, "" where it shares another's
        self._value = ""
        self._inside = ""  # f or v, while their text streams by
        self._columns: dict[str, int] = {}
        self._on_start: dict[str, _Action] = {
            "c": self._cell,
            "row": self._begin_row,
            "f": self._begin_formula,
            "v": self._begin_value,
            "is": self._begin_value,
            "hyperlink": self._link,
            "mergeCell": self._merge,
        }
        self._actions: dict[str, _Action | None] = {}  # by the name as it stands, with its prefix

    def parse(self, chunks: Iterable[bytes], where: str) -> None:
        """Take in the elements of a part."""
        parse(chunks, where, self.start, self.end, self.text)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        try:
            action = self._actions[name]
        except KeyError:
            action = self._actions[name] = self._on_start.get(local(name))
        if action is not None:
            action(attributes)

    def end(self, name: str) -> None:
        if self._inside:
            self._inside = ""
        elif self._kind and (name == "c" or name.endswith(":c")):
            self._end_cell()

    def text(self, text: str) -> None:
        if self._inside == "f":
            self._formula = (self._formula or "") + text
        elif self._inside == "v":
            self._value += text

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        self._row = int(number) if number else self._row + 1
        self._column = -1
        height = attributes.get("ht")
        if attributes.get("hidden") in _TRUE or (height and float(height) == 0):
            self.scan.hidden.add(self._row)

    def _cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference:
            self._column = self._column_of(reference.rstrip("0123456789"))
        else:
            self._column += 1
        self._kind = attributes.get("t", "n")
        self._mark = attributes.get("vm", "")

    def _column_of(self, letters: str) -> int:
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = column_of(letters)
        return column

    def _begin_formula(self, _: dict[str, str]) -> None:
        if self._kind:
            self._formula, self._value, self._inside = "", "", "f"
            self.scan.other_columns = max(self.scan.other_columns, self._column + 1)

    def _begin_value(self, _: dict[str, str]) -> None:
        if not self._kind:
            return
        if self._formula is not None or self._kind == "e":
            self._value, self._inside = "", "v"
        self.scan.reach(self._row, self._column)

    def _end_cell(self) -> None:
        place = (self._row, self._column)
        if self._kind == "e":
            self.scan.faults[place] = self._value or "an error"
            if self._mark.isdecimal():
                self.scan.marked[place] = int(self._mark)
        if self._formula is not None:
            self._end_formula(place, self._formula)
        self._kind, self._formula, self._value = "", None, ""

    def _end_formula(self, place: Place, formula: str) -> None:
        if not self._value and self._kind != "str":  # "str": the stored result is a blank text
            self.scan.unsaved.add(place)
        if named := _PICTURE_ID.match(formula):
            self.scan.named[place] = named[1]
        elif shown := _IMAGE.match(formula):  # programs that do not know it store an error
            self.scan.links[place] = shown[1].replace('""', '"')
            self.scan.faults.pop(place, None)
            self.scan.unsaved.discard(place)
        elif target := _HYPERLINK.match(formula):
            self.scan.links[place] = target[1].replace('""', '"')

    def _link(self, attributes: dict[str, str]) -> None:
        relation = self._relations.get(relation_id(attributes))
        if relation is None or not relation.external:
            return  # a jump within the workbook is no address of anything
        fragment = attributes.get("location")
        target = f"{relation.target}#{fragment}" if fragment else relation.target
        reference = attributes.get("ref", "")
        cell = _CELL.fullmatch(reference)
        if cell is not None:
            self.scan.links.setdefault((int(cell[2]), self._column_of(cell[1])), target)
        elif (place := area(reference)) is not None:
            self.scan.wide_links.append((place, target))

    def _merge(self, attributes: dict[str, str]) -> None:
        merged = area(attributes.get("ref", ""))
        if merged is not None and merged.right < MAX_COLUMN - 1:  # else whole lines are merged
            self.scan.other_columns = max(self.scan.other_columns, merged.right + 1)
