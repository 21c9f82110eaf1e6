"""A campaign brought into a database from a file, and out of it again.

At each moment one of the two is the ledger: the file until the database has all of it, durably;
the database until the file is whole and in its place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.connection import SqliteConnection, connect
from batch_runner.ledger.database import Connection
from batch_runner.ledger.schema import migrate
from batch_runner.ledger.transfer import Standing, copy_all, standing

_NUMBERED = ("scopes", "jobs", "events", "runs")


def bring_in(connection: Connection, file: Path, campaign: str) -> None:
    """Fill a campaign's tables from a ledger of this program's version, and open it for work.

    Raises:
        LedgerError: the database has what the file has not (code ``ledger_apart``).
    """
    with contextlib.closing(connect(file, read_only=True)) as source:
        source.execute("BEGIN")
        if standing(connection, source) in {Standing.NEWER, Standing.APART}:
            raise _apart(file)
        # What they add up would be changed once for each attempt; it is added up at the end.
        connection.execute("ALTER TABLE attempts DISABLE TRIGGER USER")
        copy_all(source, connection)
        connection.execute("ALTER TABLE attempts ENABLE TRIGGER USER")
    for table in _NUMBERED:
        connection.execute(
            f"""SELECT setval(pg_get_serial_sequence(?, 'id'), coalesce(max(id), 0) + 1, FALSE)
                FROM {table}""",  # noqa: S608 - constants
            (table,),
        )
    connection.execute("UPDATE campaigns SET closed = FALSE WHERE id = ?", (campaign,))


def give_out(connection: Connection, file: Path, campaign: str) -> None:
    """Write a campaign into a file, and close it in the database.

    Raises:
        LedgerError: workers have some of its jobs (code ``jobs_owned``), or the file has what the
            database has not (code ``ledger_apart``).
    """
    (owned,) = connection.execute(
        "SELECT count(*) FROM jobs WHERE owner IS NOT NULL OR state = 'submitting'"
    ).fetchone()
    if owned:
        raise LedgerError(
            phrase("workers are still at work on it."),
            code="jobs_owned",
            hint=phrase("Stop them, or wait for the end of what they have; then try again."),
        )
    if file.exists():
        with contextlib.closing(connect(file)) as there:  # closed, it is one file
            if standing(there, connection) in {Standing.NEWER, Standing.APART}:
                raise _apart(file)
    fresh = file.with_name(f"{file.name}.new")
    with _made(fresh) as target:
        copy_all(connection, target)
    fresh.replace(file)
    connection.execute(
        "UPDATE campaigns SET closed = TRUE, active = FALSE WHERE id = ?", (campaign,)
    )


@contextmanager
def _made(file: Path) -> Iterator[SqliteConnection]:
    """A new file, whole on the disk when the block ends well."""
    file.unlink(missing_ok=True)
    with contextlib.closing(connect(file)) as connection:
        migrate(connection, file)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")


def _apart(file: Path) -> LedgerError:
    return LedgerError(
        phrase("the file and the database were both worked on; neither has all."),
        code="ledger_apart",
        where=str(file),
        hint=phrase("Nothing was changed. Go on with the one that has the later tasks."),
    )
