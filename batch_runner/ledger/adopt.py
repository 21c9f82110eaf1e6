"""Results without a ledger: jobs linked or held by what the sheet itself shows."""

from __future__ import annotations

import hashlib
from datetime import datetime

from batch_runner.core import wording
from batch_runner.core.elsewhere import BY_THE_SHEET
from batch_runner.core.jobs import Adoption, Change, RowSpec
from batch_runner.core.lifecycle import Event, State
from batch_runner.ledger.changes import apply
from batch_runner.ledger.database import Connection

_MEANS = {
    Adoption.LINK: Event.ACCEPTED,
    Adoption.HOLD: Event.LOST,
    Adoption.FAILED: Event.REJECTED,
}

_WHY = {
    Adoption.HOLD: wording.held,
    Adoption.FAILED: wording.failed_before,
}


def adopt(connection: Connection, job: int, spec: RowSpec, origin: str, at: datetime) -> None:
    """Give a new job that the sheet says was sent its first attempt, as far as it is known.

    A task that another job of this ledger has already is not adopted: the row was copied, and
    asks for a video of its own.
    """
    if spec.adopt is None or _is_known(connection, spec.identity.shown_task):
        return
    body = spec.body or b""  # a row that breaks a rule today may be paid all the same
    connection.execute(
        """INSERT INTO attempts (job, n, key, body, body_hash, origin, account, model,
               first_sent_at, last_sent_at, outcome, hold)
           VALUES (?, 1, ?, ?, ?, ?, '', ?, ?, ?, 'adopted', ?)""",
        (
            job,
            f"{BY_THE_SHEET}{job}",
            body,
            hashlib.sha256(body).hexdigest(),
            origin,
            spec.model,
            at.timestamp(),
            at.timestamp(),
            0 if spec.adopt is Adoption.FAILED else spec.estimate.high or 0,
        ),
    )
    connection.execute(
        "UPDATE jobs SET attempt = 1, state = ? WHERE id = ?", (State.SUBMITTING, job)
    )
    linked = spec.adopt is Adoption.LINK
    apply(
        connection,
        Change(
            job=job,
            attempt=1,
            event=_MEANS[spec.adopt],
            at=at,
            task_id=spec.identity.shown_task if linked else None,
            error_code="" if linked else "adopted",
            error="" if linked else _WHY[spec.adopt](),
            detail={"why": "the sheet shows results, no ledger knew them"},
        ),
    )


def _is_known(connection: Connection, task_id: str | None) -> bool:
    found = connection.execute(
        "SELECT 1 FROM attempts WHERE task_id = ? LIMIT 1", (task_id,)
    ).fetchone()
    return found is not None
