"""The columns ``enabled``, ``skip`` and ``priority``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.columns import map_columns
from batch_runner.core.controls import NORMAL, Gate, read_priority, split_controls
from batch_runner.core.model import CellValue, ColumnMap, Severity, SheetRow
from batch_runner.core.values import canonical_cells


def gate(*names: str) -> Gate:
    """A sheet whose first columns are these."""
    return Gate(columns=ColumnMap(columns={name: (i,) for i, name in enumerate(names)}))


@pytest.mark.parametrize(
    ("name", "value", "left_out"),
    [
        ("enabled", None, ""),
        ("enabled", "yes", ""),
        ("enabled", True, ""),
        ("enabled", 1, ""),
        ("enabled", "No", "enabled"),
        ("enabled", "いいえ", "enabled"),
        ("enabled", "否", "enabled"),
        ("enabled", 0.0, "enabled"),
        ("skip", "  ", ""),
        ("skip", "FALSE", ""),
        ("skip", "x", "skip"),
        ("skip", "✓", "skip"),
        ("skip", "はい", "skip"),
        ("skip", "跳过", "skip"),
    ],
)
def test_a_cell_says_whether_its_row_runs(name: str, value: CellValue, left_out: str) -> None:
    """Yes and no in three languages; a blank cell leaves nothing out."""
    passage = gate(name).look(SheetRow(number=2, values=(value,)))
    assert (passage.left_out, passage.problems) == (left_out, ())


@pytest.mark.parametrize(("name", "word"), [("enabled", "maybe"), ("enabled", "x"), ("skip", "?")])
def test_a_word_that_is_neither_yes_nor_no_is_an_error(name: str, word: str) -> None:
    """Nobody guesses whether a row is to be paid."""
    (problem,) = gate(name).look(SheetRow(number=2, values=(word,))).problems
    assert (problem.severity, problem.column) == (Severity.ERROR, 0)


def test_a_priority_that_is_none_keeps_no_row_out() -> None:
    """It is said, and the row counts as normal."""
    passage = gate("priority").look(SheetRow(number=2, values=("see Bob",)))
    assert (passage.left_out, passage.priority) == ("", NORMAL)
    assert [problem.severity for problem in passage.problems] == [Severity.WARNING]


def test_the_order_of_priorities() -> None:
    """1 goes before 2; high counts as 1; blank is normal, after all numbers; low is last."""
    words: list[CellValue] = ["-1", "urgent", 1, 1.5, "P2", "10", 999, "medium", "low", "lowest"]
    ranks = [read_priority(word) for word in words]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert len(set(ranks)) == len(ranks)
    assert read_priority("高") == read_priority("High ") == read_priority(1)
    assert read_priority("normal") == NORMAL


@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000))
def test_numbers_are_in_their_own_order(one: int, other: int) -> None:
    """However a number is written, the smaller goes first, and all before a blank."""
    a, b = read_priority(one), read_priority(f" {other}.0 ")
    assert a is not None
    assert b is not None
    assert (a < b) is (one < other)
    assert max(a, b) < NORMAL


@given(st.text(max_size=20) | st.floats() | st.booleans())
def test_any_cell_has_a_rank_or_none(value: CellValue) -> None:
    """No content of a cell breaks the order."""
    assert read_priority(value) is None or isinstance(read_priority(value), int)


@pytest.mark.parametrize(
    "header", ["Enabled", "有効", "启用", "SKIP", "スキップ", "優先度", "优先级"]
)
def test_they_are_no_part_of_what_a_row_is(header: str) -> None:
    """Found under their names in three languages, and not in the row's hash."""
    found, _ = map_columns(["prompt", header], {}, frozenset())
    jobs, controls = split_controls(found)
    assert list(controls.columns.values()) == [(1,)]
    before, after = (SheetRow(number=2, values=("A cat.", cell)) for cell in ("yes", "no"))
    assert canonical_cells(before, jobs) == canonical_cells(after, jobs)
