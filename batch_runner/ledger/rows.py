"""From table rows to the frozen values, and back: the one place that knows both spellings."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State

JOB_COLUMNS = """
    j.id, j.scope, j.row, j.key, j.row_hash, j.state,
    coalesce(a.model, j.model) AS model, j.attempt, j.tries,
    coalesce(a.body, j.body, x'') AS body, coalesce(a.key, '') AS idempotency_key,
    j.task_id, a.accepted_at, j.urls, j.expires_at, j.video_file, j.cost, j.error_code,
    j.error, j.finished_at, j.estimate_low, j.estimate_high
"""
MAY_BE_OPEN = "state IN ('submitting', 'running', 'fetching', 'unknown')"
"""The very words of the index ``jobs_open``: SQLite uses it only where a query repeats them."""

JOB_TABLES = "jobs j LEFT JOIN attempts a ON a.job = j.id AND a.n = j.attempt"


def to_job(row: sqlite3.Row) -> Job:
    """A job with its current attempt, from a row of ``JOB_COLUMNS``."""
    return Job(
        id=row["id"],
        scope=row["scope"],
        row=row["row"],
        key=row["key"],
        row_hash=row["row_hash"],
        state=State(row["state"]),
        model=row["model"],
        attempt=row["attempt"],
        tries=row["tries"],
        body=row["body"],
        idempotency_key=row["idempotency_key"],
        task_id=row["task_id"],
        accepted_at=to_time(row["accepted_at"]),
        urls=tuple(json.loads(row["urls"])) if row["urls"] else (),
        expires_at=to_time(row["expires_at"]),
        video_file=row["video_file"],
        cost=row["cost"],
        error_code=row["error_code"],
        error=row["error"],
        finished_at=to_time(row["finished_at"]),
        estimate_low=row["estimate_low"],
        estimate_high=row["estimate_high"],
    )


def to_time(stamp: float | None) -> datetime | None:
    """Unix seconds as an aware UTC time."""
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def stamp(time: datetime | None) -> float | None:
    """An aware time as unix seconds."""
    return None if time is None else time.timestamp()
