"""When a scheduled run is due: on time, missed once or often, with clocks that are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from batch_runner.core.due import ON_TIME, Action, Missed, Times, next_step

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 23, tzinfo=UTC)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


HOURLY = Times(after=lambda at: _hour(at) + HOUR, latest=_hour)


@pytest.mark.parametrize(
    ("minutes", "missed", "action", "hour"),
    [
        (59, Missed.RUN, Action.WAIT, 1),
        (60, Missed.SKIP, Action.RUN, 1),
        (60.5, Missed.SKIP, Action.RUN, 1),
        (90, Missed.RUN, Action.RUN, 1),
        (90, Missed.SKIP, Action.SKIP, 1),
        (350, Missed.RUN, Action.RUN, 5),
        (350, Missed.SKIP, Action.SKIP, 5),
    ],
)
def test_times_are_met_made_up_for_or_left_out(
    minutes: float, missed: Missed, action: Action, hour: int
) -> None:
    """Waits for the next; runs on time; several missed ones are one run, or none."""
    step = next_step(START, START + timedelta(minutes=minutes), HOURLY, missed)
    assert (step.action, step.at) == (action, START + hour * HOUR)


def test_a_clock_that_was_set_back_is_believed() -> None:
    """Where what was done lies in the future by today's clock, it does not wait until then."""
    step = next_step(START + 1000 * HOUR, START, HOURLY, Missed.RUN)
    assert (step.action, step.at) == (Action.WAIT, START + HOUR)


@settings(deadline=None)
@given(st.lists(st.integers(1, 20_000), max_size=40), st.sampled_from(Missed))
def test_each_time_is_dealt_with_once_and_in_order(gaps: list[int], missed: Missed) -> None:
    """However a process sleeps: times only rise, none is run twice, none in the future."""
    last = now = START
    dealt: list[datetime] = []
    for gap in gaps:
        now += timedelta(seconds=gap)
        step = next_step(last, now, HOURLY, missed)
        if step.action is Action.WAIT:
            assert now < step.at <= now + HOUR
            continue
        assert last < step.at <= now
        assert step.action is Action.RUN or now - step.at > ON_TIME
        last = step.at
        dealt.append(step.at)
    assert dealt == sorted(set(dealt))
