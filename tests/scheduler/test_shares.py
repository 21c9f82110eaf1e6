"""A run beside others: it keeps to its share, and pauses when another one was told to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from batch_runner.core.pace import Pace
from batch_runner.core.share import Share
from batch_runner.scheduler.gates import Throttle


def throttle() -> Throttle:
    """Ten slots and ten submits a second, both given."""
    return Throttle(Pace.start(10.0, 10), on_free=lambda: None)


def now() -> float:
    """The loop's clock."""
    return asyncio.get_running_loop().time()


def test_a_share_narrows_what_was_given_and_is_given_back(play: Any) -> None:
    """Slots and rate are those of the share; alone again, all of it is there."""

    async def story() -> None:
        gate = throttle()
        gate.divide(Share(rate=2.0, slots=1, others=4, alone=False), cooling=0.0, limited_ago=None)
        gate.take()
        assert gate.full
        gate.spend(now())
        assert gate.delay(now()) == pytest.approx(0.5)
        gate.divide(Share(rate=10.0, slots=10), cooling=0.0, limited_ago=None)
        assert not gate.full
        assert gate.rate == 10.0

    play(story)


def test_without_any_share_nothing_is_sent(play: Any) -> None:
    """A rate of nothing is a wait, not an endless distance: the next share ends it."""

    async def story() -> None:
        gate = throttle()
        gate.divide(Share(rate=0.0, slots=0, alone=False), cooling=0.0, limited_ago=None)
        assert 0.0 < gate.delay(now()) <= 1.0
        gate.divide(Share(rate=5.0, slots=5, alone=False), cooling=0.0, limited_ago=None)
        assert gate.delay(now()) == 0.0

    play(story)


def test_a_429_of_another_run_slows_and_pauses_once(play: Any) -> None:
    """It counts as one's own: the pause is kept, the rate cut; heard again it says nothing new."""

    async def story() -> None:
        gate = throttle()
        await asyncio.sleep(100)
        share = Share(rate=10.0, slots=10, others=3, alone=False)
        gate.divide(share, cooling=20.0, limited_ago=0.3)
        assert gate.delay(now()) == pytest.approx(20.0)
        cut = gate.pace.rate
        assert cut < 10.0
        await asyncio.sleep(1)
        gate.divide(share, cooling=19.0, limited_ago=1.3)
        assert gate.pace.rate == cut
        assert gate.delay(now()) == pytest.approx(19.0)
        assert gate.own_429_at is None  # it is not told to others as one's own

    play(story)


def test_slots_are_found_by_what_all_runs_have_in_flight(play: Any) -> None:
    """Refusals that no pause ends mean the slots: as many as all have, not as this one has."""

    async def story() -> None:
        gate = Throttle(Pace.start(None, None), on_free=lambda: None)
        gate.divide(Share(rate=8.0, slots=8, others=6, alone=False), cooling=0.0, limited_ago=None)
        for _ in range(2):
            gate.take()
            gate.was_accepted()
        for _ in range(4):
            await asyncio.sleep(60)
            gate.was_limited(now(), None, 0.0, ended=0)
        assert gate.pace.slots_known
        assert gate.pace.slots == 8.0  # its own 2, and the others' 6

    play(story)


def test_limits_rise_by_what_all_runs_send(play: Any) -> None:
    """A run that is told of all 429s would else sink the deeper the more runs there are."""

    async def story() -> None:
        alone, one_of_four = throttle(), throttle()
        await asyncio.sleep(100)
        share = Share(rate=2.5, slots=2, others=6, alone=False)
        one_of_four.divide(share, cooling=0.0, limited_ago=0.1)
        alone.was_limited(now(), None, 0.0, ended=0)
        for gate in (alone, one_of_four):
            gate.take()
            gate.take()
        assert one_of_four.pace.rate == alone.pace.rate  # the same refusal
        for _ in range(4):  # of which three are the others'
            alone.was_accepted()
        one_of_four.was_accepted()
        assert one_of_four.pace.rate == pytest.approx(alone.pace.rate)

    play(story)
