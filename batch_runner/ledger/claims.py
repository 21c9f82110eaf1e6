"""The money path: the intent before a POST, and what became of it right after.

Each function is one transaction of the caller's. Only the user's own books are asked from within
(``ClaimTerms.reserve``): what they reserve is durable before the intent is.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Change, Claim, ClaimKind, ClaimTerms
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.ledger.history import write_event
from batch_runner.ledger.reserve import refused
from batch_runner.ledger.rows import JOB_COLUMNS, JOB_TABLES, MAY_BE_OPEN, stamp, to_job, to_time

REPLAY_WINDOW = timedelta(hours=23)
"""How long a key may be re-sent: the provider keeps keys for 24 h (apimart.md section 3)."""

NEVER_REPLAY = ("idempotency_key_reused", "idempotency_result_indeterminate", "adopted")
"""What the provider said of a key that must not be sent again; or it never saw the key."""


def claim(connection: sqlite3.Connection, terms: ClaimTerms) -> Claim:
    """Make the intent to submit the next job durable, within the budget, and hand it out."""
    now = terms.now.timestamp()
    replay = _next_replay(connection, terms) if terms.replay else None
    queued = _next_queued(connection, terms)
    found = [row for row in (replay, queued) if row is not None]
    if not found:
        return Claim(kind=ClaimKind.EMPTY)
    row = next((row for row in found if row["not_before"] <= now), None)
    if row is None:
        return Claim(
            kind=ClaimKind.LATER, not_before=to_time(min(row["not_before"] for row in found))
        )
    attempt = _reusable_attempt(connection, row, terms)
    hold = 0 if row["state"] == State.UNKNOWN else row["estimate_high"] or 0
    if terms.cap is not None and _held(connection) + hold > terms.cap:
        return Claim(kind=ClaimKind.OVER_BUDGET)
    if row is queued and (why := refused(connection, row, attempt, terms)):
        return Claim(kind=ClaimKind.OVER_BUDGET, why=why)
    if attempt is None:
        attempt = _new_attempt(connection, row, terms, hold)
    else:
        connection.execute(
            """UPDATE attempts SET sends = sends + 1, last_sent_at = ?, outcome = 'claimed',
                   hold = max(hold, ?) WHERE job = ? AND n = ?""",
            (now, hold, row["id"], attempt),
        )
    connection.execute(
        """UPDATE jobs SET state = ?, attempt = ?, tries = tries + 1, error_code = '', error = '',
               finished_at = NULL, noted = 0, updated_at = ? WHERE id = ?""",
        (advance(State(row["state"]), Event.CLAIMED), attempt, now, row["id"]),
    )
    write_event(connection, row["id"], attempt, Event.CLAIMED, now)
    job = connection.execute(
        f"SELECT {JOB_COLUMNS} FROM {JOB_TABLES} WHERE j.id = ?",  # noqa: S608 - constants
        (row["id"],),
    ).fetchone()
    return Claim(kind=ClaimKind.JOB, job=replace(to_job(job), replay=row is replay))


def _next_queued(connection: sqlite3.Connection, terms: ClaimTerms) -> sqlite3.Row | None:
    """The first queued job that may be sent; if none may be sent yet, the one due soonest."""
    ready: sqlite3.Row | None = connection.execute(
        """SELECT * FROM jobs WHERE state = 'queued' AND wanted AND row IS NOT NULL
               AND body IS NOT NULL AND tries < ? AND not_before <= ?
               AND (estimate_high IS NOT NULL OR NOT ?)
           ORDER BY scope, row LIMIT 1""",
        (terms.max_tries, terms.now.timestamp(), terms.priced_only),
    ).fetchone()
    if ready is not None:
        return ready
    later: sqlite3.Row | None = connection.execute(
        """SELECT * FROM jobs WHERE state = 'queued' AND wanted AND row IS NOT NULL
               AND body IS NOT NULL AND tries < ? AND (estimate_high IS NOT NULL OR NOT ?)
           ORDER BY not_before LIMIT 1""",
        (terms.max_tries, terms.priced_only),
    ).fetchone()
    return later


def _next_replay(connection: sqlite3.Connection, terms: ClaimTerms) -> sqlite3.Row | None:
    """An unknown job whose key may be sent again: same origin, same account, young enough.

    The one due soonest; it may not be due yet.
    """
    row: sqlite3.Row | None = connection.execute(
        f"""SELECT j.* FROM jobs j JOIN attempts a ON a.job = j.id AND a.n = j.attempt
           WHERE j.{MAY_BE_OPEN} AND j.state = 'unknown' AND j.wanted AND j.row IS NOT NULL AND j.tries < ?
               AND a.task_id IS NULL AND a.origin = ? AND a.account = ?
               AND a.first_sent_at > ? AND a.first_sent_at <= ?
               AND j.error_code NOT IN (?, ?, ?)
           ORDER BY j.not_before > ?, iif(j.not_before > ?, j.not_before, a.first_sent_at)
           LIMIT 1""",  # noqa: S608 - constants
        (
            terms.max_tries,
            terms.origin,
            terms.account,
            (terms.now - REPLAY_WINDOW).timestamp(),
            terms.now.timestamp(),  # a key "from the future" means the clock was set back
            *NEVER_REPLAY,
            terms.now.timestamp(),
            terms.now.timestamp(),
        ),
    ).fetchone()
    return row


def _held(connection: sqlite3.Connection) -> int:
    (total,) = connection.execute("SELECT total FROM held").fetchone()
    return int(total)


def _reusable_attempt(
    connection: sqlite3.Connection, row: sqlite3.Row, terms: ClaimTerms
) -> int | None:
    """The present attempt, if sending its very bytes under its key again is what is meant.

    That is so for a replay, and for a job that was certainly not accepted and whose request,
    account and origin are still the same. Everything else is a new attempt under a new key.
    """
    if row["state"] == State.UNKNOWN:
        return int(row["attempt"])
    found = connection.execute(
        """SELECT n FROM attempts WHERE job = ? AND n = ? AND outcome = 'deferred' AND body = ?
               AND origin = ? AND account = ? AND first_sent_at > ?""",
        (
            row["id"],
            row["attempt"],
            row["body"],
            terms.origin,
            terms.account,
            (terms.now - REPLAY_WINDOW).timestamp(),
        ),
    ).fetchone()
    return int(found["n"]) if found else None


def _new_attempt(
    connection: sqlite3.Connection, row: sqlite3.Row, terms: ClaimTerms, hold: int
) -> int:
    attempt = int(row["attempt"]) + 1
    now = terms.now.timestamp()
    connection.execute(
        """INSERT INTO attempts (job, n, key, body, body_hash, origin, account, model,
               first_sent_at, last_sent_at, outcome, hold)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'claimed', ?)""",
        (
            row["id"],
            attempt,
            terms.key,
            row["body"],
            hashlib.sha256(row["body"]).hexdigest(),
            terms.origin,
            terms.account,
            row["model"],
            now,
            now,
            hold,
        ),
    )
    return attempt


def record(connection: sqlite3.Connection, change: Change) -> State:
    """Apply one change to a job and its attempt, and add it to the history.

    Raises:
        LedgerError: the job has gone on to another attempt.
        IllegalTransitionError: the event cannot happen in the job's state.
    """
    row = connection.execute(
        "SELECT state, attempt FROM jobs WHERE id = ?", (change.job,)
    ).fetchone()
    if row is None or row["attempt"] != change.attempt:
        raise LedgerError(
            f"job {change.job} is no longer at attempt {change.attempt}", code="stale_attempt"
        )
    state = advance(State(row["state"]), change.event)
    _apply_to_attempt(connection, change)
    _apply_to_job(connection, change, state)
    write_event(
        connection,
        change.job,
        change.attempt,
        change.event,
        change.at.timestamp(),
        _detail(change),
    )
    return state


_ENDINGS = frozenset(
    {Event.TASK_FAILED, Event.REJECTED, Event.READY, Event.FINISHED, Event.UNOBTAINABLE}
)
_FINAL = frozenset({State.SUCCEEDED, State.FAILED})


def _apply_to_attempt(connection: sqlite3.Connection, change: Change) -> None:
    at = change.at.timestamp()
    accepted = change.event in {Event.ACCEPTED, Event.ADOPTED}
    connection.execute(
        """UPDATE attempts SET outcome = ?, task_id = coalesce(?, task_id),
               accepted_at = coalesce(accepted_at, ?), ended_at = coalesce(ended_at, ?),
               duration = coalesce(?, duration), hold = coalesce(?, hold),
               cost = coalesce(?, cost), video_file = coalesce(?, video_file),
               video_size = coalesce(?, video_size), video_sha256 = coalesce(?, video_sha256),
               thumbnail = coalesce(?, thumbnail), error_code = coalesce(?, error_code),
               error = coalesce(?, error), request_id = coalesce(?, request_id),
               raw = coalesce(?, raw)
           WHERE job = ? AND n = ?""",
        (
            change.event,
            change.task_id,
            at if accepted else None,
            at if change.event in _ENDINGS else None,
            change.duration,
            change.hold,
            change.cost,
            change.video_file,
            change.video_size,
            change.video_sha256,
            change.thumbnail,
            change.error_code,
            change.error,
            change.request_id,
            change.raw,
            change.job,
            change.attempt,
        ),
    )


def _apply_to_job(connection: sqlite3.Connection, change: Change, state: State) -> None:
    at = change.at.timestamp()
    new_attempt_to_come = change.event in {Event.RETRIED, Event.RELEASED}
    # From here on the job shows this task's results; a former attempt keeps its own.
    fresh = change.event in {Event.ACCEPTED, Event.ADOPTED}
    connection.execute(
        """UPDATE jobs SET state = ?, task_id = iif(?, NULL, coalesce(?, task_id)),
               not_before = coalesce(?, not_before), urls = coalesce(?, iif(?, NULL, urls)),
               expires_at = coalesce(?, iif(?, NULL, expires_at)),
               video_file = coalesce(?, iif(?, NULL, video_file)),
               error_code = coalesce(?, error_code), error = coalesce(?, error),
               cost = (SELECT sum(cost) FROM attempts WHERE job = jobs.id),
               finished_at = iif(?, coalesce(finished_at, ?), NULL),
               noted = iif(state = ?, noted, 0), tries = tries - ?, updated_at = ?
           WHERE id = ?""",
        (
            state,
            new_attempt_to_come,
            change.task_id,
            stamp(change.not_before),
            json.dumps(change.urls) if change.urls is not None else None,
            fresh,
            stamp(change.expires_at),
            fresh,
            change.video_file,
            fresh,
            change.error_code,
            change.error,
            state in _FINAL,
            at,
            state,
            change.free,
            at,
            change.job,
        ),
    )


def _detail(change: Change) -> dict[str, object]:
    """What the history keeps of a change."""
    told: dict[str, object] = dict(change.detail or {})
    for name in ("task_id", "error_code", "error", "request_id", "cost", "video_file", "raw"):
        value = getattr(change, name)
        if value not in (None, ""):
            told[name] = value
    return told


def hold_back(connection: sqlite3.Connection, jobs: Sequence[int]) -> None:
    """Keep these out of the present run; they stay queued."""
    connection.executemany("UPDATE jobs SET wanted = 0 WHERE id = ?", [(job,) for job in jobs])
