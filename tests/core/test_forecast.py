"""What a sheet's own videos tell of those to come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.forecast import NO_HISTORY, History


def test_costs_follow_what_was_charged() -> None:
    """A model that charged 80 to 90 % of its highest estimate will likely do so again."""
    history = History(ratios={"a": [0.8, 0.85, 0.9]})
    assert history.costs("a", 1_000_000) == (800_000, 900_000)
    assert history.costs("b", 1_000_000) is None
    assert history.paid("a") == 3


@pytest.mark.parametrize(
    ("times", "wanted"), [([60.0] * 4, None), ([60.0] * 5, (60.0, 60.0)), ([], None)]
)
def test_times_need_some_videos(times: list[float], wanted: tuple[float, float] | None) -> None:
    """Few videos say little of how long the next one takes."""
    assert History(seconds={"a": times}).usual_seconds("a") == wanted


@given(st.lists(st.floats(1, 10_000), min_size=5).map(sorted))
def test_the_usual_span_lies_within_what_was(times: list[float]) -> None:
    """Whatever happened, the span is in order and holds the middle."""
    span = History(seconds={"a": times}).usual_seconds("a")
    assert span is not None
    assert times[0] <= span[0] <= times[len(times) // 2] <= span[1] <= times[-1]


def test_a_new_sheet_has_no_history() -> None:
    """Then the profiles say what they know."""
    assert NO_HISTORY.usual_seconds("a") is None
    assert NO_HISTORY.costs("a", 5) is None
