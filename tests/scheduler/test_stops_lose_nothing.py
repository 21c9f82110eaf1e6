"""Whatever ends a run early, with fifty videos in the making: none is lost, none is paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from batch_runner.core.outcomes import PollKind, PollOutcome, SubmitKind, SubmitOutcome
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

MAKING = 50
ROWS = 80
SECONDS = 600.0  # that a video takes
TROUBLE = 300.0  # when it begins: all that fit are in the making
PRICE = 400_000

Setup = Callable[["Stage"], None]


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


def in_trouble() -> bool:
    """Whether it is on."""
    return now() > TROUBLE


def after_fifty(stage: Stage, answer: SubmitOutcome) -> Callable[[], SubmitOutcome | None]:
    """So many are accepted; from then on submits are answered so."""
    return lambda: answer if len(stage.service.tasks) >= MAKING else None


def no_balance(stage: Stage) -> None:
    """402 for the next submit; what is being made can be looked at."""
    stage.service.every = after_fifty(
        stage, SubmitOutcome(kind=SubmitKind.NO_BALANCE, http_status=402)
    )


def no_balance_for_looks_either(stage: Stage) -> None:
    """402 for everything, as the real service answers an account without money."""
    no_balance(stage)
    empty = PollOutcome(kind=PollKind.NO_BALANCE, http_status=402)
    stage.service.look = lambda: empty if in_trouble() else None


def key_refused(stage: Stage) -> None:
    """The key is revoked while all is going well."""
    refused = PollOutcome(kind=PollKind.KEY_REFUSED, http_status=401, message="invalid API key")
    stage.service.look = lambda: refused if in_trouble() else None


def outage(minutes: float) -> Setup:
    """Nobody answers for a while, in the middle of it."""

    def begin(stage: Stage) -> None:
        start = now() + TROUBLE  # of this very run; a later one finds the service well
        away = SubmitOutcome(kind=SubmitKind.NOT_SENT, code="not_connected")
        blind = PollOutcome(kind=PollKind.UNAVAILABLE, code="no_answer")

        def up() -> bool:
            return not start < now() < start + 60 * minutes

        stage.service.reachable = up
        stage.service.every = lambda: None if up() else away
        stage.service.look = lambda: None if up() else blind

    return begin


@dataclass(frozen=True)
class Stop:
    """An early end, and what is to be true when the run is over."""

    begin: Setup
    reason: str | None
    fetched: bool  # whether this very run brings the fifty home
    limits: Limits = field(default_factory=lambda: Limits(slots=60, rate=50.0))
    cap: int | None = None


STOPS = {
    "402": Stop(no_balance, "no_balance", fetched=True),
    "402 for looks too": Stop(no_balance_for_looks_either, "no_balance", fetched=False),
    "budget": Stop(lambda _: None, "budget", fetched=True, cap=MAKING * PRICE),
    "deadline": Stop(
        lambda _: None,
        "deadline",
        fetched=False,
        limits=Limits(slots=MAKING, rate=50.0, deadline=400.0),
    ),
    "key refused": Stop(
        key_refused, "key_refused", fetched=False, limits=Limits(slots=MAKING, rate=50.0)
    ),
    "5 minutes down": Stop(
        outage(5), None, fetched=True, limits=Limits(slots=MAKING, rate=50.0, patience=1800.0)
    ),
    "5 hours down": Stop(
        outage(300),
        "provider_down",
        fetched=False,
        limits=Limits(slots=MAKING, rate=50.0, patience=1800.0),
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_fifty_in_the_making_are_kept_and_paid_once(name: str, stage: Stage, play: Play) -> None:
    """The run says why it ends; paid tasks are fetched now, or by the next run, which buys the rest."""
    stop = STOPS[name]

    async def story() -> None:
        service = stage.service
        service.seconds, service.cost = SECONDS, PRICE
        stop.begin(stage)
        await stage.sheet([f"row {n:02}" for n in range(ROWS)], high=PRICE)

        reason = await stage.run(limits=stop.limits, cap=stop.cap)

        assert (reason.code if reason else None) == stop.reason
        states = await stage.states()
        held = (await stage.ledger.totals()).held
        if stop.reason is not None:
            assert len(service.tasks) == MAKING
            assert states == {"succeeded" if stop.fetched else "running": MAKING, "queued": 30}
            assert held == MAKING * PRICE
        assert await stage.ledger.task_ids() == set(service.tasks)

        await asyncio.sleep(6 * 3600)
        service.every = service.look = lambda: None
        service.reachable = lambda: True
        assert await stage.run(limits=Limits(slots=60, rate=50.0)) is None
        assert await stage.states() == {"succeeded": ROWS}
        assert sorted(service.paid().values()) == [1] * ROWS
        assert (await stage.ledger.totals()).held == ROWS * PRICE
        videos = [job.video_file for job in (await stage.jobs()).values()]
        assert len({video for video in videos if video}) == ROWS

    play(story)


def test_a_long_outage_sends_nothing_into_the_dark(stage: Stage, play: Play) -> None:
    """While nobody answers only free questions are asked, and fewer and fewer of them."""

    async def story() -> None:
        service = stage.service
        service.seconds = SECONDS
        outage(300)(stage)
        await stage.sheet([f"row {n:02}" for n in range(ROWS)])
        await stage.run(limits=Limits(slots=MAKING, rate=50.0, patience=5 * 3600.0 + 600.0))
        sent = [at for at, _, _ in service.submits]
        assert [at for at in sent if TROUBLE + 60 < at < TROUBLE + 300 * 60] == []
        assert service.probes < 5 * 60 + 60
        assert "unknown" not in await stage.states()
        assert await stage.run() is None
        assert await stage.states() == {"succeeded": ROWS}
        assert sorted(service.paid().values()) == [1] * ROWS

    play(story)
