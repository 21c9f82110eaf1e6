"""Following: accepted tasks are looked at until they end, and their videos come home."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import TYPE_CHECKING

from batch_runner.core.decide import Policy
from batch_runner.core.outcomes import PollKind, PollOutcome
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

FAST = Limits(slots=50, rate=50.0)


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


def test_a_second_run_looks_and_never_sends_again(stage: Stage, play: Play) -> None:
    """Tasks that a run left behind are finished by the next one without a submit."""

    async def story() -> None:
        await stage.sheet(["a", "b"])
        await stage.run(Policy(task_deadline=10.0), limits=FAST)
        assert await stage.states() == {"running": 2}
        sent = len(stage.service.submits)
        assert await stage.run(limits=FAST) is None
        assert len(stage.service.submits) == sent
        assert await stage.states() == {"succeeded": 2}

    play(story)


def test_a_stuck_task_stays_running_and_blocks_nobody(stage: Stage, play: Play) -> None:
    """A task beyond its deadline frees its slot, stays running and is never sent again."""

    async def story() -> None:
        await stage.sheet(["stuck", "b", "c"])

        def look() -> PollOutcome | None:
            stuck = stage.service.looks[-1][1] == "task_1"
            return PollOutcome(kind=PollKind.PENDING, status="processing") if stuck else None

        stage.service.look = look
        reason = await stage.run(Policy(task_deadline=300.0), limits=Limits(slots=1, rate=9.0))
        assert reason is None
        assert await stage.states() == {"running": 1, "succeeded": 2}
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_an_unknown_word_is_looked_at_again(stage: Stage, play: Play) -> None:
    """Answers that tell nothing (new words, outages, 402, 429 on a look) never end a task."""

    async def story() -> None:
        answers = iter(
            [
                PollOutcome(kind=PollKind.PENDING, status="simmering"),
                PollOutcome(kind=PollKind.UNAVAILABLE),
                PollOutcome(kind=PollKind.NO_BALANCE),
                PollOutcome(kind=PollKind.LIMITED, retry_after=40.0),
                PollOutcome(kind=PollKind.NOT_FOUND),
                PollOutcome(kind=PollKind.COMPLETED),
            ]
        )
        stage.service.look = lambda: next(answers, None)
        await stage.sheet(["a"])
        assert await stage.run(limits=FAST) is None
        assert await stage.states() == {"succeeded": 1}

    play(story)


def test_a_429_on_a_look_pauses_all_looks(stage: Stage, play: Play) -> None:
    """No task is looked at in the time that a limited look named, and afterwards not at once."""

    async def story() -> None:
        limited = iter([PollOutcome(kind=PollKind.LIMITED, retry_after=30.0)])
        stage.service.look = lambda: next(limited, None)
        await stage.sheet([f"row {i}" for i in range(30)])
        await stage.run(limits=Limits(slots=30, rate=100.0, looks=5.0))
        told = stage.service.looks[0][0] + stage.service.latency
        times = [at for at, _ in stage.service.looks]
        assert [at for at in times if told < at < told + 30.0] == []
        assert min(b - a for a, b in itertools.pairwise(times) if a > told) > 0.19

    play(story)


def test_looks_do_not_hold_up_submits(stage: Stage, play: Play) -> None:
    """However few looks are allowed and however many wait, rows are sent at their own rate."""

    async def story() -> None:
        await stage.sheet([f"row {i}" for i in range(60)])
        await stage.run(limits=Limits(slots=60, rate=20.0, looks=0.5))
        sent = [at for at, *_ in stage.service.submits]
        assert len(sent) == 60
        assert max(sent) < 60 / 20.0 + 1.0
        looks = [at for at, _ in stage.service.looks]
        assert min(b - a for a, b in itertools.pairwise(looks)) > 1.99

    play(story)


def test_probing_is_capped_by_its_setting(stage: Stage, play: Play) -> None:
    """Submits that only find out whether a slot is free are as rare as the user says."""

    async def story() -> None:
        service, dice = stage.service, random.Random(1)
        service.slots = 5
        await stage.sheet([f"row {i}" for i in range(80)])

        async def others_take_other_times() -> None:
            while True:
                service.seconds = 60.0 * dice.uniform(0.5, 1.5)
                await asyncio.sleep(1.0)

        stage.during = others_take_other_times
        await stage.run(Policy(max_tries=99), limits=Limits(slots=5, rate=20.0, probes=0.05))
        refused = len(service.submits) - 80
        assert await stage.states() == {"succeeded": 80}
        assert 0 < refused <= 0.05 * max(at for at, *_ in service.submits) + 1

    play(story)


def test_a_task_that_nobody_knows_becomes_unknown(stage: Stage, play: Play) -> None:
    """An id that the provider denies again and again is held, not failed and not sent again."""

    async def story() -> None:
        missing = PollOutcome(kind=PollKind.NOT_FOUND, message="Invalid task ID")
        stage.service.look = lambda: missing
        await stage.sheet(["a"])
        await stage.run(limits=FAST)
        await stage.run(limits=FAST)
        assert await stage.states() == {"unknown": 1}
        job = (await stage.jobs())["a"]
        assert job.task_id == "task_1"
        assert "another key" in job.error
        assert len(stage.service.submits) == 1

    play(story)


def test_no_cost_told_stays_at_the_reservation(stage: Stage, play: Play) -> None:
    """Where the provider names no cost, the budget keeps what was reserved."""

    async def story() -> None:
        stage.service.tells_cost = False
        await stage.sheet(["a"], high=500_000)
        await stage.run(limits=FAST)
        assert (await stage.ledger.totals()).held == 500_000
        assert (await stage.jobs())["a"].cost is None

    play(story)


def test_a_night_between_runs_teaches_nothing_wrong(stage: Stage, play: Play) -> None:
    """Tasks finished while nobody looked do not make later first looks hours late."""

    async def story() -> None:
        def finished_without_a_time() -> PollOutcome | None:
            done = now() >= stage.service.tasks[stage.service.looks[-1][1]].accepted + 60.0
            return PollOutcome(kind=PollKind.COMPLETED, urls=("https://v/1",)) if done else None

        stage.service.look = finished_without_a_time
        await stage.sheet([f"old {i}" for i in range(10)])
        await stage.run(Policy(task_deadline=2.0), limits=FAST)
        await asyncio.sleep(8 * 3600)
        await stage.run(limits=FAST)
        await stage.sheet([*(f"old {i}" for i in range(10)), "new"])
        before = now()
        assert await stage.run(limits=FAST) is None
        assert await stage.states() == {"succeeded": 11}
        assert now() - before < 120

    play(story)


def test_known_times_save_looks(stage: Stage, play: Play) -> None:
    """A model whose tasks always take a minute is hardly looked at before the minute is over."""

    async def story() -> None:
        names = [f"row {i}" for i in range(10)]
        await stage.sheet(names)
        await stage.run(limits=FAST)
        before = len(stage.service.looks)
        await stage.sheet([*names, "one more"])
        await stage.run(limits=FAST)
        assert len(stage.service.looks) - before <= 2

    play(story)


def test_an_edited_row_leaves_its_task_to_finish(stage: Stage, play: Play) -> None:
    """The task of a row that was edited meanwhile is paid: it is finished, and not retried."""

    async def story() -> None:
        stage.service.outcomes = {"b": [PollKind.FAILED]}
        await stage.sheet(["a", "b"])
        await stage.run(Policy(task_deadline=2.0), limits=FAST)
        await stage.sheet(["edited", "b edited"])
        await stage.run(Policy(failed_tasks=3), limits=FAST)
        jobs = await stage.jobs()
        assert str(jobs["a"].state) == "succeeded"
        assert jobs["a"].row is None
        assert str(jobs["b"].state) == "failed"
        assert set(stage.service.paid().values()) == {1}

    play(story)
