"""Looking at accepted tasks until they end.

Lazily while submits find out which slots are free; tightly where only a look can tell, and at
the end of a run.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import insort
from dataclasses import replace
from datetime import datetime

from batch_runner.core import again, decide
from batch_runner.core.decide import Look
from batch_runner.core.expect import ENOUGH, chance_done, took
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.outcomes import PollKind, PollOutcome
from batch_runner.core.pace import backoff
from batch_runner.scheduler.crew import Crew, Watched, key_refused
from batch_runner.scheduler.gates import TIMER

MOST_TIMES = 500  # of one model's tasks that are kept in mind
RIGHT_BEFORE = 3  # estimates of the provider that proved right, before they are relied on
FRESH = 5.0  # seconds since it was accepted within which a task was surely looked after


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
        outcome = await look_at(crew, job)
        elapsed = loop.time() - task.since
        looks += 1
        estimated = outcome.estimated_time or estimated
        done = outcome.kind is PollKind.COMPLETED
        in_vain = in_vain + 1 if (done or outcome.kind is PollKind.NOT_FOUND) else 0
        if done and seen:
            _compare(crew, job.model, estimated, task.last_no, elapsed)
            if outcome.actual_time is None:
                # Finished somewhere between the last look that said no and this one.
                known = crew.learned.get(job.model, ())
                outcome = replace(outcome, actual_time=took(known, task.last_no, elapsed))
        change = decide.after_poll(job, outcome, crew.policy, crew.now(), in_vain)
        if change is not None:
            return await _end(crew, job, change)
        if outcome.kind is PollKind.PENDING:
            task.last_no, seen = elapsed, True


async def _wait_for_look(
    crew: Crew, task: Watched, looks: int, last_delay: float, estimated: float | None
) -> float:
    """Sleep until the next look is due; it is planned anew when the task is woken. The seconds."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        task.woken.clear()
        look = Look(
            looks=looks,
            last_delay=last_delay,
            elapsed=begun - task.since,
            last_no=task.last_no,
            learned=crew.learned.get(task.model, ()),
            estimated=estimated,
            urgent=crew.hurry.is_set() or crew.urgent(),
        )
        delay = decide.next_look(look, crew.policy)
        due = begun + delay if task.called_for is None else min(begun + delay, task.called_for)
        left = due - loop.time()
        if left <= TIMER:
            task.called_for = None
            return delay
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await task.woken.wait()


def _compare(
    crew: Crew, model: str, estimated: float | None, last_no: float, elapsed: float
) -> None:
    """Did the provider's estimate prove right, as far as the looks can tell?"""
    if estimated is not None:
        right = last_no <= 1.02 * estimated and elapsed >= 0.98 * estimated
        crew.right[model] = crew.right.get(model, 0) + 1 if right else 0


async def look_at(crew: Crew, job: Job) -> PollOutcome:
    """Look at a task once, when it is its turn."""
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


def _seconds_since(then: datetime | None, now: datetime) -> float:
    # A clock that was set back must not make a task look younger than nothing.
    return max(0.0, (now - then).total_seconds()) if then is not None else 0.0
