"""Live control: pausing, other limits and draining while a run is on, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from batch_runner.scheduler.halt import StopReason
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

DRAINED = StopReason(code="drained", message="it was asked to.")


def rows(n: int) -> list[str]:
    """So many different rows."""
    return [f"row {i:03}" for i in range(n)]


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


def at(stage: Stage, *steps: tuple[float, Callable[[], None]]) -> None:
    """Do these things at these times of the next run."""

    async def beside() -> None:
        for seconds, step in steps:
            await asyncio.sleep(seconds - now())
            step()
        await asyncio.Event().wait()

    stage.during = beside


def pause(stage: Stage) -> Callable[[], None]:
    """Pause the run that is on by then."""
    return lambda: stage.controls.pause()  # noqa: PLW0108 - its controls are not there yet


def resume(stage: Stage) -> Callable[[], None]:
    """End the pause."""
    return lambda: stage.controls.resume()  # noqa: PLW0108 - its controls are not there yet


def sent_at(stage: Stage) -> list[float]:
    """When submits were made."""
    return [round(time, 1) for time, _, _ in stage.service.submits]


def test_a_pause_sends_nothing_until_it_is_over(stage: Stage, play: Play) -> None:
    """What is accepted comes home meanwhile, the run stays, and then goes on to its end."""

    async def story() -> None:
        await stage.sheet(rows(6))
        halfway: list[int] = []
        at(
            stage,
            (2.5, pause(stage)),
            (500.0, lambda: halfway.append(stage.controls.gauges().in_flight)),
            (1000.0, resume(stage)),
        )
        assert await stage.run(limits=Limits(slots=9, rate=1.0)) is None
        assert halfway == [0]
        assert sent_at(stage) == [0.0, 1.0, 2.0, 1000.0, 1001.0, 1002.0]
        assert await stage.states() == {"succeeded": 6}

    play(story)


def test_a_row_claimed_as_the_pause_comes_is_given_back(stage: Stage, play: Play) -> None:
    """It costs nothing, uses up no try, and is sent once the pause is over."""

    async def story() -> None:
        async def pause_once() -> None:
            if len(stage.service.submits) == 1 and now() < 600.0:
                asyncio.get_running_loop().call_soon(stage.halt.pause)

        stage.before_claim = pause_once
        await stage.sheet(rows(3))
        at(stage, (600.0, resume(stage)))
        assert await stage.run(limits=Limits(slots=4, rate=1.0)) is None
        assert await stage.states() == {"succeeded": 3}
        assert set(stage.service.paid().values()) == {1}
        assert {job.tries for job in (await stage.jobs()).values()} == {1}

    play(story)


def test_a_paused_run_can_be_ended(stage: Stage, play: Play) -> None:
    """A drain during a pause ends the run as soon as nothing is in flight."""

    async def story() -> None:
        await stage.sheet(rows(6))
        at(
            stage,
            (1.5, pause(stage)),
            (300.0, lambda: stage.controls.drain(DRAINED)),
        )
        assert await stage.run(limits=Limits(slots=9, rate=1.0)) == DRAINED
        assert now() == 300.0
        assert await stage.states() == {"succeeded": 2, "queued": 4}

    play(story)


def test_a_drain_sees_the_accepted_to_their_end(stage: Stage, play: Play) -> None:
    """Nothing more is sent, everything that is paid comes home, and the reason is told."""

    async def story() -> None:
        await stage.sheet(rows(6))
        at(stage, (2.5, lambda: stage.controls.drain(DRAINED)))
        assert await stage.run(limits=Limits(slots=9, rate=1.0)) == DRAINED
        assert await stage.states() == {"succeeded": 3, "queued": 3}

    play(story)


def test_other_limits_hold_at_once(stage: Stage, play: Play) -> None:
    """More slots are used in full at once; fewer let what runs go on and send no more till then."""

    async def story() -> None:
        await stage.sheet(rows(12))
        busy: list[int] = []
        at(
            stage,
            (10.0, lambda: stage.controls.limit(slots=5)),
            (30.0, lambda: busy.append(stage.service.at_work())),
            (31.0, lambda: stage.controls.limit(slots=1)),
            (65.0, lambda: busy.append(stage.service.at_work())),
            (140.0, lambda: busy.append(stage.service.at_work())),
        )
        assert await stage.run(limits=Limits(slots=2, rate=10.0)) is None
        assert busy == [5, 3, 1]
        assert await stage.states() == {"succeeded": 12}

    play(story)


def test_another_rate_holds_from_the_next_submit_on(stage: Stage, play: Play) -> None:
    """A slow run that is told to hurry does not wait out the old distance first."""

    async def story() -> None:
        await stage.sheet(rows(5))
        at(stage, (70.0, lambda: stage.controls.limit(rate=1.0)))
        assert await stage.run(limits=Limits(slots=9, rate=1 / 60)) is None
        assert sent_at(stage) == [0.0, 60.0, 70.0, 71.0, 72.0]
        assert stage.controls.gauges().rate_given

    play(story)
