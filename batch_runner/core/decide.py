"""What an answer means for a job: from an outcome to the change the ledger keeps.

Pure: time and jitter come in as values, a ``Change`` (or ``None``: look again) goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from batch_runner.core import wording
from batch_runner.core.expect import ENOUGH, time_of, usual
from batch_runner.core.failures import UNCHANGED_FAILS, Failure, classify
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.outcomes import (
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.core.pace import backoff

LINKLESS_LOOKS = 4  # a task may be "completed" a moment before its link is there
NOT_FOUND_LOOKS = 4  # an id may be unknown for a moment right after it was given
SURE_CHANCE = 0.95
URGENT_CHANCE = 0.165  # that a task is done, at which it is looked at while a slot waits for it
LAZY_CHANCE = 0.5  # the same while submits find out by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the user settled about sending, looking and downloading."""

    replay: bool = False  # idempotency: replay
    resend_503: bool = True
    failed_tasks: int = 0  # new attempts after a task failed
    policy_failures: int = 0  # ... for what it shows or says
    input_failures: int = 0  # ... for what the row gave it
    max_tries: int = 8  # sends of one job in one run
    poll_first: float = 1.0  # seconds
    poll_min: float = 1.0
    poll_max: float = 20.0
    task_deadline: float = 3600.0  # seconds in this run
    download: bool = True


_NOT_ACCEPTED = frozenset(
    {
        SubmitKind.LIMITED,
        SubmitKind.NO_BALANCE,
        SubmitKind.KEY_REFUSED,
        SubmitKind.NOT_SENT,
        SubmitKind.UNAVAILABLE,
    }
)


def after_submit(
    job: Job, outcome: SubmitOutcome, policy: Policy, now: datetime, jitter: float
) -> Change:
    """What became of a POST."""
    if outcome.kind is SubmitKind.ACCEPTED and outcome.task_id:
        return _submitted(job, Event.ACCEPTED, outcome, now, error="")
    certain = not job.replay or outcome.replayed
    if outcome.kind is SubmitKind.REJECTED and certain:
        return _rejected(job, outcome, now)
    held_503 = outcome.http_status == 503 and not policy.resend_503
    later = now + timedelta(seconds=_resend_delay(job, outcome, jitter))
    if outcome.kind in _NOT_ACCEPTED and certain and not held_503:
        text = wording.deferred(outcome)
        return _submitted(job, Event.DEFERRED, outcome, now, error=text, not_before=later)
    # Also a refused replay: it proves nothing about the send before it.
    return _submitted(job, Event.LOST, outcome, now, error=wording.lost(outcome), not_before=later)


def _rejected(job: Job, outcome: SubmitOutcome, now: datetime) -> Change:
    """A request that is wrong for good: by what it says, or by how it is made."""
    kind = classify(outcome.code, outcome.message)
    if kind is not Failure.POLICY:
        kind = Failure.INPUT
    change = _submitted(job, Event.REJECTED, outcome, now, error=wording.rejected(outcome, kind))
    told = {**(change.detail or {}), "provider_code": outcome.code}
    return replace(change, error_code=str(kind), detail=told)


def not_sent(job: Job, now: datetime) -> Change:
    """A claim that was given back before anything was sent."""
    event = Event.LOST if job.replay else Event.DEFERRED
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=event,
        at=now,
        hold=None if job.replay else 0,
        free=True,
        error_code="interrupted" if job.replay else "",
        error=wording.interrupted() if job.replay else "",
    )


def _submitted(
    job: Job,
    event: Event,
    outcome: SubmitOutcome,
    now: datetime,
    *,
    error: str,
    not_before: datetime | None = None,
) -> Change:
    released = event in {Event.DEFERRED, Event.REJECTED}
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=event,
        at=now,
        task_id=outcome.task_id,
        not_before=not_before,
        hold=0 if released else None,
        error_code=outcome.code or outcome.kind if error else "",
        error=error,
        request_id=outcome.request_id,
        raw=outcome.raw or None,
        detail={"http_status": outcome.http_status} if outcome.http_status else None,
    )


def _resend_delay(job: Job, outcome: SubmitOutcome, jitter: float) -> float:
    """Seconds before this job is sent again."""
    if outcome.kind in {SubmitKind.NO_BALANCE, SubmitKind.KEY_REFUSED}:
        return 0.0  # the whole run stops; the next one may send at once
    if outcome.retry_after is not None:
        return outcome.retry_after * (1 + 0.1 * jitter)
    if outcome.kind is SubmitKind.LIMITED:
        return 0.0  # says nothing about this row: all submits wait, see core.pace
    return backoff(job.tries, jitter)


