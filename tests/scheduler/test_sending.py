"""Sending: everything goes out once, within the limits, whatever the answers."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from batch_runner.core.errors import LedgerError, SheetError
from batch_runner.core.outcomes import SubmitKind, SubmitOutcome
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

LIMITED = SubmitOutcome(kind=SubmitKind.LIMITED, http_status=429, code="http_429")
NOT_SENT = SubmitOutcome(kind=SubmitKind.NOT_SENT, code="not_sent")


def rows(n: int) -> list[str]:
    """So many different rows."""
    return [f"row {i:03}" for i in range(n)]


def test_all_rows_are_done_and_each_is_paid_once(stage: Stage, play: Play) -> None:
    """A run without trouble buys every row exactly once and ends without a reason."""

    async def story() -> None:
        await stage.sheet(rows(40))
        assert await stage.run() is None
        assert await stage.states() == {"succeeded": 40}
        assert set(stage.service.paid().values()) == {1}
        job = (await stage.jobs())["row 000"]
        assert job.video_file is not None
        assert job.cost == 400_000
        assert (await stage.ledger.totals()).held == 40 * 400_000

    play(story)


def test_a_run_with_nothing_to_do_ends_at_once(stage: Stage, play: Play) -> None:
    """An empty ledger, and one where all is done, make no request at all."""

    async def story() -> None:
        await stage.sheet([])
        assert await stage.run() is None
        await stage.sheet(["a"])
        assert await stage.run() is None
        sent, looked = len(stage.service.submits), len(stage.service.looks)
        assert await stage.run() is None
        assert (len(stage.service.submits), len(stage.service.looks)) == (sent, looked)

    play(story)


def test_concurrency_is_never_exceeded_and_used_in_full(stage: Stage, play: Play) -> None:
    """Not one task more than allowed is in flight, and the slots do not stand empty."""

    async def story() -> None:
        await stage.sheet(rows(30))
        await stage.run(limits=Limits(slots=7, rate=100.0))
        assert stage.service.busiest == 7
        assert await stage.states() == {"succeeded": 30}

    play(story)


def test_the_rate_is_never_exceeded(stage: Stage, play: Play) -> None:
    """Submits are at least a minute's sixtieth apart at 60/min, also when some are refused."""

    async def story() -> None:
        stage.service.faults = {3: LIMITED, 4: NOT_SENT, 9: LIMITED}
        await stage.sheet(rows(20))
        await stage.run(limits=Limits(slots=50, rate=1.0))
        times = [at for at, _, _ in stage.service.submits]
        gaps = [b - a for a, b in itertools.pairwise(times)]
        assert min(gaps) >= 1.0 - 1e-6
        assert await stage.states() == {"succeeded": 20}

    play(story)


def test_a_slow_look_at_the_sheet_makes_no_burst(stage: Stage, play: Play) -> None:
    """However long one look at the sheet takes, submits keep their distance after it."""

    async def story() -> None:
        reading = asyncio.Lock()

        async def slow_once() -> None:
            async with reading:
                await asyncio.sleep(0.0 if stage.service.submits else 5.0)

        await stage.sheet(rows(10))
        stage.before_claim = slow_once
        await stage.run(limits=Limits(slots=10, rate=1.0))
        times = [at for at, _, _ in stage.service.submits]
        assert min(b - a for a, b in itertools.pairwise(times)) >= 1.0 - 1e-6

    play(story)


def test_unknown_limits_are_found_without_waiting_for_the_first_video(
    stage: Stage, play: Play
) -> None:
    """Where nobody named a limit, slots grow with each accepted task, not with each done one."""

    async def story() -> None:
        stage.service.seconds = 600.0
        await stage.sheet(rows(60))
        await stage.run()
        assert stage.service.busiest == 60

    play(story)


def test_a_429_cools_all_rows(stage: Stage, play: Play) -> None:
    """After Retry-After: 30 nothing at all is sent for 30 seconds."""

    async def story() -> None:
        stage.service.faults = {
            5: SubmitOutcome(kind=SubmitKind.LIMITED, http_status=429, retry_after=30.0)
        }
        await stage.sheet(rows(12))
        await stage.run(limits=Limits(slots=1000, rate=2.0))
        told = stage.service.submits[4][0] + stage.service.latency
        quiet = [at for at, _, _ in stage.service.submits if told < at < told + 30.0]
        assert quiet == []
        assert set(stage.service.paid().values()) == {1}
        assert await stage.states() == {"succeeded": 12}

    play(story)


def test_a_burst_of_429s_is_one_pause(stage: Stage, play: Play) -> None:
    """Twenty requests on their way at once that all get 429 do not double the pause each time."""

    async def story() -> None:
        stage.service.latency = 2.0
        stage.service.faults = dict.fromkeys(range(1, 21), LIMITED)
        await stage.sheet(rows(20))
        await stage.run(limits=Limits(slots=20, rate=100.0))
        assert stage.service.submits[20][0] < 10.0
        assert await stage.states() == {"succeeded": 20}

    play(story)


def test_the_provider_limit_is_found_by_itself(stage: Stage, play: Play) -> None:
    """A service that takes five tasks at a time gets all rows done, each paid once."""

    async def story() -> None:
        stage.service.slots = 5
        await stage.sheet(rows(25))
        assert await stage.run() is None
        assert set(stage.service.paid().values()) == {1}
        assert await stage.states() == {"succeeded": 25}

    play(story)


def test_a_rejected_row_does_not_stop_the_others(stage: Stage, play: Play) -> None:
    """A row that the provider refuses for good is failed and costs nothing."""

    async def story() -> None:
        stage.service.faults = {
            1: SubmitOutcome(kind=SubmitKind.REJECTED, http_status=400, message="bad image")
        }
        await stage.sheet(["a", "b"])
        assert await stage.run() is None
        assert await stage.states() == {"failed": 1, "succeeded": 1}
        assert (await stage.ledger.totals()).held == 400_000

    play(story)


def test_a_trouble_before_a_claim_is_raised_as_it_is(stage: Stage, play: Play) -> None:
    """What the look at the sheet raises ends the run, after the answers on their way are kept."""

    async def broken() -> None:
        if stage.service.submits:
            raise SheetError("the sheet is gone.", code="sheet_gone")

    async def story() -> None:
        stage.service.latency = 5.0
        stage.before_claim = broken
        await stage.sheet(["a", "b"])
        with pytest.raises(SheetError) as told:
            await stage.run()
        assert told.value.code == "sheet_gone"
        assert await stage.states() == {"running": 1, "queued": 1}

    play(story)


def test_a_broken_ledger_ends_the_run_and_loses_no_answer(stage: Stage, play: Play) -> None:
    """One flight's failure does not cut off the POSTs of the others."""

    async def story() -> None:
        stage.service.latency = 5.0

        async def answer_for_a_stale_attempt() -> SubmitOutcome:
            raise LedgerError("job 1 is gone", code="stale_attempt")

        stage.service.faults = {1: answer_for_a_stale_attempt}
        await stage.sheet(["a", "b", "c"])
        with pytest.raises(LedgerError):
            await stage.run(limits=Limits(slots=3, rate=2.0))
        jobs = await stage.jobs()
        assert jobs["b"].task_id is not None
        assert jobs["c"].task_id is not None

    play(story)
