"""The user's own books: what all their sheets spend together, durable before anything is sent.

The ledgers stay the truth about what was paid. The books follow them: an attempt that may cost
money is reserved here first, then claimed in its ledger, then sent; a crash in between leaves a
reservation too many, never a submit too many. What became of attempts is read from the ledgers'
history from time to time (``book``).
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.core.spend import Cap, Charge, Payer, Reservation, Source
from batch_runner.ledger.connection import connect
from batch_runner.ledger.spend_schema import QUARTER, UNKNOWN_ACCOUNT, begin

FILE = "spend.sqlite"
WATCH = timedelta(days=32)
"""For so long after a budget of the day or month was set, all sheets of its account reserve."""


class SpendStore:
    """The books, open. Every change is durable when its method returns; any thread may call."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the books in this folder, or begin them.

        Raises:
            LedgerError: they cannot be used (code ``spend_unusable`` or ``spend_newer``).
        """
        path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = connect(path)
        except (OSError, LedgerError) as error:
            raise _unusable(path, error) from error
        try:
            begin(connection, path)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise _unusable(path, error) from error
            raise
        return cls(path, connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that the block does, durably, or nothing of it; readers use it, too."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                sys.audit("batch_runner.spend.commit")
                self._connection.execute("COMMIT")
                sys.audit("batch_runner.spend.committed")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise _unusable(self.path, error) from error
                raise

    @property
    def salt(self) -> str:
        """With what API keys are fingerprinted here."""
        with self.transaction() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = 'salt'").fetchone()
            return str(row["value"])

    # -- ledgers that are followed --------------------------------------------------------

    def source(self, ledger: Path, campaign: str, sheet: str) -> Source:
        """The books' line of a ledger, made on first sight."""
        with self.transaction() as connection:
            row = connection.execute(
                """INSERT INTO sources (ledger, campaign, sheet) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET sheet = excluded.sheet,
                       mark = iif(campaign = excluded.campaign, mark, 0),
                       campaign = excluded.campaign
                   RETURNING *""",
                (str(ledger), campaign, sheet),
            ).fetchone()
            return _source(row)

    def sources(self) -> list[Source]:
        """All ledgers that were ever followed."""
        with self.transaction() as connection:
            return [_source(row) for row in connection.execute("SELECT * FROM sources")]

    def book(self, source: Source, charges: Sequence[Charge], mark: int) -> None:
        """Take over how attempts stand in their ledger, up to this line of its history.

        A reservation for a later send than the ledger told of stays as it is.
        """
        with self.transaction() as connection:
            connection.executemany(
                """INSERT INTO charges (key, source, at, sends, origin, account, model, amount,
                       cost, accepted, ended_at, reserved)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
                   ON CONFLICT DO UPDATE SET source = excluded.source, sends = excluded.sends,
                       at = iif(amount = 0, excluded.at, at), amount = excluded.amount,
                       account = iif(substr(excluded.account, 1, 1) = ?, account,
                           excluded.account),
                       cost = excluded.cost, accepted = excluded.accepted,
                       ended_at = excluded.ended_at, reserved = 0
                   WHERE excluded.sends >= sends""",
                [
                    (
                        charge.key,
                        source.id,
                        charge.at,
                        charge.sends,
                        charge.origin,
                        charge.account,
                        charge.model,
                        charge.amount,
                        charge.cost,
                        charge.accepted,
                        charge.ended_at,
                        UNKNOWN_ACCOUNT,
                    )
                    for charge in charges
                ],
            )
            connection.execute("UPDATE sources SET mark = ? WHERE id = ?", (mark, source.id))

    def recognise(self, unknown: str, account: str) -> None:
        """What was booked under a ledger's own fingerprint of a key belongs to this account."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE charges SET account = ? WHERE account = ?", (account, unknown)
            )

    def free(self, source: Source) -> int:
        """End reservations that no ledger knows; only while nobody else can be claiming.

        Those of the same campaign count, too, whose ledger is no longer where it was.
        """
        with self.transaction() as connection:
            rows = connection.execute(
                "SELECT id, ledger FROM sources WHERE id = ? OR campaign = ?",
                (source.id, source.campaign),
            ).fetchall()
            gone = [
                r["id"] for r in rows if r["id"] == source.id or not Path(r["ledger"]).exists()
            ]
            return sum(
                connection.execute(
                    "DELETE FROM charges WHERE source = ? AND reserved", (place,)
                ).rowcount
                for place in gone
            )

    def leaky(self) -> list[Source]:
        """Ledgers with reservations that they were not seen to have."""
        with self.transaction() as connection:
            rows = connection.execute(
                """SELECT * FROM sources
                   WHERE id IN (SELECT source FROM charges WHERE reserved)"""
            )
            return [_source(row) for row in rows]

    # -- budgets --------------------------------------------------------------------------

    def reserve(
        self, source: Source, payer: Payer, wish: Reservation, caps: Sequence[Cap]
    ) -> tuple[Cap, int] | None:
        """Reserve what is about to be sent, unless a budget could be overshot by it.

        Returns:
            The budget that forbids it and what it holds already; ``None``: it is reserved.
        """
        with self.transaction() as connection:
            own = connection.execute(
                "SELECT at, amount FROM charges WHERE key = ?", (wish.key,)
            ).fetchone()
            for cap in caps:
                held = _held(connection, payer, cap.since)
                if own is not None and own["at"] >= cap.since.timestamp():
                    held -= own["amount"]
                if held + wish.micros > cap.micros:
                    return cap, held
            connection.execute(
                """INSERT INTO charges (key, source, at, sends, origin, account, model, amount,
                       reserved)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
                   ON CONFLICT DO UPDATE SET source = excluded.source, sends = excluded.sends,
                       at = iif(amount = 0, excluded.at, at),
                       amount = max(amount, excluded.amount), reserved = 1""",
                (
                    wish.key,
                    source.id,
                    wish.at.timestamp(),
                    wish.sends,
                    payer.origins[0],
                    payer.account,
                    wish.model,
                    wish.micros,
                ),
            )
            return None

    def held(self, payer: Payer, since: datetime) -> int:
        """Micro-dollars spent or reserved from a moment on."""
        with self.transaction() as connection:
            return _held(connection, payer, since)

    def watch(self, account: str, at: datetime) -> None:
        """A budget of the day or month is in force for this account."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO watched VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until",
                (account, (at + WATCH).timestamp()),
            )

    def watched(self, account: str, at: datetime) -> bool:
        """Whether some sheet of this account has a budget of the day or month."""
        with self.transaction() as connection:
            found = connection.execute(
                "SELECT 1 FROM watched WHERE account = ? AND until > ?", (account, at.timestamp())
            ).fetchone()
            return found is not None


def _held(connection: sqlite3.Connection, payer: Payer, since: datetime) -> int:
    total = 0
    for origin in payer.origins:
        row = connection.execute(
            """SELECT coalesce(sum(total), 0) AS total FROM quarters
               WHERE account = ? AND origin = ? AND quarter >= ?""",
            (payer.account, origin, int(since.timestamp() // QUARTER)),
        ).fetchone()
        total += row["total"]
    return total


def _source(row: sqlite3.Row) -> Source:
    return Source(
        id=row["id"],
        ledger=Path(row["ledger"]),
        campaign=row["campaign"],
        sheet=row["sheet"],
        mark=row["mark"],
    )


def _unusable(path: Path, error: Exception) -> LedgerError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return LedgerError(
        phrase(
            "the books of what your sheets spend together cannot be used ({reason}).",
            reason=reason,
        ),
        code="spend_unusable",
        where=str(path),
        hint=phrase(
            "Mend the disk or the folder's permissions, or set BATCH_RUNNER_DATA to another folder. If the file is damaged, delete it: it is made again from the sheets' ledgers."
        ),
    )
