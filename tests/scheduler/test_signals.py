"""Signals: answers on their way are waited for, everything else is left in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from batch_runner.core.decide import Policy
from batch_runner.core.outcomes import (
    FetchKind,
    FetchOutcome,
)
from batch_runner.scheduler.engine import GRACE
from batch_runner.scheduler.halt import StopReason
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

SIGNAL = StopReason(code="signal", message="interrupted.")
SLOW = Limits(slots=4, rate=1.0)


def rows(n: int) -> list[str]:
    """So many different rows."""
    return [f"row {i:03}" for i in range(n)]


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


def code(reason: StopReason | None) -> str:
    """Why a run ended early, in one word."""
    return reason.code if reason is not None else ""


def signal_at(stage: Stage, seconds: float) -> Callable[[], Awaitable[None]]:
    """What Ctrl-C does, at a time."""

    async def interrupt() -> None:
        await asyncio.sleep(seconds)
        stage.halt.leave(SIGNAL)

    return interrupt


def test_a_signal_waits_for_the_answers_on_their_way(stage: Stage, play: Play) -> None:
    """The ids of POSTs already sent are kept, and then nothing is waited for any longer."""

    async def story() -> None:
        stage.service.latency = 4.0
        stage.during = signal_at(stage, 2.5)
        await stage.sheet(rows(9))
        assert code(await stage.run(limits=Limits(slots=9, rate=1.0))) == "signal"
        assert now() == 2.0 + 4.0  # the third was sent at 2.0; its answer is the last one
        assert await stage.states() == {"running": 3, "queued": 6}
        stage.service.latency = 0.1
        assert await stage.run() is None
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_a_signal_waits_for_answers_at_most_so_long(stage: Stage, play: Play) -> None:
    """An answer that does not come in the time of grace makes its row unknown, and no other."""

    async def story() -> None:
        stage.service.latency = 170.0
        stage.during = signal_at(stage, 1.0)
        await stage.sheet(["a", "b"])
        assert code(await stage.run(limits=Limits(slots=1, rate=1.0))) == "signal"
        assert now() == 1.0 + GRACE
        stage.service.latency = 0.1
        await stage.run()
        jobs = await stage.jobs()
        assert (str(jobs["a"].state), str(jobs["b"].state)) == ("unknown", "succeeded")
        assert stage.service.paid() == {b"b": 1}

    play(story)


def test_a_signal_while_waiting_leaves_at_once(stage: Stage, play: Play) -> None:
    """With no POST on its way a run leaves in the same moment, in whatever it waits."""

    async def story() -> None:
        dead = FetchOutcome(kind=FetchKind.UNAVAILABLE)
        stage.service.fetches = lambda url: dead if "task_1/" in url else None
        stage.service.outcomes = {}
        stage.during = signal_at(stage, 63.0)
        await stage.sheet(rows(4))
        await stage.run(limits=Limits(slots=2, rate=1.0))
        assert now() == 63.0
        stage.service.fetches = lambda _url: None
        assert await stage.run() is None
        assert set(stage.service.paid().values()) == {1}
        assert await stage.states() == {"succeeded": 4}

    play(story)


def test_a_row_claimed_as_the_signal_comes_is_given_back(stage: Stage, play: Play) -> None:
    """A claim that was made but not sent costs nothing and is queued again."""

    async def story() -> None:
        async def stop() -> None:
            if stage.service.submits:
                asyncio.get_running_loop().call_soon(stage.halt.leave, SIGNAL)

        stage.before_claim = stop
        await stage.sheet(rows(3))
        assert code(await stage.run(limits=SLOW)) == "signal"
        states = await stage.states()
        assert "unknown" not in states
        assert states["queued"] == 2
        assert (await stage.ledger.totals()).held == 500_000

    play(story)


def test_the_run_can_be_cut_off_at_any_moment(stage: Stage, play: Play) -> None:
    """However often and whenever runs are cancelled, no row is paid twice and none is lost."""

    async def story() -> None:
        stage.service.seconds = 20.0
        stage.service.latency = 0.3
        await stage.sheet(rows(12))
        for moment in range(1, 40):
            running = asyncio.ensure_future(stage.run(Policy(), limits=Limits(slots=3, rate=2.0)))
            await asyncio.sleep(0.37 * moment)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await stage.run()
        assert max(stage.service.paid().values()) == 1
        states = await stage.states()
        assert set(states) <= {"succeeded", "unknown"}
        known = {job.task_id for job in (await stage.jobs()).values()} - {None}
        unanswered = len(stage.service.tasks) - len(known)
        assert unanswered <= states["unknown"]

    play(story)
