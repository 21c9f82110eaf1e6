"""The money path: the intent, durable before its POST; ``changes.py`` keeps what became of it.

Each function is one transaction of the caller's. Only the user's own books are asked from within
(``ClaimTerms.reserve``): what they reserve is durable before the intent is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from batch_runner.core.jobs import Claim, ClaimKind, ClaimTerms, Job
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.core.takes import with_fields
from batch_runner.core.uploads import MARGIN, with_links
from batch_runner.ledger import uploads
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.history import write_event
from batch_runner.ledger.reserve import refused
from batch_runner.ledger.rows import (
    JOB_COLUMNS,
    JOB_TABLES,
    MAY_BE_OPEN,
    UNSENT_COLUMNS,
    to_job,
    to_time,
)
from batch_runner.ledger.takes import newest, wished

REPLAY_WINDOW = timedelta(hours=23)
"""How long a key may be re-sent: the provider keeps keys for 24 h (apimart.md section 3)."""

ASK_AGAIN = timedelta(seconds=1)
"""After a budget said no that may say yes when others' tasks have ended."""

NEVER_REPLAY = ("idempotency_key_reused", "idempotency_result_indeterminate", "adopted")
"""What the provider said of a key that must not be sent again; or it never saw the key."""


def claim(connection: Connection, terms: ClaimTerms) -> Claim:
    """Make the intent to submit the next job durable, within the budget, and hand it out."""
    now = terms.now.timestamp()
    replay = _next_replay(connection, terms) if terms.replay else None
    queued, waits = _next_queued(connection, terms), False
    if (
        queued is not None
        and queued["not_before"] <= now
        and _lacks_pictures(connection, queued, terms)
    ):
        queued, waits = uploads.next_with_pictures(connection, terms), True
    found = [row for row in (replay, queued) if row is not None]
    if not found:
        return Claim(kind=ClaimKind.PICTURES if waits else ClaimKind.EMPTY)
    row = next((row for row in found if row["not_before"] <= now), None)
    if row is None:
        return Claim(
            kind=ClaimKind.LATER, not_before=to_time(min(row["not_before"] for row in found))
        )
    attempt = _reusable_attempt(connection, row, terms)
    hold = 0 if row["state"] == State.UNKNOWN else row["estimate_high"] or 0
    if terms.cap is not None and _held(connection) + hold > terms.cap:
        return Claim(kind=ClaimKind.OVER_BUDGET)
    if row is queued and (no := refused(connection, row, attempt, terms)) is not None:
        if no.passing:
            return Claim(kind=ClaimKind.LATER, not_before=terms.now + ASK_AGAIN)
        return Claim(kind=ClaimKind.OVER_BUDGET, why=no.why)
    job = (_new_attempt if attempt is None else _same_attempt)(connection, row, terms, hold)
    connection.execute(
        """UPDATE jobs SET state = ?, attempt = ?, tries = ?, error_code = '', error = '',
               finished_at = NULL, noted = FALSE, updated_at = ? WHERE id = ?""",
        (job.state, job.attempt, job.tries, now, job.id),
    )
    write_event(connection, job.id, job.attempt, (Event.CLAIMED, job.state), now)
    return Claim(kind=ClaimKind.JOB, job=job)


def _as_claimed(row: Row) -> dict[str, Any]:
    """What a claim makes of a job."""
    return {
        "state": advance(State(row["state"]), Event.CLAIMED),
        "tries": row["tries"] + 1,
        "error_code": "",
        "error": "",
        "finished_at": None,
    }


def _lacks_pictures(connection: Connection, row: Row, terms: ClaimTerms) -> bool:
    """Whether a job cannot be sent since a picture of it has no link that lives long enough."""
    return uploads.links_for(connection, row["pictures"], terms) is None


def _next_queued(connection: Connection, terms: ClaimTerms) -> Row | None:
    """The first queued job that may be sent; if none may be sent yet, the one due soonest."""
    # Left to itself SQLite may take the index of all places, past every job that was sent before.
    ready: Row | None = connection.execute(
        f"""SELECT {UNSENT_COLUMNS} FROM jobs j INDEXED BY jobs_queued
           WHERE state = 'queued' AND wanted AND row IS NOT NULL AND body IS NOT NULL
               AND tries < ? AND not_before <= ? AND (estimate_high IS NOT NULL OR NOT ?)
           ORDER BY priority, scope, row LIMIT 1 {connection.unlocked}""",  # noqa: S608 - constants
        (terms.max_tries, terms.now.timestamp(), terms.priced_only),
    ).fetchone()
    if ready is not None:
        return ready
    later: Row | None = connection.execute(
        f"""SELECT {UNSENT_COLUMNS} FROM jobs INDEXED BY jobs_queued
           WHERE state = 'queued' AND wanted AND row IS NOT NULL AND body IS NOT NULL
               AND tries < ? AND not_before > ? AND (estimate_high IS NOT NULL OR NOT ?)
           ORDER BY not_before LIMIT 1""",  # noqa: S608 - constants
        (terms.max_tries, terms.now.timestamp(), terms.priced_only),
    ).fetchone()
    return later


