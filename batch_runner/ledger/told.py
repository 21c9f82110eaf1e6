"""This ledger's attempts, as other computers that share the sheet are told of them."""

from __future__ import annotations

import json

from batch_runner.core.elsewhere import BY_THE_SHEET
from batch_runner.core.lifecycle import Event
from batch_runner.core.sent import End, Sent
from batch_runner.ledger.database import Connection, Row

NOT_ACCEPTED = frozenset({Event.DEFERRED, Event.REJECTED, Event.RELEASED, Event.RETRIED})
"""Last events of attempts without a task that nothing is to come of."""


_ENDED = frozenset(
    {
        Event.STORED,
        Event.PUBLISHED,
        Event.UNPUBLISHED,
        Event.FINISHED,
        Event.RELINKED,
        Event.TASK_FAILED,
    }
)


def attempts_as_sent(connection: Connection) -> list[Sent]:
    """All attempts of this ledger as other computers are told of them, in the order of sending.

    What is known only because the sheet shows it is not told: it was not sent from here, and its
    key means nothing elsewhere.
    """
    rows = connection.execute(
        """SELECT a.key, a.origin, a.model, a.hold, a.task_id, a.outcome, a.first_sent_at AS at,
               j.row_hash, j.key AS row_key, j.variant, s.worksheet, a.n, a.cost, a.error_code, a.error,
               a.video_file, a.video_size, a.published,
               CASE WHEN j.attempt = a.n THEN j.urls ELSE a.urls END AS urls,
               CASE WHEN j.attempt = a.n THEN j.expires_at ELSE a.expires_at END AS expires_at,
               coalesce(CASE WHEN j.attempt = a.n THEN j.finished_at ELSE a.finished_at END, a.ended_at)
                   AS ended_at,
               (SELECT key FROM attempts p WHERE p.job = a.job AND p.n < a.n
                    AND p.key NOT LIKE :shown ORDER BY p.n DESC LIMIT 1) AS after
           FROM attempts a JOIN jobs j ON j.id = a.job JOIN scopes s ON s.id = j.scope
           WHERE a.key NOT LIKE :shown
           ORDER BY a.first_sent_at, a.job, a.n""",
        {"shown": f"{BY_THE_SHEET}%"},
    )
    return [_as_sent(row) for row in rows]


def _as_sent(row: Row) -> Sent:
    names = (
        "key",
        "worksheet",
        "row_hash",
        "row_key",
        "model",
        "origin",
        "hold",
        "n",
        "after",
        "variant",
    )
    return Sent(
        **{name: row[name] for name in names},
        at=row["at"],
        task_id=row["task_id"],
        void=row["task_id"] is None and row["outcome"] in NOT_ACCEPTED,
        end=_end_of(row),
    )


def _end_of(row: Row) -> End | None:
    """How an attempt's task ended, if it did and nothing is to be had of it any more."""
    if row["task_id"] is None or row["ended_at"] is None or row["outcome"] not in _ENDED:
        return None
    urls = json.loads(row["urls"]) if row["urls"] else []
    names = (
        "cost",
        "error_code",
        "error",
        "expires_at",
        "video_file",
        "video_size",
        "published",
    )
    return End(
        at=row["ended_at"],
        failed=row["outcome"] == Event.TASK_FAILED,
        url=next(iter(urls), None),
        **{name: row[name] for name in names},
    )
