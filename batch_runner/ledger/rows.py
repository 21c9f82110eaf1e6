"""From table rows to the frozen values, and back: the one place that knows both spellings."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.ledger.database import Row

JOB_COLUMNS = """
    j.id, j.scope, j.row, j.key, j.row_hash, j.state,
    coalesce(a.model, j.model) AS model, j.attempt, j.tries,
    coalesce(a.body, j.body) AS body, coalesce(a.key, '') AS idempotency_key,
    coalesce(a.callback, '') AS callback,
    j.task_id, a.accepted_at, j.urls, j.expires_at, j.video_file, j.cost, j.error_code,
    j.error, j.finished_at, j.estimate_low, j.estimate_high, j.file_name, j.published,
    j.variant, j.best, coalesce(json_extract(j.take, '$.cell'), '') AS decision_cell
"""
UNSENT_COLUMNS = """
    id, scope, row, key, row_hash, state, model, attempt, tries, body, '' AS idempotency_key,
    '' AS callback,
    task_id, NULL AS accepted_at, urls, expires_at, video_file, cost, error_code, error,
    finished_at, estimate_low, estimate_high, file_name, published, not_before, pictures, take,
    variant, best, fields, coalesce(json_extract(take, '$.cell'), '') AS decision_cell
"""
"""The same of a job whose next attempt is not made yet; when it may be sent, and its pictures."""

MAY_BE_OPEN = "state IN ('submitting', 'running', 'fetching', 'unknown')"
"""The very words of the index ``jobs_open``: SQLite uses it only where a query repeats them."""

WITHOUT_VIDEO = "j.state = 'succeeded' AND j.video_file IS NULL AND j.task_id IS NOT NULL"
"""Paid, and the video is still to be had; the words of the index ``jobs_video``."""

UNPUBLISHED = "error_code = 'video_unpublished'"
"""Stored, but not to be had at a lasting link yet; the words of the index ``jobs_unpublished``."""

NEW_TROUBLE = """(state IN ('failed', 'invalid') OR error_code = 'redo_failed')
        AND row IS NOT NULL AND NOT noted"""
"""Not told by a finished run; the words of the index ``jobs_trouble``."""

_TIMES = ("accepted_at", "expires_at", "finished_at")
_AS_THEY_ARE = tuple(
    field.name for field in fields(Job) if field.name not in {*_TIMES, "state", "urls", "replay"}
)

JOB_TABLES = "jobs j LEFT JOIN attempts a ON a.job = j.id AND a.n = j.attempt"


def to_job(row: Row, **changed: Any) -> Job:
    """A job with its current attempt, from a row of ``JOB_COLUMNS``; some fields otherwise."""
    values: dict[str, Any] = {name: row[name] for name in _AS_THEY_ARE}
    values["state"] = State(row["state"])
    values["body"] = row["body"] or b""
    values["urls"] = tuple(json.loads(row["urls"])) if row["urls"] else ()
    for name in _TIMES:
        values[name] = to_time(row[name])
    return Job(**values | changed)


def to_time(stamp: float | None) -> datetime | None:
    """Unix seconds as an aware UTC time."""
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def stamp(time: datetime | None) -> float | None:
    """An aware time as unix seconds."""
    return None if time is None else time.timestamp()
