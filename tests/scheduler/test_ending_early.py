"""Ending early: what stops a run, what is still seen to its end, and how it goes on later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from batch_runner.core.decide import Policy
from batch_runner.core.outcomes import (
    FetchKind,
    FetchOutcome,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.scheduler.engine import GRACE, Limits
from batch_runner.scheduler.halt import StopReason

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

SIGNAL = StopReason(code="signal", message="interrupted.")
REFUSED = SubmitOutcome(kind=SubmitKind.KEY_REFUSED, http_status=401, message="invalid API key")
EMPTY = SubmitOutcome(kind=SubmitKind.NO_BALANCE, http_status=402, message="top up")
SLOW = Limits(slots=4, rate=1.0)


def rows(n: int) -> list[str]:
    """So many different rows."""
    return [f"row {i:03}" for i in range(n)]


def signal_at(stage: Stage, seconds: float) -> Callable[[], Awaitable[None]]:
    """What Ctrl-C does, at a time."""

    async def interrupt() -> None:
        await asyncio.sleep(seconds)
        stage.halt.leave(SIGNAL)

    return interrupt


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
