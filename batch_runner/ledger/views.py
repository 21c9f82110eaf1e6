"""What a ledger tells: read-only questions, safe beside a run of another process."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from batch_runner.core.identity import Basis
from batch_runner.core.jobs import Job
from batch_runner.ledger.database import Connection
from batch_runner.ledger.rows import (
    JOB_COLUMNS,
    JOB_TABLES,
    MAY_BE_OPEN,
    WITHOUT_VIDEO,
    to_job,
    to_time,
)

AT_ONCE = 500  # jobs that are held at a time
_JOBS = f"SELECT {JOB_COLUMNS} FROM {JOB_TABLES}"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a job's history."""

    at: datetime
    run: int | None
    attempt: int
    event: str
    state: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as the ledger keeps it, for ``status --row`` and ``resolve``."""

    n: int
    key: str
    body: bytes
    origin: str
    account: str
    first_sent_at: datetime
    sends: int
    outcome: str
    task_id: str | None
    cost: int | None
    video_file: str | None
    video_sha256: str | None  # where the video lies in a shared place
    error_code: str
    error: str
    request_id: str | None
    raw: str | None
    note: str  # of whoever asked for it
    published: str | None  # its lasting link
    url: str | None  # the provider's, as it was when the job went on to another one
    finished_at: datetime | None  # likewise


def jobs_in_sheet(connection: Connection, scope: int | None = None) -> Iterator[Job]:
    """Jobs that stand in the sheet, in its order."""
    where = "" if scope is None else "AND j.scope = ?"
    args = () if scope is None else (scope,)
    rows = connection.walk(
        f"{_JOBS} WHERE j.row IS NOT NULL {where} ORDER BY j.scope, j.row", args
    )
    return map(to_job, rows)


def jobs_of_scope(connection: Connection, scope: int) -> Iterator[Job]:
    """All jobs of a scope that were ever enrolled, superseded ones too."""
    return map(to_job, connection.execute(f"{_JOBS} WHERE j.scope = ? ORDER BY j.id", (scope,)))


def job(connection: Connection, job_id: int) -> Job:
    """One job."""
    return to_job(connection.execute(f"{_JOBS} WHERE j.id = ?", (job_id,)).fetchone())


def some_jobs(connection: Connection, jobs: Iterable[int]) -> list[Job]:
    """These jobs, as they are at one moment."""
    ids = json.dumps(list(jobs))
    rows = connection.execute(
        f"{_JOBS} WHERE j.id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",  # noqa: S608 - constants
        (ids,),
    )
    return [to_job(row) for row in rows]


def thumbnails(connection: Connection, jobs: Sequence[int]) -> dict[int, str]:
    """Job -> the link to a picture of its video, for those of these jobs that have one."""
    rows = connection.execute(
        """SELECT j.id, a.thumbnail FROM jobs j JOIN attempts a ON a.job = j.id AND a.n = j.attempt
           WHERE j.id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) AND a.thumbnail IS NOT NULL""",
        (json.dumps(list(jobs)),),
    )
    return {row["id"]: row["thumbnail"] for row in rows}


def visit(
    connection: Connection, scope: int, among: Collection[int] | None, take: Callable[[Job], None]
) -> None:
    """Show jobs of a worksheet to ``take``, as all of them are at one moment."""
    for job in jobs_in_sheet(connection, scope) if among is None else _each(connection, among):
        if job.scope == scope and job.row is not None:
            take(job)


def _each(connection: Connection, jobs: Collection[int]) -> Iterator[Job]:
    left = iter(jobs)
    while some := list(islice(left, AT_ONCE)):
        yield from some_jobs(connection, some)


def memory(connection: Connection, worksheet: str) -> tuple[Basis, dict[str, str]] | None:
    """By which columns a worksheet's rows were hashed, and which of its columns are ours."""
    row = connection.execute("SELECT * FROM scopes WHERE worksheet = ?", (worksheet,)).fetchone()
    if row is None:
        return None
    return Basis.from_json(row["basis"]), json.loads(row["out_columns"])


