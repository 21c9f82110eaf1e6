"""The way of one job: claim, submit, look, download. Each step is durable before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from batch_runner.core import decide
from batch_runner.core.decide import Fetching
from batch_runner.core.jobs import Change, Claim, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.outcomes import (
    FetchKind,
    FetchOutcome,
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.core.pace import backoff
from batch_runner.scheduler.crew import Crew, key_refused
from batch_runner.scheduler.follow import ended_unseen, follow, look_at
from batch_runner.scheduler.gates import Slot
from batch_runner.scheduler.halt import StopReason

WORTH_TELLING = 2.0  # seconds; shorter pauses are how limits are found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Who hears of one sending."""

    claimed: Callable[[Claim], None]  # at once, what the claim gave
    probed: Callable[[bool], None] | None = None  # of one beyond the slots: if it was taken


async def send_next(crew: Crew, slot: Slot, sending: Sending) -> None:
    """Claim the next job and see it through."""
    ready: Job | None = None
    with slot:
        job = await _claim_and_submit(crew, sending)
        if job is not None and job.state is State.RUNNING:
            ready = await follow(crew, job)
    if ready is not None:
        await download(crew, ready)


async def _claim_and_submit(crew: Crew, sending: Sending) -> Job | None:
    """From the claim to the record of the answer: never interrupted by a polite stop."""
    flight = asyncio.current_task()
    assert flight is not None
    crew.sending.add(flight)
    try:
        claim = await crew.ledger.claim(crew.terms())
        sending.claimed(claim)
        if claim.job is None:
            return None
        if crew.halt.holds_submits:
            await crew.record(claim.job, decide.not_sent(claim.job, crew.now()))
            return None
        return await _submit(crew, claim.job, sending.probed)
    finally:
        crew.sending.discard(flight)
        crew.answered()


async def resume(crew: Crew, job: Job, slot: Slot) -> None:
    """Go on with a job that was accepted by an earlier run."""
    ready: Job | None = job
    with slot:
        if job.state is State.RUNNING:
            ready = await follow(crew, job)
    if ready is not None and not crew.policy.download:
        done = Change(job=ready.id, attempt=ready.attempt, event=Event.FINISHED, at=crew.now())
        await crew.record(ready, done)
    elif ready is not None:
        await download(crew, ready)


async def refetch(crew: Crew, job: Job) -> None:
    """Another try for a video that is paid but missing; its link may be long dead."""
    change = Change(job=job.id, attempt=job.attempt, event=Event.REFETCHED, at=crew.now())
    job = await crew.record(job, change)
    await download(crew, job)


async def _submit(crew: Crew, job: Job, probed: Callable[[bool], None] | None) -> Job:
    crew.listener.changed(
        job, Change(job=job.id, attempt=job.attempt, event=Event.CLAIMED, at=crew.now())
    )
    sent_at = asyncio.get_running_loop().time()
    outcome = await crew.provider.submit(job.body, job.idempotency_key)
    change = decide.after_submit(job, outcome, crew.policy, crew.now(), crew.jitter())
    too_early = probed is not None and outcome.kind is SubmitKind.LIMITED
    job = await crew.record(job, replace(change, free=True) if too_early else change)
    crew.health.submitted(outcome.kind, outcome.http_status)
    if too_early:
        crew.throttle.probe_refused(outcome.retry_after, crew.jitter())
    else:
        _heed(crew, outcome, sent_at)
    if probed is not None:
        probed(not too_early)
    return job


def _heed(crew: Crew, outcome: SubmitOutcome, sent_at: float) -> None:
    """What one row's answer means for all rows."""
    crew.breaker.answered(outcome)
    if outcome.kind is SubmitKind.ACCEPTED:
        crew.throttle.was_accepted()
    elif outcome.kind is SubmitKind.LIMITED:
        seconds = crew.throttle.was_limited(
            sent_at, outcome.retry_after, crew.jitter(), ended=ended_unseen(crew)
        )
        if seconds >= WORTH_TELLING:
            crew.listener.noticed("limited", f"The provider asks for less: {seconds:.0f} s pause.")
    elif outcome.kind is SubmitKind.NO_BALANCE:
        crew.halt.stop_submits(
            StopReason(code="no_balance", message=f"the balance is used up: {outcome.message}")
        )
    elif outcome.kind is SubmitKind.KEY_REFUSED:
        crew.halt.leave(key_refused(outcome.message))


async def download(crew: Crew, job: Job) -> None:
    """Bring a finished task's video home; a dead link is asked for anew."""
    target = await crew.shelf.place(job)
    so_far = Fetching(tries=0, fresh_links=0, video_file="")
    current: Job | None = job
    while current is not None:
        outcome = await _fetch(crew, current, target)
        name = crew.shelf.name(outcome.path) if outcome.path is not None else ""
        so_far = replace(so_far, tries=so_far.tries + 1, video_file=name)
        step = decide.after_fetch(current, outcome, crew.now(), so_far, crew.jitter())
        if step.change is not None:
            await crew.record(current, step.change)
            return
        if step.fresh_link:
            so_far = so_far.fresh()
            current = await _fresh_link(crew, current)
        else:
            await asyncio.sleep(step.delay)


async def _fetch(crew: Crew, job: Job, target: Path) -> FetchOutcome:
    if not job.urls:
        return FetchOutcome(kind=FetchKind.LINK_DEAD, message="no link is known")
    async with crew.downloads:
        return await crew.provider.fetch(job.urls[0], target)


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
    await crew.record(job, decide.unobtainable(job, missing, crew.now()))
    return None
