"""Runs of one account, one beside the other: who they are, what they use, what they were told.

On one computer it lies in the user's books, in a fleet in its database. Nothing of it is worth a
wait for the disk: after a loss of power there is no run that it tells of.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.core.pace import Found
from batch_runner.core.share import Member, Share, share_of
from batch_runner.ledger.committer import Work
from batch_runner.ledger.connection import SqliteConnection, connect
from batch_runner.ledger.database import Connection, Row

T = TypeVar("T")

LEASE = 5.0  # seconds without a beat after which a run is no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run learns from the others; times are unix seconds."""

    share: Share
    cool_until: float
    limited_at: float | None  # when another run last got a 429
    members: int  # how many share, this run among them


class PoolStore(ABC):
    """The runs of one account at one service; any thread may call."""

    lease = LEASE

    def __init__(self, account: str, origin: str) -> None:
        self._who = (account, origin)

    @abstractmethod
    def close(self) -> None:
        """Let it go."""

    @abstractmethod
    def _run(self, work: Work[T]) -> T:
        """All that the work does, or nothing of it; nobody else of the account meanwhile.

        Raises:
            LedgerError: it cannot be done.
        """

    def meet(self, me: Member, at: float, *, limited_at: float, cool_until: float) -> Told:
        """Tell what this run uses and was told; learn what the others leave.

        Args:
            me: this run; what it was granted before does not matter.
            at: now.
            limited_at: when it last got a 429 that said something; 0: never.
            cool_until: until when it sends nothing for that.
        """
        return self._run(lambda c: self._meet(c, me, at, limited_at, cool_until))

    def leave(self, member: str) -> None:
        """This run ends: its share is free at once."""
        self._run(lambda c: c.execute("DELETE FROM members WHERE id = ?", (member,)))

    def found(self, at: float) -> Found | None:
        """The limits that any run of the account found, with their age."""
        row = self._run(self._limits)
        if row["found_at"] == 0:
            return None
        age = max(0.0, at - row["found_at"])
        return Found(rate=row["found_rate"], slots=row["found_slots"], age=age)

    def remember(self, rate: float | None, slots: float | None, at: float) -> None:
        """Keep what a run found; what it did not find stays."""
        self._run(lambda c: self._remember(c, rate, slots, at))

    def _meet(
        self, connection: Connection, me: Member, at: float, limited_at: float, cool_until: float
    ) -> Told:
        row = self._limits(connection)
        others = self._others(connection, me.id, at)
        share = share_of(me, others)
        self._keep(connection, me.granted(share), at)
        cool_until = max(cool_until, row["cool_until"])
        if limited_at > row["limited_at"]:
            connection.execute(
                """UPDATE limits SET limited_at = ?, limited_by = ?, cool_until = ?
                   WHERE account = ? AND origin = ?""",
                (limited_at, me.id, cool_until, *self._who),
            )
        heard = row["limited_by"] != me.id and row["limited_at"] > limited_at
        return Told(
            share=share,
            cool_until=row["cool_until"],
            limited_at=row["limited_at"] if heard else None,
            members=len(others) + 1,
        )

    def _remember(
        self, connection: Connection, rate: float | None, slots: float | None, at: float
    ) -> None:
        self._limits(connection)
        connection.execute(
            """UPDATE limits SET found_rate = coalesce(?, found_rate),
                   found_slots = coalesce(?, found_slots), found_at = ?
               WHERE account = ? AND origin = ?""",
            (rate, slots, at, *self._who),
        )

    def _others(self, connection: Connection, me: str, at: float) -> list[Member]:
        connection.execute(
            "DELETE FROM members WHERE abs(? - beat_at) > ? AND id <> ?", (at, self.lease, me)
        )
        rows = connection.execute(
            "SELECT * FROM members WHERE account = ? AND origin = ? AND id <> ?", (*self._who, me)
        )
        return [_member(row) for row in rows]

    def _keep(self, connection: Connection, me: Member, at: float) -> None:
        connection.execute("DELETE FROM members WHERE id = ?", (me.id,))
        connection.execute(
            """INSERT INTO members (id, account, origin, beat_at, rate, slots, in_flight, sending,
                   served_at, granted_rate, granted_slots)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                me.id,
                *self._who,
                at,
                me.rate,
                me.slots,
                me.in_flight,
                me.sending,
                me.served_at,
                me.granted_rate,
                me.granted_slots,
            ),
        )

    def _limits(self, connection: Connection) -> Row:
        connection.execute(
            "INSERT INTO limits (account, origin) VALUES (?, ?) ON CONFLICT DO NOTHING", self._who
        )
        row: Row = connection.execute(
            f"SELECT * FROM limits WHERE account = ? AND origin = ? {connection.locked}",  # noqa: S608 - constants
            self._who,
        ).fetchone()
        return row


class SqlitePoolStore(PoolStore):
    """Those of one computer, in the user's books."""

    def __init__(self, connection: SqliteConnection, path: Path, who: tuple[str, str]) -> None:
        super().__init__(*who)
        self._connection = connection
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def open(cls, books: Path, account: str, origin: str) -> Self:
        """Open the books, which are there already, for an account.

        Raises:
            LedgerError: they cannot be used.
        """
        connection = connect(books)
        connection.execute("PRAGMA synchronous = NORMAL")
        return cls(connection, books, (account, origin))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _run(self, work: Work[T]) -> T:
        with self._lock, _telling(self._connection, self._path):
            return work(self._connection)


@contextlib.contextmanager
def _telling(connection: SqliteConnection, path: Path) -> Iterator[None]:
    """All that the block does, or nothing of it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise LedgerError(
                phrase(
                    "runs of the same account cannot be told of each other ({reason}).",
                    reason=error,
                ),
                code="pool_unusable",
                where=str(path),
                hint=phrase("Each uses the limits as if it were alone, until the disk is mended."),
            ) from error
        raise


def _member(row: Row) -> Member:
    return Member(
        id=row["id"],
        rate=row["rate"],
        slots=row["slots"],
        in_flight=row["in_flight"],
        sending=bool(row["sending"]),
        served_at=row["served_at"],
        granted_rate=row["granted_rate"],
        granted_slots=row["granted_slots"],
    )
