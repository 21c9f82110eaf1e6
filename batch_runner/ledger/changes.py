"""What happened to a job, kept: its row, its attempt and a line of history in one transaction.

Only the columns that a change speaks of are written, so only their indexes are touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from batch_runner.core.effects import TASK_GIVEN, Standing, after, effect
from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.ledger import takes, views
from batch_runner.ledger.database import Connection
from batch_runner.ledger.history import write_event
from batch_runner.ledger.rows import stamp, to_time

_ENDINGS = frozenset(
    {Event.TASK_FAILED, Event.REJECTED, Event.READY, Event.FINISHED, Event.UNOBTAINABLE}
)
_OF_ATTEMPT = (
    "task_id",
    "duration",
    "hold",
    "cost",
    "video_file",
    "video_size",
    "video_sha256",
    "published",
    "thumbnail",
    "error_code",
    "error",
    "request_id",
    "raw",
)
_TOLD = (
    "task_id",
    "error_code",
    "error",
    "request_id",
    "cost",
    "video_file",
    "published",
    "raw",
)


def record(connection: Connection, job: Job, change: Change) -> Job:
    """Apply one change and give the job as it is then.

    Raises:
        LedgerError: the job has gone on to another attempt.
        IllegalTransitionError: the event cannot happen in the job's state.
    """
    standing, fields = apply(connection, change)
    if fields["state"] is State.FAILED and change.attempt > 1:
        return views.job(connection, change.job)  # an earlier take of it may stand again
    return after(job, change, standing, fields)


def apply(connection: Connection, change: Change) -> tuple[Standing, Mapping[str, Any]]:
    """Apply one change to a job and its attempt, and add it to the history.

    Returns:
        What the ledger had of the job, and the job's fields that the change sets.

    Raises:
        LedgerError: the job has gone on to another attempt.
        IllegalTransitionError: the event cannot happen in the job's state.
    """
    row = connection.execute(
        f"""SELECT state, attempt, row, key, row_hash, tries, finished_at, estimate_low,
               estimate_high, cost FROM jobs j WHERE id = ? {connection.locked}""",  # noqa: S608 - constants
        (change.job,),
    ).fetchone()
    if row is None or row["attempt"] != change.attempt:
        raise LedgerError(
            f"job {change.job} is no longer at attempt {change.attempt}", code="stale_attempt"
        )
    before = State(row["state"])
    state = advance(before, change.event)
    at = change.at.timestamp()
    if before is State.SUCCEEDED and state is State.QUEUED:
        takes.leave(connection, change.job, change.attempt)
    if change.event is not Event.INVALIDATED:  # that is said of the row, not of what was sent
        _to_attempt(connection, change, at)
    standing = Standing(
        row=row["row"],
        key=row["key"],
        row_hash=row["row_hash"],
        tries=row["tries"],
        finished_at=to_time(row["finished_at"]),
        estimate_low=row["estimate_low"],
        estimate_high=row["estimate_high"],
        cost=row["cost"] if change.cost is None else _cost(connection, change.job),
    )
    fields = effect(change, standing, state)
    columns = _columns(fields)
    columns["updated_at"] = at
    if change.event is Event.RETRIED and before is State.SUCCEEDED:
        columns["take"] = None  # wanted as its row asks for it today
    if change.not_before is not None:
        columns["not_before"] = change.not_before.timestamp()
    if state is not before:
        columns["noted"] = False
    connection.execute(_update_job(tuple(columns)), (*columns.values(), change.job))
    write_event(connection, change.job, change.attempt, (change.event, state), at, _detail(change))
    if state is State.FAILED and change.attempt > 1:
        takes.stand_again(connection, change.job, change.at, error=change.error or "")
    return standing, fields


def _cost(connection: Connection, job: int) -> int | None:
    (total,) = connection.execute(
        "SELECT sum(cost) FROM attempts WHERE job = ?", (job,)
    ).fetchone()
    return None if total is None else int(total)


def _to_attempt(connection: Connection, change: Change, at: float) -> None:
    if change.event is Event.REDONE:
        return  # it ended as it did; the one to come has no attempt yet
    values: dict[str, Any] = {"outcome": change.event}
    for name in _OF_ATTEMPT:
        value = getattr(change, name)
        if value is not None:
            values[name] = value
    if change.event in TASK_GIVEN:
        values["accepted_at"] = at
    if change.event in _ENDINGS:
        values["ended_at"] = at
    connection.execute(
        _update_attempt(tuple(values)), (*values.values(), change.job, change.attempt)
    )


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A job's fields as its row spells them."""
    columns = dict(fields)
    if "urls" in columns:
        columns["urls"] = json.dumps(columns["urls"]) if columns["urls"] else None
    for name in ("expires_at", "finished_at"):
        if name in columns:
            columns[name] = stamp(columns[name])
    return columns


# The names are the columns above, never anything from outside.


@lru_cache(maxsize=64)
def _update_job(names: tuple[str, ...]) -> str:
    return f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"  # noqa: S608


@lru_cache(maxsize=64)
def _update_attempt(names: tuple[str, ...]) -> str:
    # A time that is known stays: a fresh link does not end a task once more.
    kept = {"accepted_at", "ended_at"}
    sets = (f"{n} = coalesce({n}, ?)" if n in kept else f"{n} = ?" for n in names)
    return f"UPDATE attempts SET {', '.join(sets)} WHERE job = ? AND n = ?"  # noqa: S608


def _detail(change: Change) -> dict[str, object]:
    """What the history keeps of a change."""
    told: dict[str, object] = dict(change.detail or {})
    for name in _TOLD:
        value = getattr(change, name)
        if value not in (None, ""):
            told[name] = value
    return told
