"""What the user's own books are told of this ledger: attempts, by its history since a mark."""

from __future__ import annotations

from collections.abc import Callable

from batch_runner.core.spend import Charge
from batch_runner.ledger.database import Connection

MOST = 5000
"""Lines of history that are gone through at once."""


def last_event(connection: Connection) -> int:
    """The last line of the history."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    return int(last)


def charges_since(
    connection: Connection, mark: int, account_of: Callable[[str], str]
) -> tuple[list[Charge], int]:
    """How the attempts stand that something happened to after a line of the history.

    Adopted ones are left out: whoever sent them has them in their books.

    Args:
        connection: the ledger.
        mark: the last line that is known already.
        account_of: turns this ledger's fingerprint of a key into the account's name.

    Returns:
        Some attempts and the line up to which they are all; the same mark again: no more.
    """
    if last_event(connection) < mark:
        mark = 0  # an older copy of the ledger was put back
    rows = connection.execute(
        """WITH news AS (SELECT id, job, attempt FROM events WHERE id > ? ORDER BY id LIMIT ?)
           SELECT (SELECT max(id) FROM news) AS upto, a.*
           FROM attempts a JOIN (SELECT DISTINCT job, attempt FROM news) n
               ON a.job = n.job AND a.n = n.attempt
           WHERE a.account <> ''""",
        (mark, MOST),
    ).fetchall()
    if not rows:
        found = connection.execute(
            "SELECT max(id) AS upto FROM (SELECT id FROM events WHERE id > ? ORDER BY id LIMIT ?) AS news",
            (mark, MOST),
        ).fetchone()
        return [], int(found["upto"] or mark)
    charges = [
        Charge(
            key=row["key"],
            at=row["last_sent_at"],
            sends=row["sends"],
            model=row["model"],
            origin=row["origin"],
            account=account_of(row["account"]),
            amount=row["hold"],
            cost=row["cost"],
            accepted=row["task_id"] is not None,
            ended_at=row["ended_at"],
        )
        for row in rows
    ]
    return charges, int(rows[0]["upto"])
