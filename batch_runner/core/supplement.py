"""What is known of a row beside its cells: values made for it, and what went wrong in making them.

Local pictures that were uploaded, texts that templates made, seeds of variants: the rules take
them as if they stood in the row, and say where they come from. Each is worked out before a row is
judged, in the order of ``app/sheet/intake.py``; who comes later builds upon who came before by
:meth:`Supplement.also`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from batch_runner.core.images import split_refs
from batch_runner.core.language import phrase, series
from batch_runner.core.model import ColumnMap, Problem, SheetRow, column_letter
from batch_runner.core.profile import Given
from batch_runner.core.values import LINKED, cell, image_refs, is_blank


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """A value that does not stand in the cell of its parameter."""

    value: Given  # as a cell would give it; links as a tuple
    by: str = ""  # what it comes from, as in "the template of prompt"; "" where that is plain
    columns: tuple[int, ...] = ()  # the cells it was made of; problems are said at the first

    def traced(self, row: int) -> str:
        """A sentence for a hint: where the value comes from."""
        if not self.by:
            return ""
        if not self.columns:
            return phrase("It was made by {what}.", what=self.by)
        cells = series(f"{column_letter(column)}{row}" for column in self.columns)
        return phrase("It was made by {what} from {cells}.", what=self.by, cells=cells)


_NONE: Mapping[str, Supplied] = MappingProxyType({})
_NO_PROBLEMS: Mapping[str, tuple[Problem, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """What counts for one row beside its cells; by parameter, or ``model``."""

    # Over: holds whatever the cell says. Under: where the cell is blank, before any default.
    over: Mapping[str, Supplied] = field(default_factory=lambda: _NONE)
    under: Mapping[str, Supplied] = field(default_factory=lambda: _NONE)
    # What went wrong; an error settles its parameter, and nothing more is said of it.
    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=lambda: _NO_PROBLEMS)

    def speaks_of(self, name: str) -> bool:
        """Whether it has a value for a parameter."""
        return name in self.over or name in self.under

    def also(self, later: Supplement) -> Supplement:
        """Both together; of one parameter the later value counts."""
        problems = dict(self.problems)
        for name, found in later.problems.items():
            problems[name] = (*problems.get(name, ()), *found)
        return Supplement(
            over={**self.over, **later.over},
            under={**self.under, **later.under},
            problems=problems,
        )


NOTHING = Supplement()
"""Beside the cells of most rows there is nothing."""


def counting(
    row: SheetRow, columns: ColumnMap, name: str, supplement: Supplement
) -> Supplied | None:
    """The value that counts under a name in place of a cell; ``None`` where a cell or default does."""
    over = supplement.over.get(name)
    if over is not None:
        return over
    under = supplement.under.get(name)
    return under if under is not None and nothing(_own(row, columns, name)) else None


def given(row: SheetRow, columns: ColumnMap, name: str, supplement: Supplement) -> Given:
    """What a row says under a name: over its cells, in them, or under them; links as a tuple."""
    made = counting(row, columns, name, supplement)
    return made.value if made is not None else _own(row, columns, name)


def _own(row: SheetRow, columns: ColumnMap, name: str) -> Given:
    return image_refs(row, columns, name) if name in LINKED else cell(row, columns, name)[1]


def nothing(value: Given) -> bool:
    """Whether a value says nothing, so that a default counts."""
    return value == () or is_blank(value)


def as_links(value: Given) -> tuple[str, ...]:
    """A supplied value, or a default, as links."""
    return value if isinstance(value, tuple) else split_refs(value, None)
