"""Giving a stored video its lasting link."""

from __future__ import annotations

from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.core.publishing import after_publishing
from batch_runner.scheduler.crew import Crew


async def publish(crew: Crew, job: Job) -> None:
    """Put a video where everybody can open it, where that is wanted, and keep its link.

    Trouble is kept with the row, which stays what it is: the next run tries again.
    """
    if crew.publisher is None or job.state is not State.SUCCEEDED or job.video_file is None:
        return
    async with crew.puts:
        outcome = crew.breaker.publishes_nothing or await crew.publisher.publish(job)
    crew.breaker.published(outcome)
    change = after_publishing(job, outcome, crew.now())
    if change is not None:
        await crew.record(job, change)
