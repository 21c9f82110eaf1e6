"""The way of one job: claim, submit, look, download. Each step is durable before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from batch_runner.core import decide
from batch_runner.core.decide import Fetching, Policy
from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.outcomes import (
    FetchKind,
    FetchOutcome,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.core.pace import backoff
from batch_runner.core.ports import Ledger, Listener, Provider, Shelf
from batch_runner.scheduler.gates import LookGate, Slot, Throttle
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.health import Health

FRESH = 5.0  # seconds since it was accepted within which a task was surely looked after


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Everything a flight works with."""

    ledger: Ledger
    provider: Provider
    shelf: Shelf
    listener: Listener
    policy: Policy
    throttle: Throttle
    looks: LookGate
    downloads: asyncio.Semaphore
    halt: Halt
    health: Health
    now: Callable[[], datetime]  # wall time
    jitter: Callable[[], float]  # 0..1
    terms: Callable[[], ClaimTerms]
    learned: dict[str, list[float]]  # model -> seconds that its tasks took, sorted
    sending: set[asyncio.Task[object]]  # flights between their claim and the answer's record
    kept: Callable[[Change], None]  # told of each change once it is durable
    answered: Callable[[], None]  # told when a flight is no longer sending

    async def record(self, job: Job, change: Change) -> Job:
        """Make a change durable, tell it, and give the job as it is then."""
        await self.ledger.record(change)
        self.listener.changed(job, change)
        self.kept(change)
        return await self.ledger.job(job.id)


async def send_next(crew: Crew, slot: Slot, claimed: Callable[[Claim], None]) -> None:
    """Claim the next job and see it through; ``claimed`` hears at once what the claim gave."""
    ready: Job | None = None
    with slot:
        job = await _claim_and_submit(crew, claimed)
        if job is not None and job.state is State.RUNNING:
            ready = await follow(crew, job)
    if ready is not None:
        await download(crew, ready)


async def _claim_and_submit(crew: Crew, claimed: Callable[[Claim], None]) -> Job | None:
    """From the claim to the record of the answer: never interrupted by a polite stop."""
    flight = asyncio.current_task()
    assert flight is not None
    crew.sending.add(flight)
    try:
        claim = await crew.ledger.claim(crew.terms())
        claimed(claim)
        if claim.job is None:
            return None
        if crew.halt.submits_stopped:
            await crew.record(claim.job, decide.not_sent(claim.job, crew.now()))
            return None
        return await _submit(crew, claim.job)
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


async def _submit(crew: Crew, job: Job) -> Job:
    crew.listener.changed(
        job, Change(job=job.id, attempt=job.attempt, event=Event.CLAIMED, at=crew.now())
    )
    outcome = await crew.provider.submit(job.body, job.idempotency_key)
    change = decide.after_submit(job, outcome, crew.policy, crew.now(), crew.jitter())
    job = await crew.record(job, change)
    crew.health.submitted(outcome.kind, outcome.http_status)
    _heed(crew, outcome)
    return job


def _heed(crew: Crew, outcome: SubmitOutcome) -> None:
    """What one row's answer means for all rows."""
    if outcome.kind is SubmitKind.ACCEPTED:
        crew.throttle.was_accepted()
    elif outcome.kind is SubmitKind.LIMITED:
        loop = asyncio.get_running_loop()
        seconds = crew.throttle.was_limited(loop.time(), outcome.retry_after, crew.jitter())
        crew.listener.noticed("limited", f"The provider asks for less: {seconds:.0f} s pause.")
    elif outcome.kind is SubmitKind.NO_BALANCE:
        crew.halt.stop_submits(
            StopReason(code="no_balance", message=f"the balance is used up: {outcome.message}")
        )
    elif outcome.kind is SubmitKind.KEY_REFUSED:
        crew.halt.leave(key_refused(outcome.message))


def key_refused(message: str) -> StopReason:
    """The API key does not work (any more)."""
    return StopReason(code="key_refused", message=f"the API key is refused: {message}")


async def follow(crew: Crew, job: Job) -> Job | None:
    """Look at an accepted task until it ends; the job if its video is to be downloaded."""
    loop = asyncio.get_running_loop()
    started, looks, in_vain = loop.time(), 0, 0
    elapsed_before = _seconds_since(job.accepted_at, crew.now())
    delay, estimated = 0.0, None
    # Of a task that went on while nobody looked, only a look that says no tells anything.
    last_no = 0.0 if elapsed_before < FRESH else None
    while True:
        in_run = loop.time() - started
        delay = decide.next_look(
            looks=looks,
            last_delay=delay,
            elapsed=elapsed_before + in_run,
            learned=crew.learned.get(job.model, ()),
            estimated=estimated,
            policy=crew.policy,
        )
        if in_run + delay > crew.policy.task_deadline and looks > 0:
            return None  # it stays running: the next run looks again
        await asyncio.sleep(delay)
        outcome = await _look(crew, job)
        elapsed = elapsed_before + loop.time() - started
        estimated = outcome.estimated_time or estimated
        looks += 1
        done = outcome.kind is PollKind.COMPLETED
        in_vain = in_vain + 1 if (done or outcome.kind is PollKind.NOT_FOUND) else 0
        if done and outcome.actual_time is None and last_no is not None:
            # Finished somewhere between the last look that said no and this one.
            outcome = replace(outcome, actual_time=(last_no + elapsed) / 2)
        change = decide.after_poll(job, outcome, crew.policy, crew.now(), in_vain)
        if change is not None:
            return await _end(crew, job, change)
        if outcome.kind is PollKind.PENDING:
            last_no = elapsed


async def _look(crew: Crew, job: Job) -> PollOutcome:
    assert job.task_id is not None
    await crew.looks.wait()
    outcome = await crew.provider.poll(job.task_id)
    crew.health.looked(outcome.kind)
    if outcome.kind is PollKind.KEY_REFUSED:
        crew.halt.leave(key_refused(outcome.message))
    elif outcome.kind is PollKind.LIMITED:
        crew.looks.pause(outcome.retry_after or backoff(1, crew.jitter(), first=2.0))
    elif outcome.kind is PollKind.NO_BALANCE:
        crew.looks.pause(backoff(1, crew.jitter(), first=5.0))
    return outcome


async def _end(crew: Crew, job: Job, change: Change) -> Job | None:
    """The task is over at the provider: keep it, learn from it, and say what is next."""
    if change.event in {Event.READY, Event.FINISHED} and change.duration is not None:
        known = crew.learned.setdefault(job.model, [])
        known.append(change.duration)
        known.sort()
    job = await crew.record(job, change)
    crew.throttle.has_ended()
    if job.state is State.FAILED and decide.should_retry(job, crew.policy):
        await crew.record(job, decide.retried(job, crew.now()))
    return job if job.state is State.FETCHING else None


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
        outcome = await _look(crew, job)
        change = decide.after_poll(job, outcome, crew.policy, crew.now(), look)
        if change is not None:
            job = await crew.record(job, change)
            return job if job.state is State.FETCHING else None
        await asyncio.sleep(backoff(look, crew.jitter()))
    missing = FetchOutcome(kind=FetchKind.LINK_DEAD, message="no fresh link came")
    await crew.record(job, decide.unobtainable(job, missing, crew.now()))
    return None


def _seconds_since(then: datetime | None, now: datetime) -> float:
    # A clock that was set back must not make a task look younger than nothing.
    return max(0.0, (now - then).total_seconds()) if then is not None else 0.0