def after_poll(
    job: Job, outcome: PollOutcome, policy: Policy, now: datetime, looks_in_vain: int
) -> Change | None:
    """What a look at a task showed; ``None``: nothing to keep, look again.

    ``looks_in_vain`` counts the looks in a row, this one included, that found the task done
    without a link, or not at all.
    """
    if outcome.kind is PollKind.COMPLETED:
        return _completed(job, outcome, policy, now, looks_in_vain)
    if outcome.kind is PollKind.FAILED:
        kind = classify(outcome.code, outcome.message)
        text = wording.task_failed(outcome, kind)
        change = _ended(job, Event.TASK_FAILED, outcome, now, outcome.cost or 0, text)
        known = kind in UNCHANGED_FAILS
        return replace(change, error_code=str(kind)) if known else change
    if outcome.kind is PollKind.NOT_FOUND and looks_in_vain >= NOT_FOUND_LOOKS:
        # A task that was seen done is paid, whatever the provider remembers of it now.
        fetching = job.state is State.FETCHING
        event = Event.UNOBTAINABLE if fetching else Event.FORGOTTEN
        text = wording.no_link() if fetching else wording.forgotten()
        return _ended(job, event, outcome, now, None, text)
    return None


def _completed(
    job: Job, outcome: PollOutcome, policy: Policy, now: datetime, looks_in_vain: int
) -> Change | None:
    if outcome.urls:
        event = Event.READY if policy.download else Event.FINISHED
        return _ended(job, event, outcome, now, outcome.cost, "")
    if looks_in_vain < LINKLESS_LOOKS:
        return None
    return _ended(job, Event.UNOBTAINABLE, outcome, now, outcome.cost, wording.no_link())


def _ended(
    job: Job, event: Event, outcome: PollOutcome, now: datetime, cost: int | None, error: str
) -> Change:
    default_code = "video_missing" if event is Event.UNOBTAINABLE else str(event)
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=event,
        at=now,
        urls=outcome.urls or None,
        expires_at=outcome.expires_at,
        thumbnail=outcome.thumbnail,
        cost=cost,
        hold=cost,  # none given: it stays at the reservation
        duration=outcome.actual_time,
        error_code=_code(event, outcome, default_code) if error else "",
        error=error,
        request_id=outcome.request_id,
        raw=outcome.raw or None,
    )


def _code(event: Event, outcome: PollOutcome, default: str) -> str:
    return outcome.code or default if event is Event.TASK_FAILED else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a task when the next look at it is planned; seconds since it was taken."""

    looks: int  # so far, by this run
    last_delay: float
    elapsed: float
    last_no: float  # at the last look that said: not yet
    learned: Sequence[float]  # times of this model's tasks, sorted
    estimated: float | None  # the provider's, if it proved right so far
    urgent: bool = True  # nobody but a look finds out that its slot is free, or it is the end


def next_look(look: Look, policy: Policy) -> float:
    """Seconds until the next look at a task.

    A model never seen: soon, then at growing distances. One that is known: whenever it is as
    likely as not that it got done since the last look; sooner where a slot waits for that.
    """
    if look.estimated is not None and look.elapsed < look.estimated:
        return min(look.estimated - look.elapsed, policy.task_deadline / 2)
    if look.estimated is not None:
        late = look.estimated / 100
        return min(policy.poll_max, max(policy.poll_min, min(look.last_delay, late * 5) * 1.3))
    if len(look.learned) < ENOUGH:
        if look.looks == 0:
            return policy.poll_first
        return min(policy.poll_max, max(policy.poll_min, look.last_delay * 1.5))
    gap = max(policy.poll_min, usual(look.learned) / 100)
    due = _likely_done(look, gap) - look.elapsed
    if look.looks == 0:
        return min(max(0.0, due), policy.task_deadline / 2)
    return min(policy.poll_max, max(gap, due))


def _likely_done(look: Look, gap: float) -> float:
    """Seconds after its start at which a look at a task is worth it.

    Where nearly all tasks that are as old end within one gap between two looks, that is once they
    are over: a look before it would only be one more.
    """
    chance = URGENT_CHANCE if look.urgent else LAZY_CHANCE
    likely = time_of(look.learned, look.last_no, chance)
    surely = time_of(look.learned, look.last_no, SURE_CHANCE)
    return surely if surely - likely <= gap else likely
