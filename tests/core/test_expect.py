"""Expectation: what the times of earlier tasks say about one at work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core import expect

times = st.lists(st.floats(0.1, 1e5), min_size=expect.ENOUGH, max_size=60).map(sorted)
seconds = st.floats(0, 2e5)


@given(times, seconds, seconds)
def test_the_longer_it_takes_the_fewer_are_left(known: list[float], a: float, b: float) -> None:
    """The share that is not done falls from one on, and never grows."""
    early, late = sorted((a, b))
    assert 0 <= expect.left_after(known, late) <= expect.left_after(known, early) <= 1


@given(times, seconds, st.floats(0.05, 0.9))
def test_the_time_of_a_chance_has_that_chance(
    known: list[float], seen: float, chance: float
) -> None:
    """Looking at the time that a chance names finds a task done about so likely."""
    seen = min(seen, known[-1])
    due = expect.time_of(known, seen, chance)
    assert due >= seen - 1e-6 * max(1.0, seen)
    if len(set(known)) == len(known):
        assert expect.chance_done(known, seen, due) == pytest.approx(chance, abs=0.02)
