"""When a job that came to an end is taken up once more."""

from __future__ import annotations

from datetime import datetime

from batch_runner.core.decide import Policy
from batch_runner.core.failures import Failure
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.core.outcomes import PollOutcome


def should_retry(job: Job, policy: Policy) -> bool:
    """Whether a failed task gets a new attempt by itself; each kind of failure by its setting."""
    attempts = {
        str(Failure.POLICY): policy.policy_failures,
        str(Failure.INPUT): policy.input_failures,
    }.get(job.error_code, policy.failed_tasks)
    return job.row is not None and job.attempt <= attempts


def retried(job: Job, now: datetime) -> Change:
    """A new attempt for a job that failed."""
    return Change(
        job=job.id, attempt=job.attempt, event=Event.RETRIED, at=now, error_code="", error=""
    )


def called_back(job: Job, task_id: str, now: datetime) -> Change:
    """The provider called at the address of an attempt that nobody knew the task of."""
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=Event.ADOPTED,
        at=now,
        task_id=task_id,
        error_code="",
        error="",
        detail={"why": "the provider called back about its task"},
    )


def relinked(job: Job, outcome: PollOutcome, now: datetime) -> Change:
    """A finished task's links as they are now."""
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=Event.RELINKED,
        at=now,
        urls=outcome.urls,
        expires_at=outcome.expires_at,
    )


def looked_for_again(job: Job, now: datetime) -> Change:
    """A task that the provider did not know is asked for once more: the key may be another now."""
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=Event.ADOPTED,
        at=now,
        task_id=job.task_id,
        error_code="",
        error="",
        detail={"why": "its task is looked for once more"},
    )
