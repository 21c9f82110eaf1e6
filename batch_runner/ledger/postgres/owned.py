"""Jobs that workers have: only their owner changes them, and nobody's jobs find a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import OPEN, TRANSITIONS, Event, State
from batch_runner.core.wording import interrupted
from batch_runner.ledger import changes, runs, views
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.postgres.bucket import Desk, lease_lost
from batch_runner.ledger.rows import (
    MAY_BE_OPEN,
    WITHOUT_VIDEO,
    to_time,
)

ORPHANED = "owner IS NOT NULL AND owner NOT IN (SELECT token FROM workers)"
"""Whoever had it is no more."""

FREE = f"(owner IS NULL OR {ORPHANED})"
"""No worker that lives has it."""

_LATE = {
    Event.ACCEPTED: Event.ADOPTED,
    Event.DEFERRED: Event.RELEASED,
    Event.REJECTED: Event.RELEASED,
}
"""What becomes of an answer that comes late."""

_AT_WORK = f"j.{MAY_BE_OPEN} AND j.state IN ('running', 'fetching')"


def record(connection: Connection, job: Job, change: Change, token: str | None) -> Job:
    """Keep what happened to a job, if it is this worker's, or nobody's and not under way.

    The answer to a request comes late where its sender was taken for dead: its job is unknown by
    then, or was released. What it says for sure is heard all the same: a task id, since the task is
    paid; or that nothing was accepted.

    Raises:
        LedgerError: others do this worker's jobs (code ``lease_lost``), or the job has gone on to
            another attempt.
        IllegalTransitionError: the event cannot happen in the job's state.
    """
    row = connection.execute(
        f"SELECT owner, state, attempt, task_id FROM jobs WHERE id = ? {connection.locked}",  # noqa: S608 - constants
        (change.job,),
    ).fetchone()
    if row is None or _may(row, change, token):
        return changes.record(connection, job, _by_our_clock(connection, change, token))
    late = _heard_late(row, change)
    if late is not None:
        changes.record(connection, job, late)
    elif change.task_id is None or row["task_id"] != change.task_id:
        raise lease_lost()
    return views.job(connection, change.job)


def _heard_late(row: Row, change: Change) -> Change | None:
    """What an answer that comes late makes of a job that nobody has; ``None``: nothing."""
    event = _LATE.get(change.event)
    if event is None or row["owner"] is not None or row["attempt"] != change.attempt:
        return None
    if (State(row["state"]), event) not in TRANSITIONS:
        return None
    hold = 0 if event is Event.RELEASED else change.hold
    return replace(change, event=event, hold=hold, error_code="", error="", not_before=None)


def _by_our_clock(connection: Connection, change: Change, token: str | None) -> Change:
    """A worker says when a job may be sent again by a clock of its own; claims go by the database's."""
    if token is None or change.not_before is None:
        return change
    (seconds,) = connection.execute("SELECT seconds()").fetchone()
    wait = (change.not_before - change.at).total_seconds()
    return replace(change, not_before=to_time(seconds + max(0.0, wait)))


def _may(row: Row, change: Change, token: str | None) -> bool:
    """Whether this worker (or a command, which is none) may change a job."""
    if row["owner"] is not None:
        return bool(row["owner"] == token)
    state = State(row["state"])
    return token is None or (state not in OPEN and (state, change.event) in TRANSITIONS)


def adopt(
    connection: Connection, desk: Desk, campaign: int, most: int, *, videos: bool = True
) -> list[Job]:
    """Take tasks at work that nobody has, the oldest first; those that this worker has now.

    ``videos``: also those that are done, and whose video is to be fetched.
    """
    which = _AT_WORK if videos else f"{_AT_WORK} AND j.state = 'running'"
    taken = _take(connection, which, desk.token, most)
    connection.executemany(
        """INSERT INTO flights (campaign, job, account, origin)
           SELECT ?, id, ?, ? FROM jobs WHERE id = ? AND state = 'running'
           ON CONFLICT DO NOTHING""",
        [(campaign, desk.account, desk.origin, job) for job in taken],
    )
    return views.some_jobs(connection, taken)


def give_up(connection: Connection, job: int, token: str) -> None:
    """Leave a task to whoever takes it next."""
    connection.execute(
        "UPDATE jobs SET owner = NULL WHERE id = ? AND owner = ? AND state <> 'submitting'",
        (job, token),
    )


def adopt_videos(connection: Connection, token: str, most: int) -> list[Job]:
    """Take finished jobs that nobody has and whose video is still to be had."""
    return views.some_jobs(connection, _take(connection, WITHOUT_VIDEO, token, most))


def _take(connection: Connection, which: str, token: str, most: int) -> list[int]:
    rows = connection.execute(
        f"""UPDATE jobs SET owner = ? WHERE id IN (
               SELECT id FROM jobs j WHERE {which} AND owner IS NULL ORDER BY id LIMIT ?
               {connection.unlocked})
           RETURNING id""",  # noqa: S608 - constants
        (token, most),
    )
    return sorted(row["id"] for row in rows)


def rescue(connection: Connection, at: float) -> int:
    """Free the jobs of workers that are no more; how many there were.

    What was being sent is unknown; what is at work goes on with another worker.
    """
    lost = runs.recover(connection, at, interrupted(), (ORPHANED, ()))
    return lost + _free(connection, ORPHANED, ())


def release(connection: Connection, token: str, at: float) -> int:
    """A worker ends and frees what it has; how many jobs there were."""
    whose = ("owner = ?", (token,))
    return runs.recover(connection, at, interrupted(), whose) + _free(connection, *whose)


def _free(connection: Connection, which: str, terms: Sequence[object]) -> int:
    return connection.execute(
        f"UPDATE jobs SET owner = NULL WHERE {which} AND state <> 'submitting'",  # noqa: S608 - constants
        terms,
    ).rowcount
