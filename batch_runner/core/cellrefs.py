"""Cell references as workbooks write them: ``B2``, ``$B$2:$D$7``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from batch_runner.core.model import column_letter

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
"""How many rows and columns a worksheet has."""

_LETTERS = re.compile(r"[A-Za-z]{1,3}")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A block of cells, its corners included; rows are 1-based, columns 0-based."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        first = f"{column_letter(self.left)}{self.top}"
        last = f"{column_letter(self.right)}{self.bottom}"
        return first if first == last else f"{first}:{last}"

    def meets(self, other: Area) -> bool:
        """Whether the two share a cell."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )


def column_of(letters: str) -> int:
    """A -> 0, AA -> 26.

    Raises:
        ValueError: These are no letters of a column.
    """
    if _LETTERS.fullmatch(letters) is None:
        raise ValueError(f"{letters!r} names no column")
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1


def area(reference: str) -> Area | None:
    """``B2:D7`` or ``B2``; ``None`` for what is no such block."""
    first, _, last = reference.partition(":")
    ends = [_REFERENCE.fullmatch(corner) for corner in (first, last or first)]
    if ends[0] is None or ends[1] is None:
        return None
    return Area(
        top=int(ends[0][2]),
        left=column_of(ends[0][1]),
        bottom=int(ends[1][2]),
        right=column_of(ends[1][1]),
    )
