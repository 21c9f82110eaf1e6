"""What a change makes of a job: the one answer for the ledger's row and for who holds the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State

_FINAL = frozenset({State.SUCCEEDED, State.FAILED})
_NEW_ATTEMPT_TO_COME = frozenset({Event.RETRIED, Event.REDONE, Event.RELEASED})
_OF_A_TASK: tuple[tuple[str, object], ...] = (
    ("urls", ()),
    ("expires_at", None),
    ("video_file", None),
    ("published", None),
)
"""What a job shows of one task, and what stands for none of it."""

TASK_GIVEN = frozenset({Event.ACCEPTED, Event.ADOPTED})
"""From here on a job shows this task's results; a former attempt keeps its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the ledger must be asked of a job when something happened to it.

    The sheet may have moved its row meanwhile, and other attempts may have cost something.
    """

    row: int | None
    key: str | None
    row_hash: str
    tries: int
    finished_at: datetime | None
    estimate_low: int | None
    estimate_high: int | None
    cost: int | None  # of all attempts, this change included


def effect(change: Change, standing: Standing, state: State) -> dict[str, Any]:
    """The fields of the job that a change sets, ``state`` being what it leads to."""
    fields: dict[str, Any] = {"state": state, "cost": standing.cost}
    fresh = change.event in TASK_GIVEN
    for name, blank in _OF_A_TASK:
        value = getattr(change, name)
        if value is not None or fresh:
            fields[name] = blank if value is None else value
    for name in ("task_id", "error_code", "error"):
        value = getattr(change, name)
        if value is not None:
            fields[name] = value
    if change.event in _NEW_ATTEMPT_TO_COME:
        fields["task_id"] = None
    fields["finished_at"] = (standing.finished_at or change.at) if state in _FINAL else None
    fields["tries"] = standing.tries - change.free
    return fields


def after(job: Job, change: Change, standing: Standing, fields: Mapping[str, Any]) -> Job:
    """A job as it is once a change is kept, without asking for all of it again.

    ``fields``: what :func:`effect` said of the change.
    """
    given = job.accepted_at or change.at if change.event in TASK_GIVEN else job.accepted_at
    return replace(
        job,
        row=standing.row,
        key=standing.key,
        row_hash=standing.row_hash,
        estimate_low=standing.estimate_low,
        estimate_high=standing.estimate_high,
        accepted_at=given,
        replay=False,
        **fields,
    )
