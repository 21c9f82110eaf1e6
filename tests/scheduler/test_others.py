"""A run beside workers elsewhere, which share its ledger."""

from __future__ import annotations

import asyncio

from batch_runner.core.decide import Policy
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State
from tests.scheduler.conftest import Play, Stage
from tests.scheduler.simulated import wall


class Elsewhere:
    """Workers that are at something until it is said that they are not."""

    def __init__(self) -> None:
        self.at_work = True
        self._news = asyncio.Event()

    def tell(self) -> None:
        """There is news."""
        self._news.set()

    async def news(self) -> None:
        """Wait for news."""
        await self._news.wait()
        self._news.clear()

    async def leave_more(self) -> bool:
        """Whether they are at work."""
        return self.at_work


def test_a_run_goes_on_while_others_may_leave_it_something(stage: Stage, play: Play) -> None:
    """Rows that become ready later are sent, and it ends once nobody is at work."""

    async def story() -> None:
        stage.others = others = Elsewhere()
        await stage.sheet(["a"])

        async def later() -> None:
            await asyncio.sleep(300)
            await stage.sheet(["a", "b"])
            others.tell()
            await asyncio.sleep(300)
            others.at_work = False
            others.tell()

        stage.during = later
        assert await stage.run() is None
        assert asyncio.get_running_loop().time() >= 600
        assert await stage.states() == {"succeeded": 2}

    play(story)


def test_the_task_of_a_worker_that_died_is_seen_to_its_end(stage: Stage, play: Play) -> None:
    """It was paid once: it is looked at and fetched, and never sent again."""

    async def story() -> None:
        stage.others = others = Elsewhere()
        await stage.sheet(["a"])

        async def later() -> None:
            await asyncio.sleep(300)
            await stage.sheet(["a", "b"])
            job = (await stage.ledger.claim(stage.terms(Policy()))).job
            assert job is not None
            task = stage.service.accept(job.body, job.idempotency_key).task_id
            event = Event.ACCEPTED
            change = Change(job=job.id, attempt=1, event=event, at=wall(), task_id=task)
            await stage.ledger.record(job, change)
            others.at_work = False
            others.tell()

        stage.during = later
        assert await stage.run() is None
        assert await stage.states() == {"succeeded": 2}
        assert stage.service.paid() == {b"a": 1, b"b": 1}
        assert len(stage.service.submits) == 1

    play(story)


def test_a_video_is_left_to_whoever_has_its_place(stage: Stage, play: Play) -> None:
    """Where this process cannot store videos, it fetches none and gives each of them on."""

    async def story() -> None:
        given: list[Job] = []

        async def give(job: Job) -> None:
            given.append(job)

        stage.elsewhere = give
        await stage.sheet(["a", "b"])
        assert await stage.run() is None
        assert [job.state for job in given] == [State.FETCHING] * 2
        assert not stage.service.fetched
        assert await stage.states() == {"fetching": 2}

    play(story)
