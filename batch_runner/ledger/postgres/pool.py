"""The runs and workers of one account, wherever they are; by the database's clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from batch_runner.core.pace import Found
from batch_runner.core.share import Member
from batch_runner.ledger.committer import Touches, Work
from batch_runner.ledger.database import Connection
from batch_runner.ledger.pool_store import PoolStore, Told
from batch_runner.ledger.postgres import workers
from batch_runner.ledger.postgres.commit import PostgresCommit

T = TypeVar("T")


class PostgresPoolStore(PoolStore):
    """Those of a fleet; it goes with the fleet that gave it.

    The times that it is told and tells are of its caller's clock, whatever that shows.
    """

    lease = workers.LEASE  # a restart of the database is no reason to think that one is alone

    def __init__(self, commit: PostgresCommit, account: str, origin: str) -> None:
        super().__init__(account, origin)
        self._commit = commit

    def close(self) -> None:
        """Nothing of it is open."""

    def found(self, at: float) -> Found | None:
        """The limits that any run of the account found, with their age."""
        return super().found(at + self._run(lambda c: _ahead(c, at)))

    def remember(self, rate: float | None, slots: float | None, at: float) -> None:
        """Keep what a run found; what it did not find stays."""
        self._run(lambda c: self._remember(c, rate, slots, at + _ahead(c, at)))

    def _run(self, work: Work[T]) -> T:
        return self._commit.begin(work, Touches.ONE).result()

    def _meet(
        self, connection: Connection, me: Member, at: float, limited_at: float, cool_until: float
    ) -> Told:
        ahead = _ahead(connection, at)
        told = super()._meet(
            connection,
            replace(me, served_at=me.served_at + ahead),
            at + ahead,
            limited_at + ahead if limited_at else limited_at,
            cool_until + ahead,
        )
        heard = None if told.limited_at is None else told.limited_at - ahead
        return replace(told, cool_until=told.cool_until - ahead, limited_at=heard)


def _ahead(connection: Connection, at: float) -> float:
    """How far the database's clock is ahead of one that shows a time now, in seconds."""
    (now,) = connection.execute("SELECT seconds()").fetchone()
    return float(now) - at
