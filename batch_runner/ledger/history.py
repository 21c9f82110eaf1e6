"""The append-only history: one line for everything that happened to a job."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from batch_runner.core.lifecycle import Event, State
from batch_runner.ledger.database import Connection

_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


def write_event(
    connection: Connection,
    job: int,
    attempt: int,
    what: tuple[Event, State],
    stamp: float,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add a line: an event and the state it led to, under the run that is open now."""
    connection.execute(
        """INSERT INTO events (at, run, job, attempt, event, state, detail)
           VALUES (?, (SELECT id FROM runs WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1),
                   ?, ?, ?, ?, ?)""",
        (stamp, job, attempt, *what, _json(detail) if detail else None),
    )
    sys.audit("batch_runner.ledger.event", str(what[0]))
