"""Runs of the program over a ledger, and the few facts that belong to the whole campaign."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.core.wording import interrupted
from batch_runner.ledger.database import Connection
from batch_runner.ledger.history import write_event
from batch_runner.ledger.rows import MAY_BE_OPEN, NEW_TROUBLE, to_time

FINISHED = frozenset({0, 1})
"""Exit codes of runs that came to their end."""

PUBLISHES = "publishes"
"""The fact that a run was told where to publish: some rows may have links that last."""

REDO_ORDER = "redo_order"
"""The fact that remembers a ``redo`` until a run came to its end, see ``app.redo``."""

Which = tuple[str, Sequence[object]]
"""A condition on jobs, and the values in it."""

EVERY: Which = ("TRUE", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run of the program over this ledger."""

    id: int
    started_at: datetime
    beat_at: datetime
    ended_at: datetime | None
    exit: int | None
    host: str
    pid: int
    progress_at: datetime | None  # when something happened last to any job


def make_campaign(connection: Connection) -> None:
    """A campaign's id and salt are made once."""
    for name in ("campaign", "salt"):
        connection.execute(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (name, secrets.token_hex(16)),
        )


def get_meta(connection: Connection, name: str) -> str | None:
    """A fact, or ``None``."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else None


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Remember a fact."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def start(
    connection: Connection,
    at: datetime,
    *,
    host: str,
    pid: int,
    version: str,
    whose: Which = EVERY,
) -> int:
    """Open a run and settle what the last one left half done (``whose``: of which jobs)."""
    stamp = at.timestamp()
    connection.execute(
        "UPDATE runs SET ended_at = beat_at WHERE ended_at IS NULL",  # it died; nobody else runs
    )
    (run,) = connection.execute(
        """INSERT INTO runs (started_at, beat_at, host, pid, version) VALUES (?, ?, ?, ?, ?)
           RETURNING id""",
        (stamp, stamp, host, pid, version),
    ).fetchone()
    recover(connection, stamp, interrupted(), whose)
    connection.execute(
        "UPDATE jobs SET tries = 0, not_before = 0 WHERE tries > 0 OR not_before > 0"
    )
    return int(run)


def recover(connection: Connection, at: float, error: str, whose: Which = EVERY) -> int:
    """Jobs whose POST may have been on its way when the last run died become unknown."""
    which, terms = whose
    rows = connection.execute(
        f"""SELECT id, attempt FROM jobs j WHERE {MAY_BE_OPEN} AND state = 'submitting' AND {which}
            {connection.unlocked}""",  # noqa: S608 - constants
        terms,
    ).fetchall()
    state = advance(State.SUBMITTING, Event.LOST)
    for row in rows:
        connection.execute(
            """UPDATE jobs SET state = ?, error_code = 'interrupted', error = ?, updated_at = ?
               WHERE id = ?""",
            (state, error, at, row["id"]),
        )
        connection.execute(
            """UPDATE attempts SET outcome = 'lost', error_code = 'interrupted', error = ?
               WHERE job = ? AND n = ?""",
            (error, row["id"], row["attempt"]),
        )
        what = (Event.LOST, state)
        write_event(connection, row["id"], row["attempt"], what, at, {"why": "interrupted"})
    return len(rows)


def beat(connection: Connection, run: int, at: datetime) -> None:
    """Note that the run is alive."""
    connection.execute("UPDATE runs SET beat_at = ? WHERE id = ?", (at.timestamp(), run))


def finish(connection: Connection, run: int, at: datetime, code: int) -> None:
    """Close a run."""
    stamp = at.timestamp()
    connection.execute(
        "UPDATE runs SET beat_at = ?, ended_at = ?, exit = ? WHERE id = ?",
        (stamp, stamp, code, run),
    )
    if code in FINISHED:
        connection.execute("DELETE FROM meta WHERE name = ?", (REDO_ORDER,))
        connection.execute(f"UPDATE jobs SET noted = TRUE WHERE {NEW_TROUBLE}")  # noqa: S608 - constants


def origins(connection: Connection) -> frozenset[str]:
    """Where jobs of this ledger were sent, and not surely turned away."""
    rows = connection.execute("SELECT DISTINCT origin FROM attempts WHERE outcome <> 'deferred'")
    return frozenset(row["origin"] for row in rows)


def rename_files(connection: Connection, before: str, after: str) -> None:
    """Let paths of videos begin with another folder; done twice it changes nothing more."""
    for table in ("jobs", "attempts"):
        connection.execute(
            f"""UPDATE {table} SET video_file = ? || substr(video_file, ?)
                WHERE substr(video_file, 1, ?) = ?""",  # noqa: S608 - constants
            (after, len(before) + 1, len(before), before),
        )


def last_run(connection: Connection) -> RunRecord | None:
    """The newest run, ended or not."""
    row = connection.execute(
        """SELECT *, (SELECT at FROM events ORDER BY id DESC LIMIT 1) AS progress_at
           FROM runs ORDER BY id DESC LIMIT 1"""
    ).fetchone()
    if row is None:
        return None
    return RunRecord(
        id=row["id"],
        started_at=_sure(to_time(row["started_at"])),
        beat_at=_sure(to_time(row["beat_at"])),
        ended_at=to_time(row["ended_at"]),
        exit=row["exit"],
        host=row["host"],
        pid=row["pid"],
        progress_at=to_time(row["progress_at"]),
    )


def _sure(time: datetime | None) -> datetime:
    assert time is not None
    return time
