"""Single jobs of the sheet: found by how they are called or what is wrong, and withdrawn."""

from __future__ import annotations

import json
from datetime import datetime

from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.core.variants import split_name
from batch_runner.core.wording import withdrawn
from batch_runner.ledger.database import Connection
from batch_runner.ledger.history import write_event
from batch_runner.ledger.rows import JOB_COLUMNS, JOB_TABLES, to_job

_IN_SHEET = f"SELECT {JOB_COLUMNS} FROM {JOB_TABLES} WHERE j.row IS NOT NULL"  # noqa: S608 - constants


def called(connection: Connection, who: str) -> list[Job]:
    """Jobs that people call so: a line, a key, or the start of a job mark."""
    row, _ = split_name(who)
    lines = json.dumps([int(w) for w in (who, row) if w.isascii() and w.isdigit() and len(w) < 10])
    mark = who if len(who) >= 6 and who.isalnum() else "-"
    rows = connection.execute(
        f"""{_IN_SHEET} AND (j.row IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) OR j.key IN (?, ?)
            OR j.row_hash >= ? AND j.row_hash < ?) ORDER BY j.scope, j.row, j.variant""",  # noqa: S608 - constants
        (lines, who, row, mark, f"{mark}~"),  # "~" comes after all letters and digits
    )
    return [job for job in map(to_job, rows) if job.is_called(who)]


def to_mend(connection: Connection) -> list[Job]:
    """Jobs that failed or are invalid, in the order of the sheet."""
    rows = connection.execute(
        f"{_IN_SHEET} AND j.state IN ('failed', 'invalid') ORDER BY j.scope, j.row"
    )
    return [to_job(row) for row in rows]


def unpublished(connection: Connection, base: str) -> list[Job]:
    """Jobs whose video is stored, but whose lasting link does not begin with ``base``."""
    rows = connection.execute(
        f"""{_IN_SHEET} AND j.state = 'succeeded' AND j.video_file IS NOT NULL
            AND substr(coalesce(j.published, ''), 1, ?) <> ? ORDER BY j.scope, j.row, j.id""",
        (len(base), base),
    )
    return [to_job(row) for row in rows]


def withdraw(connection: Connection, job: int, at: datetime) -> Change | None:
    """Keep a job that still waits out of the present run; ``None``: it does not wait any more.

    One transaction with its question: it is not sent between the two.
    """
    row = connection.execute(
        f"SELECT state, attempt FROM jobs j WHERE id = ? {connection.locked}",  # noqa: S608 - constants
        (job,),
    ).fetchone()
    if row is None or State(row["state"]) is not State.QUEUED:
        return None
    change = Change(
        job=job,
        attempt=row["attempt"],
        event=Event.SKIPPED,
        at=at,
        error_code="withdrawn",
        error=withdrawn(),
    )
    state = advance(State.QUEUED, change.event)
    connection.execute(
        """UPDATE jobs SET state = ?, wanted = FALSE, error_code = ?, error = ?, updated_at = ?
           WHERE id = ?""",
        (state, change.error_code, change.error, at.timestamp(), job),
    )
    write_event(connection, job, change.attempt, (change.event, state), at.timestamp())
    return change
