"""Bringing a finished task's video home."""

from __future__ import annotations

import asyncio

from batch_runner.core import decide, fetching
from batch_runner.core.fetching import Fetching
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.core.pace import backoff
from batch_runner.scheduler.crew import Crew
from batch_runner.scheduler.follow import look_at
from batch_runner.scheduler.publish import publish


async def download(crew: Crew, job: Job) -> None:
    """Bring a finished task's video home, keep it, and publish it where that is wanted."""
    came = await crew.shelf.at_hand(job)
    current = job if came is not None else None
    if came is None:
        current, came = await _fetch(crew, job)
    if current is not None and came is not None:
        await _keep(crew, current, came)


async def _fetch(crew: Crew, job: Job) -> tuple[Job | None, FetchOutcome | None]:
    """Download it; a dead link is asked for anew. The job as it is then, and what came.

    Where nothing can be stored any more it stays as it is: the next run goes on with it.
    """
    target, part = await crew.shelf.place(job), await crew.shelf.part(job)
    so_far = Fetching()
    current: Job | None = job
    while current is not None:
        untried = so_far == Fetching()
        if not current.urls or (untried and fetching.is_dead(current, crew.now())):
            outcome = FetchOutcome(kind=FetchKind.LINK_DEAD, message="no link is known to work")
        else:
            async with crew.downloads.turn(current.expires_at):
                if crew.breaker.stores_nothing:
                    return None, None
                outcome = await crew.provider.fetch(current.urls[0], target, part)
            crew.breaker.fetched(outcome)
            if outcome.kind is FetchKind.SAVED:
                return current, outcome
        so_far = so_far.after(outcome)
        step = fetching.after_fetch(current, outcome, crew.now(), so_far, crew.jitter())
        if step.change is not None:
            await crew.record(current, step.change)
            return None, None
        if step.fresh_link:
            so_far = so_far.fresh()
            current = await _fresh_link(crew, current)
        else:
            await asyncio.sleep(step.delay)
    return None, None


async def _keep(crew: Crew, job: Job, came: FetchOutcome) -> None:
    """Put a video that came where videos are kept; if that fails, the next run does so."""
    async with crew.puts:
        kept = crew.breaker.keeps_nothing or await crew.shelf.keep(job, came)
    crew.breaker.kept(kept)
    job = await crew.record(job, fetching.kept(job, came, kept, crew.now()))
    if not kept.trouble:
        await crew.shelf.settled(job)
    await publish(crew, job)


async def _fresh_link(crew: Crew, job: Job) -> Job | None:
    """Ask the task for a link that works; ``None`` when the job has come to an end instead."""
    for look in range(1, decide.LINKLESS_LOOKS + 1):
        outcome = await look_at(crew, job)
        change = decide.after_poll(job, outcome, crew.policy, crew.now(), look)
        if change is not None:
            job = await crew.record(job, change)
            return job if job.state is State.FETCHING else None
        await asyncio.sleep(backoff(look, crew.jitter()))
    missing = FetchOutcome(kind=FetchKind.LINK_DEAD, message="no fresh link came")
    await crew.record(job, fetching.unobtainable(job, missing, crew.now()))
    return None
