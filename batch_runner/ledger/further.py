"""Variants beside those in the main columns: as the ledger tells them, as a list told them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from batch_runner.core.jobs import Job
from batch_runner.core.listing import Listed
from batch_runner.ledger.database import Connection
from batch_runner.ledger.rows import JOB_COLUMNS, JOB_TABLES, to_job

TABLE = """
CREATE TABLE listed (
    mark TEXT NOT NULL,
    away INTEGER NOT NULL,  -- it was of another worksheet
    task_id TEXT,
    status TEXT
);
CREATE INDEX listed_mark ON listed (mark, away);
"""


def variants(connection: Connection) -> Iterator[Job]:
    """All of a ledger that are no row's main video, one by one, in the sheet's order.

    Last come those that were sent and that no row asks for any more.
    """
    rows = connection.walk(
        f"""SELECT {JOB_COLUMNS} FROM {JOB_TABLES}
            WHERE j.variant <> j.best AND (j.row IS NOT NULL OR j.attempt > 0)
            ORDER BY j.scope, j.row IS NULL, j.row, j.variant, j.id"""  # noqa: S608 - constants
    )
    return map(to_job, rows)


class ListedVariants:
    """What the list beside a sheet says, until each line has found its variant."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.some = False  # whether there is any

    def fill(self, lines: Iterable[Listed], worksheet: str) -> None:
        """Take the lines in; those of this worksheet come first."""
        rows = ((one.job, one.worksheet != worksheet, one.task_id, one.status) for one in lines)
        self._connection.executemany("INSERT INTO listed VALUES (?, ?, ?, ?)", rows)
        found = self._connection.execute("SELECT 1 FROM listed LIMIT 1").fetchone()
        self.some = found is not None

    def take(self, mark: str) -> tuple[str, str] | None:
        """Task id and status of a line with this mark; equal rows get a line each."""
        if not self.some:
            return None
        found = self._connection.execute(
            """DELETE FROM listed WHERE rowid = (
                   SELECT rowid FROM listed WHERE mark = ? ORDER BY away, rowid LIMIT 1)
               RETURNING task_id, status""",
            (mark,),
        ).fetchall()
        return found[0] if found else None
