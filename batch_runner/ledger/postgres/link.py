"""One connection that comes back, and units of work that are run to their end over it."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from batch_runner.ledger.committer import Touches, Work
from batch_runner.ledger.postgres.connection import PostgresConnection
from batch_runner.ledger.postgres.shared import SCHEMA
from batch_runner.ledger.postgres.trouble import Patience, passes

T = TypeVar("T")

_LOCKS = 7_405  # of campaigns: the first half of the key; the second is the campaign's number
_QUESTION = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class Link:
    """For one thread.

    A connection may break off in the midst of a COMMIT, and then nobody knows whether that was
    done. So each change writes its number to a line that only this link writes, and the line is
    asked. The transaction's own id would not do: after a crash the server gives ids again that
    had not reached the disk, and they would tell of somebody else's transaction.
    """

    def __init__(
        self, opening: Callable[[], PostgresConnection], campaign: int | None, patience: Patience
    ) -> None:
        self._opening = opening
        self._campaign = campaign
        self._patience = patience
        self._connection: PostgresConnection | None = None
        self._slot = secrets.token_hex(16)
        self._number = 0  # of the last change

    def run(self, work: Work[T], touches: Touches) -> T:
        """Run a unit until it is durable; again where what went wrong passes.

        Raises:
            psycopg.Error: it does not pass, or not soon enough.
            Exception: what the unit raises; nothing of it is kept.
        """
        wait: Callable[[], bool] | None = None
        committing: tuple[T] | None = None  # the result of a unit whose COMMIT was sent
        while True:
            try:
                connection = self._connected()
                if committing is not None and self._is_durable(connection):
                    return committing[0]
                committing = None
                result = self._begun(connection, work, touches)
                committing = None if touches is Touches.NOTHING else (result,)
                self._commit(connection)
            except psycopg.Error as error:
                if not self._drop_if_broken():
                    committing = None  # the server itself said no
                wait = wait or self._patience.begin()
                if not passes(error) or not wait():
                    raise
            else:
                return result

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> PostgresConnection:
        if self._connection is None:
            self._connection = self._opening()
        return self._connection

    def _begun(self, connection: PostgresConnection, work: Work[T], touches: Touches) -> T:
        """Run a unit in a transaction that is left open."""
        if touches is not Touches.NOTHING and self._number == 0:
            # Whoever asks for a line waits for its writer, but only for a line that is there.
            connection.script(self._marked(0))
        try:
            if touches is Touches.NOTHING:
                connection.script(_QUESTION)
            else:
                self._number += 1
                connection.script(f"BEGIN; {self._lock(touches)} {self._marked(self._number)}")
            return work(connection)
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                connection.script("ROLLBACK")
            raise

    def _lock(self, touches: Touches) -> str:
        if self._campaign is None:
            return ""
        how = "_shared" if touches is Touches.ONE else ""
        return f"SELECT pg_advisory_xact_lock{how}({_LOCKS}, {self._campaign});"

    def _marked(self, number: int) -> str:
        """All of these begin a transaction in one message; there is nothing foreign in it."""
        return f"""INSERT INTO {SCHEMA}.marks (slot, n) VALUES ('{self._slot}', {number})
            ON CONFLICT (slot) DO UPDATE SET n = excluded.n, at = excluded.at"""  # noqa: S608

    def _commit(self, connection: PostgresConnection) -> None:
        sys.audit("batch_runner.ledger.commit")
        connection.script("COMMIT")
        sys.audit("batch_runner.ledger.committed")

    def _is_durable(self, connection: PostgresConnection) -> bool:
        """Whether the last change is; waits for the end of one that the server still works on."""
        row = connection.execute(
            f"SELECT n FROM {SCHEMA}.marks WHERE slot = ? FOR UPDATE",  # noqa: S608 - a constant
            (self._slot,),
        ).fetchone()
        return row is not None and row["n"] == self._number

    def _drop_if_broken(self) -> bool:
        """Forget a connection that is none any more; whether it was so."""
        connection = self._connection
        if connection is None:
            return True
        if connection.raw.info.transaction_status is not TransactionStatus.IDLE:
            self.close()
            return True
        return False
