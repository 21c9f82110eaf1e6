"""Rows that somebody takes out of a run before they are sent."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from batch_runner.core.jobs import Change
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.core.wording import WITHDRAWN
from batch_runner.ledger.history import write_event


def withdraw(connection: sqlite3.Connection, job: int, at: datetime) -> Change | None:
    """Keep a job that still waits out of the present run; ``None``: it does not wait any more.

    One transaction with its question: it is not sent between the two.
    """
    row = connection.execute("SELECT state, attempt FROM jobs WHERE id = ?", (job,)).fetchone()
    if row is None or State(row["state"]) is not State.QUEUED:
        return None
    change = Change(
        job=job,
        attempt=row["attempt"],
        event=Event.SKIPPED,
        at=at,
        error_code="withdrawn",
        error=WITHDRAWN,
    )
    state = advance(State.QUEUED, change.event)
    connection.execute(
        """UPDATE jobs SET state = ?, wanted = 0, error_code = ?, error = ?, updated_at = ?
           WHERE id = ?""",
        (state, change.error_code, change.error, at.timestamp(), job),
    )
    write_event(connection, job, change.attempt, (change.event, state), at.timestamp())
    return change
