"""What somebody who watches is shown of a ledger: pages of jobs, what happens now, how fast it goes.

Each question costs the same however large the ledger is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State, shown
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.rows import JOB_COLUMNS, JOB_TABLES, to_job

MOST = 5000  # lines of history that the tempo is counted from

Place = tuple[int, int, int]
"""Scope, row and variant of a job in the sheet."""

FIRST: Place = (0, 0, 0)

_PAGE = f"""SELECT {JOB_COLUMNS} FROM {JOB_TABLES}
    WHERE j.row IS NOT NULL AND (j.scope, j.row, j.variant) > (:scope, :row, :variant)"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened to a row."""

    id: int
    at: datetime
    job: int
    name: str  # how people call the row
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of the history."""

    id: int
    at: datetime
    job: int
    attempt: int
    event: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """What happened since some moment, in numbers."""

    accepted: int = 0
    ended: int = 0
    limited: int = 0  # submits answered with 429


def page(connection: Connection, shows: str | None, after: Place, most: int) -> list[Job]:
    """Jobs in the order of the sheet, from the one after a place on.

    Args:
        connection: to the ledger.
        shows: only those that show as this state; ``None``: all.
        after: the place of the last one that is known already; ``FIRST`` at first.
        most: how many at most.
    """
    scope, row, variant = after
    terms: dict[str, object] = {"scope": scope, "row": row, "variant": variant, "most": most}
    only = ""
    if shows is not None:
        only = "AND j.state IN (SELECT value FROM json_each(:states))"
        terms["states"] = json.dumps([state for state in State if shown(state) == shows])
    rows = connection.execute(
        f"{_PAGE} {only} ORDER BY j.scope, j.row, j.variant LIMIT :most", terms
    )
    return [to_job(row) for row in rows]


def happenings(connection: Connection, most: int) -> Sequence[Happening]:
    """The newest lines of the history, the newest first."""
    rows = connection.execute(
        """SELECT e.id, e.at, e.job, e.event, j.row, j.key, j.row_hash
           FROM events e JOIN jobs j ON j.id = e.job ORDER BY e.id DESC LIMIT ?""",
        (most,),
    )
    return [
        Happening(
            id=row["id"],
            at=datetime.fromtimestamp(row["at"], UTC),
            job=row["job"],
            name=_name(row),
            event=row["event"],
        )
        for row in rows
    ]


def happened_after(connection: Connection, line: int, most: int) -> list[Happened]:
    """The lines of the history that follow one, in their order."""
    rows = connection.execute(
        """SELECT id, at, job, attempt, event, detail FROM events WHERE id > ?
           ORDER BY id LIMIT ?""",
        (line, most),
    )
    return [
        Happened(
            id=row["id"],
            at=datetime.fromtimestamp(row["at"], UTC),
            job=row["job"],
            attempt=row["attempt"],
            event=row["event"],
            detail=json.loads(row["detail"] or "{}"),
        )
        for row in rows
    ]


def _name(row: Row) -> str:
    if row["key"] is not None:
        return str(row["key"])
    return str(row["row"]) if row["row"] is not None else str(row["row_hash"])[:8]


def tempo(connection: Connection, since: datetime) -> Tempo:
    """What was accepted, came to an end, or was limited since a moment."""
    row = connection.execute(
        """SELECT count(*) FILTER (WHERE event = 'accepted') AS accepted,
                  count(*) FILTER (WHERE event IN
                      ('stored', 'finished', 'task_failed', 'rejected', 'unobtainable')) AS ended,
                  count(*) FILTER (WHERE event = 'deferred'
                      AND CAST(json_extract(detail, '$.http_status') AS INTEGER) = 429) AS limited
           FROM (SELECT at, event, detail FROM events ORDER BY id DESC LIMIT ?) AS newest WHERE at >= ?""",
        (MOST, since.timestamp()),
    ).fetchone()
    return Tempo(accepted=row["accepted"], ended=row["ended"], limited=row["limited"])


def worksheets(connection: Connection) -> dict[int, str]:
    """Scope -> the worksheet's name; empty for a text file."""
    rows = connection.execute("SELECT id, worksheet FROM scopes")
    return {row["id"]: row["worksheet"] for row in rows}
