"""The append-only history: one line for everything that happened to a job."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Mapping

from batch_runner.core.lifecycle import Event


def write_event(
    connection: sqlite3.Connection,
    job: int,
    attempt: int,
    event: Event,
    stamp: float,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add a line, in the state the job is in now, under the run that is open now."""
    connection.execute(
        """INSERT INTO events (at, run, job, attempt, event, state, detail)
           VALUES (?, (SELECT max(id) FROM runs WHERE ended_at IS NULL), ?, ?, ?,
                   (SELECT state FROM jobs WHERE id = ?), ?)""",
        (stamp, job, attempt, event, job, _json(detail)),
    )
    sys.audit("batch_runner.ledger.event", str(event))


def _json(detail: Mapping[str, object] | None) -> str | None:
    return json.dumps(detail, ensure_ascii=False, default=str) if detail else None