def task_ids(connection: Connection) -> frozenset[str]:
    """Every task id of every attempt."""
    rows = connection.execute("SELECT task_id FROM attempts WHERE task_id IS NOT NULL")
    return frozenset(row["task_id"] for row in rows)


def open_jobs(connection: Connection) -> list[Job]:
    """Accepted tasks whose end is not known yet, oldest first; superseded ones too."""
    rows = connection.execute(
        f"""{_JOBS} WHERE j.{MAY_BE_OPEN} AND j.state IN ('running', 'fetching')
            ORDER BY a.accepted_at NULLS FIRST, j.id"""
    )
    return [to_job(row) for row in rows]


def without_video(connection: Connection) -> list[Job]:
    """Succeeded and paid, but the video could not be had yet."""
    rows = connection.execute(
        f"{_JOBS} WHERE {WITHOUT_VIDEO} ORDER BY j.expires_at NULLS FIRST, j.id"
    )
    return [to_job(row) for row in rows]


def unknown_jobs(connection: Connection) -> list[Job]:
    """Jobs of which nobody knows whether they were accepted; superseded ones too."""
    rows = connection.execute(
        f"""{_JOBS} WHERE j.{MAY_BE_OPEN} AND j.state = 'unknown'
            ORDER BY j.scope, j.row NULLS FIRST, j.id"""
    )
    return [to_job(row) for row in rows]


def differing(connection: Connection) -> list[Job]:
    """Finished jobs that today's settings would ask for in another way."""
    rows = connection.execute(
        f"""{_JOBS} WHERE j.row IS NOT NULL AND j.state = 'succeeded' AND j.body IS NOT NULL
            AND coalesce(a.asked, a.body) <> j.body ORDER BY j.scope, j.row"""
    )
    return [to_job(row) for row in rows]


def durations(connection: Connection, model: str, last: int = 200) -> list[float]:
    """How long the last tasks of a model took at the provider, in seconds, sorted."""
    rows = connection.execute(
        """SELECT duration FROM attempts WHERE model = ? AND duration IS NOT NULL
           ORDER BY ended_at DESC NULLS LAST LIMIT ?""",
        (model, last),
    )
    return sorted(row["duration"] for row in rows)


def story(connection: Connection, job_id: int) -> list[Entry]:
    """All that happened to a job, in order."""
    rows = connection.execute("SELECT * FROM events WHERE job = ? ORDER BY id", (job_id,))
    return [
        Entry(
            at=_sure(to_time(row["at"])),
            run=row["run"],
            attempt=row["attempt"],
            event=row["event"],
            state=row["state"],
            detail=json.loads(row["detail"]) if row["detail"] else {},
        )
        for row in rows
    ]


def attempts(connection: Connection, job_id: int) -> list[Attempt]:
    """All attempts of a job, in order."""
    rows = connection.execute(
        """SELECT n, key, body, origin, account, first_sent_at, sends, outcome, task_id, cost,
               video_file, video_sha256, error_code, error, request_id, raw, note, finished_at,
               published,
               json_extract(urls, '$[0]') AS url
           FROM attempts WHERE job = ? ORDER BY n""",
        (job_id,),
    )
    return [
        Attempt(
            **dict(row)
            | {
                "first_sent_at": _sure(to_time(row["first_sent_at"])),
                "finished_at": to_time(row["finished_at"]),
            }
        )
        for row in rows
    ]


def _sure(time: datetime | None) -> datetime:
    assert time is not None
    return time


def owner_of_file(connection: Connection, stem: str) -> int | None:
    """The job that a stored video belongs to, by its path without extension."""
    row = connection.execute(
        """SELECT job FROM attempts WHERE video_file IS NOT NULL
               AND video_file >= ? AND video_file < ? LIMIT 1""",
        (f"{stem}.", f"{stem}/"),  # "/" follows "." in every collation of bytes
    ).fetchone()
    return row["job"] if row else None
