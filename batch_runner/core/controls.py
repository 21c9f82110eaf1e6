"""Columns by which a sheet says which rows are to run, and which first.

They are about the run, not about the video: they are no part of the row's hash, so changing them
never buys anything again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from batch_runner.core.columns import CONTROLS
from batch_runner.core.decisions import DECISION, decision_of, is_refusal, read_decision
from batch_runner.core.headers import nearest, normalise
from batch_runner.core.language import phrase, series
from batch_runner.core.model import CellValue, ColumnMap, Problem, Severity, SheetRow
from batch_runner.core.text import cell_text, loose, quoted
from batch_runner.core.values import is_blank, read_boolean, read_integer
from batch_runner.core.variants import MOST as MOST_VARIANTS

ENABLED, SKIP, PRIORITY, _, VARIANTS = CONTROLS

WHERE = "where"
"""By what a row is left out, where no cell of a control column does it."""

_MARKS = frozenset({"x", "✓", "✔", "☑", "skip", "スキップ", "跳过", "跳過"})
"""Words that tick a column named "skip"; elsewhere an x may as well mean no."""

NORMAL = 0
"""The rank of a row without a priority: after those with a number, before those that are low."""

_STEP = 1000
"""Ranks between two whole numbers, for such as 1.5."""

_MOST = 10**9
"""Numbers beyond are no priorities."""


def _rank(number: Decimal | int) -> int:
    return int((number - _MOST) * _STEP)


_LEVELS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("urgent", "highest", "critical", "緊急", "最優先", "紧急"), _rank(0)),
        **dict.fromkeys(("high", "高", "高い"), _rank(1)),
        **dict.fromkeys(("normal", "medium", "mid", "中", "普通", "通常", "一般"), NORMAL),
        **dict.fromkeys(("low", "低", "低い"), NORMAL + 1),
        **dict.fromkeys(("lowest", "最低"), NORMAL + 2),
    }
)
"""Ranks of words, in which numbers find their place: the smallest goes first."""

_NUMBER = re.compile(r"p?\s*([+-]?[0-9]{1,9}(?:\.[0-9]{0,9})?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a row's controls say of it."""

    left_out: str = ""  # by what: one of the controls, or "where"; "": it is to run
    decision: str = ""  # what the cell of that name says
    variants: int | None = None  # how many videos it wants; None: as many as the settings say
    priority: int = NORMAL  # its rank: the smallest goes first
    problems: tuple[Problem, ...] = ()


