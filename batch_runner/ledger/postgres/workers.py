"""Processes that take jobs: they beat, and whoever does not any more loses its jobs.

Being alive is a line in the table. A claim keeps the line from being removed until it is durable,
so the jobs of a worker that is removed are all there to be seen.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from batch_runner.ledger.database import Connection
from batch_runner.ledger.rows import to_time

LEASE = 30.0  # seconds without a beat after which a worker is no more
BEAT = 5.0  # seconds between two beats


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that takes jobs."""

    token: str
    host: str
    pid: int
    role: str
    origin: str
    since: datetime
    beat_at: datetime
    alive: bool  # its time is not over


def register(
    connection: Connection, *, host: str, pid: int, role: str, origin: str, lease: float = LEASE
) -> str:
    """A process begins; the token by which its jobs are known.

    Args:
        connection: to the shared tables.
        host: its machine.
        pid: its number there.
        role: ``run`` or ``worker``.
        origin: of the service that it works with.
        lease: seconds that it may be silent.
    """
    token = secrets.token_hex(16)
    connection.execute(
        """INSERT INTO workers (token, host, pid, role, origin, since, beat_at, until)
           SELECT ?, ?, ?, ?, ?, now, now, now + ? FROM seconds() AS now""",
        (token, host, pid, role, origin, lease),
    )
    return token


def beat(connection: Connection, token: str, lease: float = LEASE) -> bool:
    """Say that it is alive; ``False``: it was removed, and its jobs are others'."""
    told = connection.execute(
        "UPDATE workers SET beat_at = seconds(), until = seconds() + ? WHERE token = ?",
        (lease, token),
    )
    return told.rowcount > 0


def every(connection: Connection) -> list[Worker]:
    """All that were not removed yet, the oldest first."""
    rows = connection.execute(
        """SELECT token, host, pid, role, origin, since, beat_at, until > seconds() AS alive
           FROM workers ORDER BY since, token"""
    )
    return [
        Worker(
            **dict(row)
            | {"since": _sure(to_time(row["since"])), "beat_at": _sure(to_time(row["beat_at"]))}
        )
        for row in rows
    ]


def bury(connection: Connection, grace: float = 2 * BEAT) -> list[str]:
    """Remove those whose time is over; their tokens.

    Not in the first seconds (``grace``) after a start of the server: while it was away nobody could
    beat, and whoever lives does so as soon as it is back.
    """
    rows = connection.execute(
        """DELETE FROM workers WHERE until < seconds()
               AND extract(epoch FROM pg_postmaster_start_time()) < seconds() - ?
           RETURNING token""",
        (grace,),
    )
    return [row["token"] for row in rows]


def leave(connection: Connection, token: str) -> None:
    """A process ends; its jobs were given back before."""
    connection.execute("DELETE FROM workers WHERE token = ?", (token,))


def _sure(time: datetime | None) -> datetime:
    assert time is not None
    return time
