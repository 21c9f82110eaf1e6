"""Calls from the provider, and from whoever pretends to be it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from batch_runner.core.decide import Policy
from batch_runner.core.outcomes import SubmitKind, SubmitOutcome
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

RARELY = Policy(poll_first=600.0, poll_min=600.0, poll_max=600.0)
LIMITS = Limits(slots=9, rate=50.0)


def at(stage: Stage, *deeds: tuple[float, Callable[[], object]]) -> None:
    """Have things done at these moments of the next run."""

    async def do() -> None:
        begun = asyncio.get_running_loop().time()
        for when, deed in deeds:
            await asyncio.sleep(begun + when - asyncio.get_running_loop().time())
            deed()

    stage.during = do


def test_a_call_ends_a_job_without_waiting_for_the_next_look(stage: Stage, play: Play) -> None:
    """The task is looked at when the call comes, once, and is done."""

    async def story() -> None:
        jobs = await stage.sheet(["a", "b"])
        at(stage, (70.0, lambda: stage.controls.calls.about(jobs[2], "task_1")))
        assert await stage.run(RARELY, limits=LIMITS) is None
        moments = [round(when) for when, _ in stage.service.looks]
        assert moments == [70, 600]
        assert await stage.states() == {"succeeded": 2}

    play(story)


def test_a_forged_call_costs_a_look_and_a_flood_no_more_than_one_in_five_seconds(
    stage: Stage, play: Play
) -> None:
    """A call before the task has ended changes nothing, however often it comes."""

    async def story() -> None:
        jobs = await stage.sheet(["a"])
        stage.service.seconds = 300.0

        def flood() -> None:
            for _ in range(500):
                assert stage.controls.calls.about(jobs[2], "task_1")
                assert not stage.controls.calls.about(4711, None)

        at(stage, *((10.0 + n / 10, flood) for n in range(100)))
        assert await stage.run(RARELY, limits=LIMITS) is None
        moments = [round(when) for when, _ in stage.service.looks]
        assert moments == [10, 15, 20, 620]
        assert await stage.states() == {"succeeded": 1}
        assert set(stage.service.paid().values()) == {1}

    play(story)


def _lost(stage: Stage) -> Callable[[], object]:
    """The service takes the work, and its answer is lost."""

    async def accepted_unheard() -> SubmitOutcome:
        _, key, body = stage.service.submits[0]
        stage.service.accept(body, key)
        return SubmitOutcome(kind=SubmitKind.UNKNOWN, code="connection_lost")

    return accepted_unheard


def test_a_call_links_a_task_that_nobody_knew_of(stage: Stage, play: Play) -> None:
    """A submit without an answer, called about: linked, followed to its end, paid once."""

    async def story() -> None:
        stage.service.faults[1] = _lost(stage)  # type: ignore[assignment]
        jobs = await stage.sheet(["a", "b"])
        at(stage, (30.0, lambda: stage.controls.calls.about(jobs[2], "task_1")))
        assert await stage.run(limits=LIMITS) is None
        assert await stage.states() == {"succeeded": 2}
        job = (await stage.jobs())["a"]
        assert job.task_id == "task_1"
        assert job.video_file is not None
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_a_call_links_only_a_task_that_exists_and_is_nobody_elses(
    stage: Stage, play: Play
) -> None:
    """An id that the provider does not know, or that another row has, is not believed."""

    async def story() -> None:
        stage.service.faults[1] = _lost(stage)  # type: ignore[assignment]
        jobs = await stage.sheet(["a", "b"])

        def lie() -> None:
            for task in ("task_99", "task_2", None):
                stage.controls.calls.about(jobs[2], task)

        at(stage, (30.0, lie))
        assert await stage.run(limits=LIMITS) is None
        assert await stage.states() == {"succeeded": 1, "unknown": 1}
        assert (await stage.jobs())["a"].task_id is None

    play(story)
