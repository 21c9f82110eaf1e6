"""Which rows of a worksheet are which jobs of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from batch_runner.core.identity import KnownJob, match
from batch_runner.core.jobs import RowSpec
from batch_runner.core.lifecycle import State
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.rows import JOB_TABLES
from batch_runner.ledger.spool import Spool

_KNOWN = f"""
SELECT j.id, j.row_hash, j.whole_hash, j.key, j.task_id, j.row, j.state, j.attempt, j.error_code,
    CASE WHEN j.state IN ('succeeded', 'failed') THEN coalesce(a.asked, a.body, j.body) END AS asked,
    j.take, j.variant, j.best
FROM {JOB_TABLES} WHERE j.scope = ?
"""  # noqa: S608 - constants


class _Jobs:
    """A scope's jobs in the orders that matching needs."""

    def __init__(self, connection: Connection, scope: int, rows: Spool) -> None:
        self._connection = connection
        self._scope = scope
        self._rows = rows
        self._some_placed = False

    def keyed(self) -> Iterator[KnownJob]:
        """Those with a key; of one key those in the sheet first, the newest first."""
        for job in self._known(
            "AND j.key IS NOT NULL ORDER BY j.key, j.variant, j.row IS NULL, j.id DESC"
        ):
            self._some_placed = True
            yield job

    def unplaced(self) -> Iterator[KnownJob]:
        """Those without a row, in the order of their hash."""
        for job in self._known("ORDER BY j.row_hash, j.variant, j.id"):
            if not (self._some_placed and self._rows.has_job(job.id)):
                yield job

    def _known(self, which: str) -> Iterator[KnownJob]:
        return map(_known_job, self._connection.walk(_KNOWN + which, (self._scope,)))


def place(connection: Connection, scope: int, rows: Spool) -> Iterator[KnownJob]:
    """Note for each row which job it is; gives the jobs that are no row's any more."""
    rows.forget_jobs()
    for row, job in match(rows, _Jobs(connection, scope, rows)):
        if row is not None:
            rows.place(row, job)
        elif job.row is not None:
            yield job


def place_in(connection: Connection, worksheet: str, rows: Spool) -> int:
    """The same for looking only, by a worksheet's name; how many rows are known."""
    scope = connection.execute(
        "SELECT id FROM scopes WHERE worksheet = ?", (worksheet,)
    ).fetchone()
    if scope is None:
        rows.forget_jobs()
        return 0
    for _ in place(connection, scope["id"], rows):
        pass  # that rows left is nobody's business before a run
    return rows.known()


def new_job(job: int, spec: RowSpec) -> KnownJob:
    """What a row is that was enrolled just now."""
    return KnownJob(
        id=job,
        row_hash=spec.identity.row_hash,
        whole_hash=spec.identity.whole_hash,
        key=spec.identity.key,
        task_id=None,
        row=spec.identity.row,
        variant=spec.identity.variant,
    )


def _known_job(row: Row) -> KnownJob:
    return KnownJob(
        id=row["id"],
        row_hash=row["row_hash"],
        whole_hash=row["whole_hash"],
        key=row["key"],
        task_id=row["task_id"],
        row=row["row"],
        state=State(row["state"]),
        attempt=row["attempt"],
        error_code=row["error_code"],
        asked=row["asked"],
        take=row["take"],
        variant=row["variant"],
        best=row["best"],
    )
