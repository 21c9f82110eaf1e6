"""Whose column it is, by the cells below its header: one walk through the rows tells of all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from batch_runner.core.celltext import plain_text
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.lifecycle import State
from batch_runner.core.model import CellValue, SheetRow

_MARK = re.compile(rf"[0-9a-f]{{{MARK_LENGTH}}}")
_UNSENT = frozenset(map(str, (State.QUEUED, State.INVALID, State.SKIPPED)))


def is_mark(value: CellValue) -> bool:
    """Whether a cell holds the first hex digits of a row's hash, as our ``job`` column does."""
    return isinstance(value, str) and _MARK.fullmatch(value.strip()) is not None


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What stands below the headers that our columns may have.

    A line carries our own mark if it has a ``job`` of 12 hex digits beside a status word. Where
    some do, those without a mark count as well if their status says that they need none.
    """

    marked: bool = False  # whether any line carries our mark
    in_unsent: set[int] = field(default_factory=set)  # columns used by lines that need no mark
    in_others: set[int] = field(default_factory=set)  # columns used by lines that are not ours
    unfit: set[tuple[str, int]] = field(default_factory=set)  # values we would not have written

    def is_ours(self, name: str, place: int) -> bool:
        """Whether every cell of a column is blank or one of our values under this name."""
        if place in self.in_others or (name, place) in self.unfit:
            return False
        return self.marked or place not in self.in_unsent


def weigh(
    rows: Iterable[SheetRow], places: Mapping[str, Collection[int]], words: Collection[str]
) -> Evidence:
    """Walk through the rows once, if any header is like one of ours.

    Args:
        rows: the lines below the header.
        places: our name -> the columns that may be it.
        words: what a status may be.
    """
    found = Evidence()
    looked_at = [(name, place) for name, columns in places.items() for place in columns]
    for row in rows if looked_at else ():
        said = {plain_text(row.value(place)) for place in places["status"]}
        marked = any(is_mark(row.value(place)) for place in places["job"])
        ours = not said.isdisjoint(words if marked else _UNSENT)
        found.marked |= ours and marked
        for name, place in looked_at:
            value = row.value(place)
            if value is None or plain_text(value) == "":
                continue
            if not ours:
                found.in_others.add(place)
            elif not _fits(name, value, words):
                found.unfit.add((name, place))
            if ours and not marked:
                found.in_unsent.add(place)
    return found


def _fits(name: str, value: CellValue, words: Collection[str]) -> bool:
    """Whether we could have written this value into the column of this name."""
    plain = name.rstrip("_0123456789")
    if plain == "status":
        return plain_text(value) in words
    return plain != "job" or is_mark(value)
