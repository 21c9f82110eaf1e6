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


@given(times, seconds, seconds)
def test_a_task_took_as_long_as_it_may_have(known: list[float], a: float, b: float) -> None:
    """The time of a task lies between the look that said no and the one that found it done."""
    seen, elapsed = sorted((a, b))
    assert seen <= expect.took(known, seen, elapsed) <= elapsed
    assert expect.took((), seen, elapsed) == (seen + elapsed) / 2


@pytest.mark.parametrize(("seen", "elapsed"), [(0.0, 95.0), (60.0, 95.0), (89.0, 180.0)])
def test_a_late_look_teaches_nothing_new(seen: float, elapsed: float) -> None:
    """Tasks that all take 90 s are not learned to be slower or quicker by how they are looked at."""
    assert expect.took([90.0] * 100, seen, elapsed) == pytest.approx(90.0, abs=0.5)
