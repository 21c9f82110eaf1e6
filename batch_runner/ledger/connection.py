"""A connection to a SQLite file, with the settings that every one of ours needs."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.database import Parameters
from batch_runner.ledger.disk import network_kind


class SqliteConnection(sqlite3.Connection):
    """One that the ledger's SQL can use; who writes has the whole file, so no row is locked."""

    locked = unlocked = ""

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], /) -> None:
        """Add many rows to a table."""
        places = ", ".join("?" * len(columns))
        self.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of ours
            rows,
        )

    def walk(self, sql: str, parameters: Parameters = (), /) -> Iterable[Any]:
        """The rows of an answer; SQLite makes each when it is asked for."""
        return self.execute(sql, parameters)


BUSY_TIMEOUT = 30.0  # seconds another process (status, resolve) may hold the file


def connect(path: Path, *, read_only: bool = False) -> SqliteConnection:
    """Open the file with the settings every connection needs.

    Raises:
        LedgerError: it cannot be opened, or is no SQLite database.
    """
    mode = "ro" if read_only else "rwc"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
            factory=SqliteConnection,
        )
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    with opening(connection, path):
        connection.row_factory = sqlite3.Row
        if not read_only:
            # The shared memory of WAL works on one computer only, if on a network drive at all.
            mode = "WAL" if network_kind(path) is None else "TRUNCATE"
            connection.execute(f"PRAGMA journal_mode = {mode}")
            # NORMAL could lose the last commits at a power cut: a task paid for and forgotten.
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return connection


def _unusable(path: Path, error: sqlite3.Error) -> LedgerError:
    if isinstance(error, sqlite3.OperationalError):  # the disk's trouble, not the file's
        hint = "See that the disk has room and the folder can be written; nothing was submitted."
    else:
        hint = (
            "It is the only record of what was paid: put back a copy of the file; nothing was "
            "submitted."
        )
    return LedgerError(
        phrase("the ledger cannot be opened ({reason}).", reason=error),
        code="ledger_unusable",
        where=str(path),
        hint=hint,
    )


@contextlib.contextmanager
def opening(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Leave no connection behind that could not be made ready."""
    try:
        yield
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise _unusable(path, error) from error
        raise
