"""The way of one job: claim, submit, look, download. Each step is durable before the next."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from batch_runner.core import again, decide
from batch_runner.core.decide import Fetching, Look, Policy
from batch_runner.core.expect import ENOUGH, chance_done
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
from batch_runner.scheduler.breaker import Breaker
from batch_runner.scheduler.gates import LookGate, Slot, Throttle
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.health import Health

MOST_TIMES = 500  # of one model's tasks that are kept in mind
WORTH_TELLING = 2.0  # seconds; shorter pauses are how limits are found
RIGHT_BEFORE = 3  # estimates of the provider that proved right, before they are relied on
FRESH = 5.0  # seconds since it was accepted within which a task was surely looked after


@dataclass(slots=True, kw_only=True)
class Watched:
    """A task at work, as far as it was looked at."""

    model: str
    since: float  # loop time at which it was taken; before this run's start, if by an earlier one
    last_no: float = 0.0  # seconds after that at which a look still said no


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
    breaker: Breaker
    now: Callable[[], datetime]  # wall time
    jitter: Callable[[], float]  # 0..1
    terms: Callable[[], ClaimTerms]
    learned: dict[str, list[float]]  # model -> seconds that its tasks took, sorted
    right: dict[str, int]  # model -> estimates of the provider in a row that proved right
    watched: dict[int, Watched]  # job -> its task at work
    hurry: asyncio.Event  # set once nothing is left to send: the end waits for looks alone
    urgent: Callable[[], bool]  # whether a look alone finds out that a slot is free
    sending: set[asyncio.Task[object]]  # flights between their claim and the answer's record
    kept: Callable[[Change], None]  # told of each change once it is durable
    answered: Callable[[], None]  # told when a flight is no longer sending

    async def record(self, job: Job, change: Change) -> Job:
        """Make a change durable, tell it, and give the job as it is then."""
        now = await self.ledger.record(change)
        self.listener.changed(job, change)
        self.kept(change)
        return now


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
        if crew.halt.submits_stopped:
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


def key_refused(message: str) -> StopReason:
    """The API key does not work (any more)."""
    return StopReason(code="key_refused", message=f"the API key is refused: {message}")


def ended_unseen(crew: Crew) -> float:
    """How many of the tasks at work are done by now, as far as earlier times tell."""
    now, total = asyncio.get_running_loop().time(), 0.0
    for task in crew.watched.values():
        times = crew.learned.get(task.model, ())
        if len(times) >= ENOUGH:
            total += chance_done(times, task.last_no, now - task.since)
    return total


async def follow(crew: Crew, job: Job) -> Job | None:
    """Look at an accepted task until it ends; the job if its video is to be downloaded."""
    now = asyncio.get_running_loop().time()
    elapsed = _seconds_since(job.accepted_at, crew.now())
    task = Watched(model=job.model, since=now - elapsed)
    crew.watched[job.id] = task
    try:
        return await _follow(crew, job, task, now)
    finally:
        crew.watched.pop(job.id, None)


async def _follow(crew: Crew, job: Job, task: Watched, started: float) -> Job | None:
    loop = asyncio.get_running_loop()
    looks, in_vain, delay, estimated = 0, 0, 0.0, None
    # Of a task that went on while nobody looked, only a look that says no tells anything.
    seen = started - task.since < FRESH
    while True:
        trusted = estimated if crew.right.get(job.model, 0) >= RIGHT_BEFORE else None
        delay = await _wait_for_look(crew, task, looks, delay, trusted)
        if loop.time() - started > crew.policy.task_deadline and looks > 0:
            return None  # it stays running: the next run looks again
        outcome = await _look(crew, job)
        elapsed = loop.time() - task.since
        looks += 1
        estimated = outcome.estimated_time or estimated
        done = outcome.kind is PollKind.COMPLETED
        in_vain = in_vain + 1 if (done or outcome.kind is PollKind.NOT_FOUND) else 0
        if done and seen:
            _compare(crew, job.model, estimated, task.last_no, elapsed)
            if outcome.actual_time is None:
                # Finished somewhere between the last look that said no and this one.
                outcome = replace(outcome, actual_time=(task.last_no + elapsed) / 2)
        change = decide.after_poll(job, outcome, crew.policy, crew.now(), in_vain)
        if change is not None:
            return await _end(crew, job, change)
        if outcome.kind is PollKind.PENDING:
            task.last_no, seen = elapsed, True


async def _wait_for_look(
    crew: Crew, task: Watched, looks: int, last_delay: float, estimated: float | None
) -> float:
    """Sleep until the next look is due; it is planned anew once the end is near. The seconds."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        hurried = crew.hurry.is_set()
        look = Look(
            looks=looks,
            last_delay=last_delay,
            elapsed=begun - task.since,
            last_no=task.last_no,
            learned=crew.learned.get(task.model, ()),
            estimated=estimated,
            urgent=hurried or crew.urgent(),
        )
        delay = decide.next_look(look, crew.policy)
        left = begun + delay - loop.time()
        if hurried or left <= 0:
            await asyncio.sleep(max(0.0, left))
            return delay
        try:
            async with asyncio.timeout(left):
                await crew.hurry.wait()
        except TimeoutError:
            return delay


def _compare(
    crew: Crew, model: str, estimated: float | None, last_no: float, elapsed: float
) -> None:
    """Did the provider's estimate prove right, as far as the looks can tell?"""
    if estimated is not None:
        right = last_no <= 1.02 * estimated and elapsed >= 0.98 * estimated
        crew.right[model] = crew.right.get(model, 0) + 1 if right else 0


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
        insort(known, change.duration)
        if len(known) > MOST_TIMES:
            del known[::2]  # half of them tell the same
    job = await crew.record(job, change)
    crew.throttle.has_ended()
    if job.state is State.FAILED and again.should_retry(job, crew.policy):
        await crew.record(job, again.retried(job, crew.now()))
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
