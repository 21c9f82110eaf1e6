"""Pace: waiting is never shorter than asked for, and limits are never passed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core import pace
from batch_runner.core.pace import LONGEST_COOL_DOWN, Found, Pace

jitters = st.floats(0, 1)


@given(st.floats(0, 3600), jitters, st.integers(0, 50))
def test_a_pause_is_never_shorter_than_the_provider_named(
    retry_after: float, jitter: float, in_a_row: int
) -> None:
    """Retry-After is obeyed in full; jitter only adds, and not much."""
    now = Pace(rate=1.0, slots=1.0, in_a_row=in_a_row)
    seconds = pace.cool_down(now, retry_after, jitter)
    assert retry_after <= seconds <= retry_after + 0.1 * max(1.0, retry_after)


@given(jitters, st.integers(0, 10_000))
def test_an_unnamed_pause_doubles_up_to_a_bound(jitter: float, in_a_row: int) -> None:
    """Without a named time the pause grows with each 429 in a row, and not for ever."""
    now = Pace(rate=1.0, slots=1.0, in_a_row=in_a_row)
    longer = Pace(rate=1.0, slots=1.0, in_a_row=in_a_row + 1)
    seconds = pace.cool_down(now, None, jitter)
    assert pace.FIRST_COOL_DOWN <= seconds <= LONGEST_COOL_DOWN * 1.5
    assert pace.cool_down(longer, None, jitter) >= seconds


@given(st.integers(-5, 10_000), jitters, st.floats(0.1, 10), st.floats(10, 100))
def test_backoff_is_bounded_and_jitter_only_adds(
    tries: int, jitter: float, first: float, longest: float
) -> None:
    """The next try comes after first at the soonest, and after 1.5 x longest at the latest."""
    bare = pace.backoff(tries, 0.0, first=first, longest=longest)
    seconds = pace.backoff(tries, jitter, first=first, longest=longest)
    assert first <= bare <= seconds <= longest * 1.5


answers = st.lists(st.one_of(st.just(None), st.integers(0, 500)), max_size=200)


@given(
    st.one_of(st.none(), st.floats(0.1, 100)), st.one_of(st.none(), st.integers(1, 500)), answers
)
def test_limits_that_were_given_are_never_passed(
    rate: float | None, slots: int | None, seen: list[int | None]
) -> None:
    """Whatever the answers (None: accepted, n: 429 with n in flight), given limits hold."""
    now = Pace.start(rate, slots)
    if rate is not None:
        assert now.rate == rate
    if slots is not None:
        assert now.slots == slots
    for in_flight in seen:
        before = now
        now = pace.accepted(now) if in_flight is None else pace.limited(now, in_flight)
        assert 0 < now.rate <= (pace.MAX_RATE if rate is None else max(rate, 0.2))
        assert 1 <= now.slots <= (pace.MAX_SLOTS if slots is None else slots)
        if in_flight is not None:
            assert now.slots <= before.slots
            assert now.rate <= max(before.rate, before.proven)


def test_one_burst_slows_once() -> None:
    """Several 429s in a row cut the rate a single time; the next accepted job ends the row."""
    once = pace.limited(Pace.start(10.0, 10), 5)
    assert 7 < once.rate < 8
    assert pace.limited(once, 5).rate == once.rate
    assert pace.limited(pace.accepted(once), 5).rate < once.rate


def test_the_rise_is_fast_before_the_first_429_and_slow_after() -> None:
    """The rate grows by a tenth with each accepted job until the provider first says no."""
    start = Pace.start(None, None)
    assert pace.accepted(start).slots == start.slots + 1
    assert pace.accepted(start).rate > 1.09 * start.rate
    cut = pace.limited(start, 4)
    assert pace.accepted(cut).rate < 1.01 * cut.rate


def test_a_429_that_no_pause_helps_against_is_one_of_slots() -> None:
    """Then the slots are as many as tasks are held, the rate is what it was, and 429s are rare."""
    now = Pace.start(None, None)
    for _ in range(30):
        now = pace.accepted(now)
    rate = now.rate
    for _ in range(pace.SLOTS_AFTER):
        assert not now.slots_known
        now = pace.limited(now, 20)
    assert (now.slots_known, now.slots, now.rate) == (True, 20.0, rate)
    for _ in range(30):
        now = pace.accepted(now)
    assert now.slots < 21
    again = pace.limited(now, 20)
    assert (again.slots, again.rate) == (20.0, now.rate)


def test_found_limits_are_used_again_until_they_are_old() -> None:
    """A later run starts where the last one ended, but what the user gives goes before it."""
    found = Found(rate=30.0, slots=50.0, age=3600.0)
    fresh = Pace.start(None, None, found)
    assert (fresh.rate, fresh.slots, fresh.searching) == (30.0, 50.0, True)
    given = Pace.start(5.0, 2, found)
    assert (given.rate, given.slots, given.searching) == (5.0, 2.0, False)
    old = Found(rate=30.0, slots=50.0, age=2 * pace.FOUND_HOLDS)
    assert Pace.start(None, None, old) == Pace.start(None, None)
