"""The ledger in one SQLite file: WAL, synchronous=FULL, one writer."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger import runs
from batch_runner.ledger.commit import GroupCommit, InlineCommit, ReadOnly
from batch_runner.ledger.committer import Committer, Work
from batch_runner.ledger.connection import SqliteConnection, connect, opening
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.schema import is_older, migrate, migrated_copy

T = TypeVar("T")


class SqliteLedger(Ledger):
    """A ledger in a file."""

    def __init__(self, path: Path, commit: Committer) -> None:
        super().__init__(commit)
        self.path = path
        self.where = str(path)

    @classmethod
    def for_run(cls, path: Path) -> Self:
        """Without waiting for the disk in the event loop: many changes share one fsync."""
        return cls(path, GroupCommit(_open(path)))

    @classmethod
    def for_command(cls, path: Path) -> Self:
        """Without a thread: one commit a change."""
        return cls(path, InlineCommit(_open(path)))

    @classmethod
    def for_reading(cls, path: Path) -> Self:
        """For looking only, also beside a run of another process; writes nothing.

        Raises:
            LedgerError: it is of a later version, or holds nothing yet (code ``ledger_empty``).
        """
        connection = connect(path, read_only=True)
        with opening(connection, path):
            if is_older(connection, path):
                old, connection = connection, migrated_copy(connection, path)
                old.close()
        return cls(path, ReadOnly(connection))

    async def _do(self, work: Callable[..., T], *args: Any, **terms: Any) -> T:
        try:
            return await super()._do(work, *args, **terms)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    async def _beside(self, work: Work[T]) -> T:
        try:
            return await asyncio.to_thread(self._on_its_own, work)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _on_its_own(self, work: Work[T]) -> T:
        with contextlib.closing(connect(self.path, read_only=True)) as connection:
            connection.execute("BEGIN")
            return work(connection)

    def _trouble(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(
            phrase("the ledger cannot be written or read ({reason}).", reason=error),
            code="ledger_io",
            where=self.where,
            hint=phrase(
                "Nothing is submitted without it. Is the disk full? Run the same command again when it is mended; accepted tasks are kept."
            ),
        )


def bring_up_to_date(path: Path) -> None:
    """Bring a ledger to this program's version, where a run holds its sheet."""
    _open(path).close()


def _open(path: Path) -> SqliteConnection:
    """A connection to a ledger of this program's version, made if there is none."""
    connection = connect(path)
    with opening(connection, path):
        migrate(connection, path)
        runs.make_campaign(connection)
    return connection