def _next_replay(connection: Connection, terms: ClaimTerms) -> Row | None:
    """An unknown job whose key may be sent again: same origin, same account, young enough.

    The one due soonest; it may not be due yet.
    """
    row: Row | None = connection.execute(
        f"""SELECT j.* FROM jobs j JOIN attempts a ON a.job = j.id AND a.n = j.attempt
           WHERE j.{MAY_BE_OPEN} AND j.state = 'unknown' AND j.wanted AND j.row IS NOT NULL AND j.tries < ?
               AND a.task_id IS NULL AND a.origin = ? AND a.account = ?
               AND a.first_sent_at > ? AND a.first_sent_at <= ?
               AND (a.links_until IS NULL OR a.links_until > ?)
               AND j.error_code NOT IN (?, ?, ?)
           ORDER BY j.not_before > ?, CASE WHEN j.not_before > ? THEN j.not_before ELSE a.first_sent_at END
           LIMIT 1 {connection.unlocked}""",  # noqa: S608 - constants
        (
            terms.max_tries,
            terms.origin,
            terms.account,
            (terms.now - REPLAY_WINDOW).timestamp(),
            terms.now.timestamp(),  # a key "from the future" means the clock was set back
            (terms.now + MARGIN).timestamp(),
            *NEVER_REPLAY,
            terms.now.timestamp(),
            terms.now.timestamp(),
        ),
    ).fetchone()
    return row


def _held(connection: Connection) -> int:
    (total,) = connection.execute(
        f"SELECT total FROM held {connection.locked}"  # noqa: S608 - constants
    ).fetchone()
    return int(total)


def _request(row: Row) -> bytes:
    """The bytes to send: what the row asks for, or another take of it."""
    body: bytes = with_fields(row["body"], row["fields"])
    take = wished(row)
    return body if take is None else take.request(row["model"], body)


def _reusable_attempt(connection: Connection, row: Row, terms: ClaimTerms) -> int | None:
    """The present attempt, if sending its very bytes under its key again is what is meant.

    That is so for a replay, and for a job that was certainly not accepted and whose request,
    account and origin are still the same. Everything else is a new attempt under a new key.
    """
    if row["state"] == State.UNKNOWN:
        return int(row["attempt"])
    if not row["attempt"]:
        return None
    found = connection.execute(
        """SELECT n FROM attempts WHERE job = ? AND n = ? AND outcome = 'deferred'
               AND coalesce(unlinked, body) = ? AND origin = ? AND account = ? AND first_sent_at > ?
               AND (links_until IS NULL OR links_until > ?)""",
        (
            row["id"],
            row["attempt"],
            _request(row),
            terms.origin,
            terms.account,
            (terms.now - REPLAY_WINDOW).timestamp(),
            (terms.now + MARGIN).timestamp(),
        ),
    ).fetchone()
    return int(found["n"]) if found else None


def _new_attempt(connection: Connection, row: Row, terms: ClaimTerms, hold: int) -> Job:
    """The job, under a fresh key; its pictures have the links that they have now."""
    now = terms.now.timestamp()
    attempt = newest(connection, row["id"]) + 1 if row["attempt"] else 1
    take, unlinked = wished(row), _request(row)
    links = uploads.links_for(connection, row["pictures"], terms) or {}
    request = with_links(unlinked, {name: link for name, (link, _) in links.items()})
    job = to_job(
        row,
        attempt=attempt,
        body=request,
        idempotency_key=terms.key,
        callback=terms.callback,
        **_as_claimed(row),
    )
    connection.execute(
        """INSERT INTO attempts (job, n, key, body, body_hash, origin, account, model,
               first_sent_at, last_sent_at, outcome, hold, callback, asked, note, unlinked,
               links_until)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'claimed', ?, ?, ?, ?, ?, ?)""",
        (
            job.id,
            attempt,
            terms.key,
            job.body,
            hashlib.sha256(job.body).hexdigest(),
            terms.origin,
            terms.account,
            job.model,
            now,
            now,
            hold,
            terms.callback,
            None if request == row["body"] else row["body"],
            "" if take is None else take.note,
            unlinked if links else None,
            min((until for _, until in links.values()), default=None),
        ),
    )
    return job


def _same_attempt(connection: Connection, row: Row, terms: ClaimTerms, hold: int) -> Job:
    """The job with the bytes and the key that were sent before."""
    connection.execute(
        """UPDATE attempts SET sends = sends + 1, last_sent_at = ?, outcome = 'claimed',
               hold = CASE WHEN hold < ? THEN ? ELSE hold END WHERE job = ? AND n = ?""",
        (terms.now.timestamp(), hold, hold, row["id"], row["attempt"]),
    )
    sent = connection.execute(
        f"SELECT {JOB_COLUMNS} FROM {JOB_TABLES} WHERE j.id = ?",  # noqa: S608 - constants
        (row["id"],),
    ).fetchone()
    return to_job(sent, replay=row["state"] == State.UNKNOWN, **_as_claimed(row))


def hold_back(connection: Connection, jobs: Sequence[int]) -> None:
    """Keep these out of the present run; they stay queued."""
    connection.executemany("UPDATE jobs SET wanted = FALSE WHERE id = ?", [(job,) for job in jobs])
