"""Jobs of the sheet that somebody asks for: by how they are called, or by what is wrong."""

from __future__ import annotations

import sqlite3

from batch_runner.core.jobs import Job
from batch_runner.ledger.rows import JOB_COLUMNS, JOB_TABLES, to_job

_IN_SHEET = f"SELECT {JOB_COLUMNS} FROM {JOB_TABLES} WHERE j.row IS NOT NULL"  # noqa: S608 - constants


def called(connection: sqlite3.Connection, who: str) -> list[Job]:
    """Jobs that people call so: a line, a key, or the start of a job mark."""
    line = int(who) if who.isascii() and who.isdigit() and len(who) < 10 else -1
    mark = who if len(who) >= 6 and who.isalnum() else "-"
    rows = connection.execute(
        f"""{_IN_SHEET} AND (j.row = ? OR j.key = ? OR j.row_hash GLOB ? || '*')
            ORDER BY j.scope, j.row""",
        (line, who, mark),
    )
    return [to_job(row) for row in rows]


def to_mend(connection: sqlite3.Connection) -> list[Job]:
    """Jobs that failed or are invalid, in the order of the sheet."""
    rows = connection.execute(
        f"{_IN_SHEET} AND j.state IN ('failed', 'invalid') ORDER BY j.scope, j.row"
    )
    return [to_job(row) for row in rows]
