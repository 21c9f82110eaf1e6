"""Accepted tasks that nobody sees to: of an earlier run, or of a worker elsewhere that died."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from batch_runner.core.lifecycle import State
from batch_runner.core.ports import Others
from batch_runner.scheduler.crew import Crew
from batch_runner.scheduler.flight import refetch, resume
from batch_runner.scheduler.publish import publish

Launch = Callable[[Coroutine[Any, Any, None]], None]


async def take_over(crew: Crew, launch: Launch) -> None:
    """See to them from now on; they are paid."""
    for job in await crew.ledger.open_jobs():
        if job.state is State.RUNNING:
            crew.throttle.accepted += 1
        launch(resume(crew, job, crew.throttle.take()))


async def fetch_missing(crew: Crew, launch: Launch) -> None:
    """Try once more for videos that could not be had, or not be published."""
    if crew.policy.download:
        for job in await crew.ledger.without_video():
            launch(refetch(crew, job))
    if crew.publisher is not None:
        for job in await crew.ledger.unpublished(crew.publisher.base):
            launch(publish(crew, job))


async def keep_up(crew: Crew, others: Others, launch: Launch, more: Callable[[], None]) -> None:
    """Beside other workers, until cancelled: go on with what they left, and tell of news."""
    while True:
        await others.news()
        await take_over(crew, launch)
        more()
