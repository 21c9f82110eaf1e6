"""Ending early: what stops a run, what is still seen to its end, and how it goes on later."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from batch_runner.core.outcomes import (
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.scheduler.halt import StopReason
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

REFUSED = SubmitOutcome(kind=SubmitKind.KEY_REFUSED, http_status=401, message="invalid API key")
EMPTY = SubmitOutcome(kind=SubmitKind.NO_BALANCE, http_status=402, message="top up")
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


def test_no_balance_stops_submits_and_sees_the_running_to_their_end(
    stage: Stage, play: Play
) -> None:
    """After 402 nothing more is sent, what was accepted is finished, and the rest waits."""

    async def story() -> None:
        stage.service.faults = {4: EMPTY}
        await stage.sheet(rows(10))
        assert code(await stage.run(limits=SLOW)) == "no_balance"
        assert len(stage.service.submits) == 4
        assert await stage.states() == {"succeeded": 3, "queued": 7}
        assert (await stage.ledger.totals()).held == 3 * 400_000
        assert await stage.run() is None
        assert set(stage.service.paid().values()) == {1}
        assert await stage.states() == {"succeeded": 10}

    play(story)


def test_a_refused_key_leaves_at_once(stage: Stage, play: Play) -> None:
    """A key that is refused at a submit ends everything; accepted tasks wait for the next run."""

    async def story() -> None:
        stage.service.faults = {3: REFUSED}
        await stage.sheet(rows(6))
        assert code(await stage.run(limits=SLOW)) == "key_refused"
        assert now() < 10
        assert await stage.states() == {"running": 2, "queued": 4}
        assert await stage.run() is None
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_a_key_refused_at_a_look_leaves_too(stage: Stage, play: Play) -> None:
    """A key that is refused while tasks are looked at ends the run and fails nothing."""

    async def story() -> None:
        refused = PollOutcome(kind=PollKind.KEY_REFUSED, message="invalid API key")
        stage.service.look = lambda: refused
        await stage.sheet(rows(3))
        assert code(await stage.run(limits=SLOW)) == "key_refused"
        assert "failed" not in await stage.states()

    play(story)


def test_the_budget_is_never_overshot_and_the_run_ends(stage: Stage, play: Play) -> None:
    """With room for three reservations three rows are bought, and the run says why it ends."""

    async def story() -> None:
        stage.service.cost = 500_000
        await stage.sheet(rows(8), high=500_000)
        assert code(await stage.run(cap=1_700_000)) == "budget"
        assert sum(stage.service.paid().values()) == 3
        assert (await stage.ledger.totals()).held == 1_500_000
        assert await stage.states() == {"succeeded": 3, "queued": 5}

    play(story)


def test_the_budget_goes_on_when_tasks_turn_out_cheaper(stage: Stage, play: Play) -> None:
    """What is reserved but not charged is spent on further rows, never past the cap."""

    async def story() -> None:
        stage.service.cost = 100_000
        await stage.sheet(rows(30), high=500_000)
        assert code(await stage.run(cap=1_000_000)) == "budget"
        assert (await stage.ledger.totals()).held <= 1_000_000
        assert sum(stage.service.paid().values()) == 6  # 500k more than 5 x 100k fits, 6 not

    play(story)


def test_the_budget_asks_the_ledger_only_when_something_was_settled(
    stage: Stage, play: Play
) -> None:
    """Waiting at the cap makes no busy loop of claims."""

    async def story() -> None:
        asked = 0

        async def count() -> None:
            nonlocal asked
            asked += 1

        stage.before_claim = count
        stage.service.seconds = 3000.0
        await stage.sheet(rows(5), high=500_000)
        await stage.run(cap=1_000_000, limits=Limits(slots=10, rate=50.0))
        assert asked < 15

    play(story)


def test_a_budget_of_nothing_buys_nothing(stage: Stage, play: Play) -> None:
    """A cap below the first row's reservation ends the run without a single request."""

    async def story() -> None:
        await stage.sheet(rows(2), high=500_000)
        assert code(await stage.run(cap=499_999)) == "budget"
        assert stage.service.submits == []

    play(story)


def test_the_deadline_ends_a_run_and_the_next_goes_on(stage: Stage, play: Play) -> None:
    """At the deadline running tasks are left, and the next run fetches them without paying."""

    async def story() -> None:
        stage.service.seconds = 500.0
        await stage.sheet(rows(3))
        assert code(await stage.run(limits=Limits(slots=3, rate=10.0, deadline=100.0))) == (
            "deadline"
        )
        assert now() < 101
        assert await stage.states() == {"running": 3}
        assert await stage.run() is None
        assert set(stage.service.paid().values()) == {1}
        assert await stage.states() == {"succeeded": 3}

    play(story)


def test_a_deadline_that_cuts_nothing_short_is_no_reason(stage: Stage, play: Play) -> None:
    """A run that is done before its deadline ends as any other, whatever tasks usually take."""

    async def story() -> None:
        stage.service.seconds = 60.0
        await stage.sheet(rows(10))
        await stage.run()  # now the ledger knows that a task takes 60 s
        await stage.sheet([*rows(10), "one more"])
        assert await stage.run(limits=Limits(deadline=100.0)) is None
        assert await stage.states() == {"succeeded": 11}

    play(story)


def test_a_provider_that_is_down_is_waited_for(stage: Stage, play: Play) -> None:
    """During an outage nothing is sent but free probes; when it is over, all rows are done."""

    async def story() -> None:
        def up() -> bool:
            return not 20.0 < now() < 600.0

        away = SubmitOutcome(kind=SubmitKind.NOT_SENT, code="not_sent")
        blind = PollOutcome(kind=PollKind.UNAVAILABLE)
        stage.service.reachable = up
        stage.service.every = lambda: None if up() else away
        stage.service.look = lambda: None if up() else blind
        await stage.sheet(rows(60))
        assert await stage.run(limits=SLOW) is None
        assert stage.service.probes > 3
        during = [at for at, _, _ in stage.service.submits if 60.0 < at < 600.0]
        assert during == []
        assert [code for code, _ in stage.heard.notices] == ["provider_down", "provider_back"]
        assert set(stage.service.paid().values()) == {1}
        assert await stage.states() == {"succeeded": 60}

    play(story)


def test_patience_ends(stage: Stage, play: Play) -> None:
    """A provider that does not come back ends the run when the patience is over, not later."""

    async def story() -> None:
        stage.service.reachable = lambda: False
        stage.service.every = lambda: SubmitOutcome(kind=SubmitKind.NOT_SENT)
        await stage.sheet(rows(5))
        reason = await stage.run(limits=Limits(slots=5, rate=1.0, patience=300.0))
        assert code(reason) == "provider_down"
        assert 300.0 <= now() < 320.0
        assert await stage.states() == {"queued": 5}
        assert (await stage.ledger.totals()).held == 0

    play(story)


def test_many_lost_answers_in_a_row_stop_submits(stage: Stage, play: Play) -> None:
    """A service that never answers clearly is not fed the whole sheet."""

    async def story() -> None:
        stage.service.every = lambda: SubmitOutcome(kind=SubmitKind.UNKNOWN, code="http_502")
        await stage.sheet(rows(50))
        assert code(await stage.run(limits=SLOW)) == "no_answers"
        states = await stage.states()
        assert 8 <= states["unknown"] <= 12

    play(story)
