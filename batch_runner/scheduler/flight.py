"""The way of one job: claim, submit, look, download. Each step is durable before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from batch_runner.core import decide
from batch_runner.core.callback import bytes_to_send
from batch_runner.core.jobs import Change, Claim, Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.outcomes import (
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.scheduler.crew import Crew, key_refused
from batch_runner.scheduler.fetch import download
from batch_runner.scheduler.follow import ended_unseen, follow
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
        await _bring_home(crew, ready)


async def _bring_home(crew: Crew, job: Job) -> None:
    """Fetch its video, or leave that to a process that has its place."""
    if crew.elsewhere is None:
        await download(crew, job)
    else:
        await crew.elsewhere(job)


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
        await _bring_home(crew, ready)


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
    outcome = await crew.provider.submit(bytes_to_send(job), job.idempotency_key)
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
            crew.listener.noticed(
                "limited",
                phrase("The provider asks for less: {seconds:.0f} s pause.", seconds=seconds),
            )
    elif outcome.kind is SubmitKind.NO_BALANCE:
        crew.halt.stop_submits(
            StopReason(
                code="no_balance",
                message=phrase("the balance is used up: {message}", message=outcome.message),
            )
        )
    elif outcome.kind is SubmitKind.KEY_REFUSED:
        crew.halt.leave(key_refused(outcome.message))