FREE = Passage()
_NO_COLUMNS = ColumnMap(columns=MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The controls of one worksheet."""

    columns: ColumnMap = _NO_COLUMNS
    where: Callable[[SheetRow], bool] | None = None

    def look(self, row: SheetRow) -> Passage:
        """What becomes of a row that is a job."""
        if self.where is None and not self.columns.columns:
            return FREE
        problems = list(self._unreadable(row)) if row.problems else []
        enabled = self._yes_or_no(row, ENABLED, problems)
        skip = self._yes_or_no(row, SKIP, problems)
        left_out = ENABLED if enabled is False else SKIP if skip else ""
        text, doubt = decision_of(row, self.columns)
        problems += doubt
        if text and not left_out and is_refusal(read_decision(text)):
            left_out = DECISION
        if not left_out and self.where is not None and not self.where(row):
            left_out = WHERE
        return Passage(
            left_out=left_out,
            priority=self._priority(row, problems),
            decision=text,
            variants=self.count(row, problems),
            problems=tuple(problems),
        )

    def _unreadable(self, row: SheetRow) -> Iterator[Problem]:
        """What reading the cells showed; no row is kept out for its place in the order."""
        order = self.columns.columns.get(PRIORITY, ())
        asked = {place for places in self.columns.columns.values() for place in places}
        for problem in row.problems:
            if problem.column in order:
                yield replace(problem, severity=Severity.WARNING)
            elif problem.column in asked:
                yield problem

    def _yes_or_no(self, row: SheetRow, name: str, problems: list[Problem]) -> bool | None:
        column = self.columns.first(name)
        value = None if column is None else row.value(column)
        if is_blank(value):
            return None
        if name == SKIP and loose(cell_text(value)) in _MARKS:
            return True
        read = read_boolean(value)
        if read is None:
            problems.append(
                Problem(
                    code=f"{name}_unclear",
                    message=phrase(
                        "{name} is {given}, which is neither yes nor no.",
                        name=name,
                        given=quoted(value),
                    ),
                    hint=phrase("Write yes or no, or leave the cell blank: then the row runs."),
                    row=row.number,
                    column=column,
                )
            )
        return read

    def count(self, row: SheetRow, problems: list[Problem]) -> int | None:
        """How many videos a row says it wants."""
        column = self.columns.first(VARIANTS)
        value = None if column is None else row.value(column)
        if is_blank(value):
            return None
        number = read_integer(value)
        if number is not None and 1 <= number <= MOST_VARIANTS:
            return number
        problems.append(
            Problem(
                code="variants_unclear",
                message=f"variants is {quoted(value)}; it takes a whole number from 1 to "
                f"{MOST_VARIANTS}.",
                row=row.number,
                column=column,
            )
        )
        return None

    def _priority(self, row: SheetRow, problems: list[Problem]) -> int:
        column = self.columns.first(PRIORITY)
        value = None if column is None else row.value(column)
        if is_blank(value):
            return NORMAL
        rank = read_priority(value)
        if rank is not None:
            return rank
        problems.append(
            Problem(
                code="priority_unclear",
                message=phrase(
                    "priority is {given}; the row counts as normal.", given=quoted(value)
                ),
                hint=phrase("Write high, normal, low or a number: 1 goes first."),
                severity=Severity.WARNING,
                row=row.number,
                column=column,
            )
        )
        return NORMAL


def read_priority(value: CellValue) -> int | None:
    """The rank of a priority: the smallest goes first; ``None``: it is none."""
    word = loose(cell_text(value))
    if word in _LEVELS:
        return _LEVELS[word]
    found = _NUMBER.fullmatch(word)
    return None if found is None else _rank(Decimal(found[1]))


def split_controls(columns: ColumnMap) -> tuple[ColumnMap, ColumnMap]:
    """The columns that say what a row's video is, and those that say whether and when."""
    jobs = {name: found for name, found in columns.columns.items() if name not in CONTROLS}
    controls = {name: found for name, found in columns.columns.items() if name in CONTROLS}
    return ColumnMap(columns=jobs), ColumnMap(columns=controls)


def column_finder(
    headers: Sequence[str], columns: ColumnMap, ours: Mapping[str, int]
) -> Callable[[str], int]:
    """What a name in a condition stands for: a header as it stands, else read as headers are.

    The one that is given raises ``LookupError`` with a sentence for what is none, or is a column
    of results: those change while a run is on.
    """

    def find(name: str) -> int:
        exact = [i for i, header in enumerate(headers) if header == name]
        key = normalise(name)
        alike = [i for i, header in enumerate(headers) if key and normalise(header) == key]
        found = exact or alike or list(columns.columns.get(name, ()))[:1]
        if len(found) > 1:
            raise LookupError(
                phrase(
                    "several columns are named '{name}'. Give them names of their own.", name=name
                )
            )
        if not found:
            raise LookupError(_no_column(name, [h for h in headers if h]))
        if found[0] in ours.values():
            raise LookupError(
                phrase(
                    "'{name}' is written by batch-runner and changes during a run. Choose by it "
                    "with --only new or --only failed.",
                    name=name,
                )
            )
        return found[0]

    return find


def _no_column(name: str, headers: Sequence[str]) -> str:
    near = nearest(name, headers)
    shown = series(f"'{header}'" for header in near or headers[:12])
    if near:
        return phrase(
            "the sheet has no column '{name}'. Nearest: {headers}.", name=name, headers=shown
        )
    return phrase(
        "the sheet has no column '{name}'. There are: {headers}.", name=name, headers=shown
    )
