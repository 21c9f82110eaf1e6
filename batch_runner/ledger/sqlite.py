"""The ledger in one SQLite file: WAL, synchronous=FULL, one writer."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from batch_runner.core.elsewhere import Step
from batch_runner.core.errors import LedgerError
from batch_runner.core.identity import Basis
from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job, Totals
from batch_runner.core.language import phrase
from batch_runner.core.sent import Sent
from batch_runner.core.spend import Charge
from batch_runner.ledger import (
    changes,
    charges,
    claims,
    elsewhere,
    enrol,
    matching,
    runs,
    sums,
    told,
    views,
)
from batch_runner.ledger.aside import Aside
from batch_runner.ledger.commit import Committer, GroupCommit, InlineCommit, ReadOnly
from batch_runner.ledger.connection import connect, opening
from batch_runner.ledger.schema import is_older, migrate, migrated_copy
from batch_runner.ledger.spool import Spool

T = TypeVar("T")


class SqliteLedger(Aside):
    """A campaign's ledger. Every change is durable when its method returns."""

    def __init__(self, path: Path, commit: Committer) -> None:
        self.path = path
        self._commit = commit

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

    def close(self) -> None:
        """Finish what was begun and close the file."""
        self._commit.close()

    async def _do(
        self, work: Callable[..., T], *args: Any, brief: bool = False, **terms: Any
    ) -> T:
        sys.audit("batch_runner.ledger.asked", work.__name__)
        try:
            result = await self._commit.do(
                lambda connection: work(connection, *args, **terms), brief=brief
            )
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        sys.audit("batch_runner.ledger.answered", work.__name__)
        return result

    def _trouble(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(
            phrase("the ledger cannot be written or read ({reason}).", reason=error),
            code="ledger_io",
            where=str(self.path),
            hint=phrase(
                "Nothing is submitted without it. Is the disk full? Run the same command again when it is mended; accepted tasks are kept."
            ),
        )

    # -- the campaign ------------------------------------------------------------------

    async def meta(self, name: str) -> str | None:
        """A remembered fact, e.g. ``campaign`` (its id), ``salt``, ``origin``."""
        return await self._do(runs.get_meta, name)

    async def set_meta(self, name: str, value: str) -> None:
        """Remember a fact."""
        await self._do(runs.set_meta, name, value)

    async def start_run(self, at: datetime, *, host: str, pid: int, version: str) -> int:
        """Open a run; jobs caught in mid-submit by the last one become unknown."""
        return await self._do(runs.start, at, host=host, pid=pid, version=version)

    async def beat(self, run: int, at: datetime) -> None:
        """Say that the run is alive."""
        await self._do(runs.beat, run, at, brief=True)

    async def finish_run(self, run: int, at: datetime, code: int) -> None:
        """Close a run; if it came to its end, its failures are told from now on."""
        await self._do(runs.finish, run, at, code)

    async def last_run(self) -> runs.RunRecord | None:
        """The newest run."""
        return await self._do(runs.last_run)

    async def origins(self) -> frozenset[str]:
        """All origins that may have taken jobs of this ledger."""
        return await self._do(runs.origins)

    # -- rows in -----------------------------------------------------------------------

    async def scope(self, worksheet: str, basis: Basis) -> tuple[int, Basis]:
        """A worksheet's scope and the basis its hashes were made by so far."""
        return await self._do(enrol.open_scope, worksheet, basis)

    async def scopes(self) -> Mapping[str, int]:
        """Worksheet name -> scope."""
        return await self._do(enrol.scopes)

    async def rename_scope(self, scope: int, worksheet: str) -> None:
        """The same worksheet under a new name."""
        await self._do(enrol.rename_scope, scope, worksheet)

    async def place(self, worksheet: str, rows: Spool) -> int:
        """Note which rows are which jobs, before anything is enrolled; how many are known."""
        return await self._do(matching.place_in, worksheet, rows)

    async def enrol(self, scope: int, reading: enrol.Reading) -> None:
        """Bring one worksheet up to date, see :func:`enrol.enrol`."""
        await self._do(enrol.enrol, scope, reading)

    async def out_columns(self, scope: int) -> Mapping[str, str]:
        """Our name -> header text of the columns we wrote into this worksheet."""
        return await self._do(enrol.out_columns, scope)

    async def save_out_columns(self, scope: int, columns: Mapping[str, str]) -> None:
        """Remember which columns of the worksheet are ours."""
        await self._do(enrol.save_out_columns, scope, columns)

    # -- the money path ----------------------------------------------------------------

    async def claim(self, terms: ClaimTerms) -> Claim:
        """The next job to submit, its intent durable."""
        return await self._do(claims.claim, terms, brief=terms.reserve is None)

    async def record(self, job: Job, change: Change) -> Job:
        """What happened to a job, durable; the job as it is then."""
        return await self._do(changes.record, job, change, brief=True)

    async def hold_back(self, jobs: Sequence[int]) -> None:
        """These may not be submitted by the present run."""
        await self._do(claims.hold_back, jobs)

    async def rename_files(self, before: str, after: str) -> None:
        """The sheet moved: stored paths that began with ``before`` begin with ``after``."""
        await self._do(runs.rename_files, before, after)

    # -- other computers -----------------------------------------------------------------

    async def attempts_as_sent(self) -> Sequence[Sent]:
        """All attempts, as other computers that share the sheet are told of them."""
        return await self._do(told.attempts_as_sent)

    async def take_in(self, sent: Sequence[Sent], at: datetime) -> Mapping[Step, int]:
        """Bring this ledger up to what the computers tell each other; how often what was done."""
        return await self._do(elsewhere.take_in, sent, at)

    # -- questions ---------------------------------------------------------------------

    async def open_jobs(self) -> Sequence[Job]:
        """Accepted tasks whose end is not known."""
        return await self._do(views.open_jobs)

    async def count_open(self) -> int:
        """Rows of the sheet that are on their way at the provider."""
        return await self._do(sums.count_open)

    async def without_video(self) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had."""
        return await self._do(views.without_video)

    async def links_until(self) -> datetime | None:
        """When the first link to a video dies that is still to be had."""
        return await self._do(sums.links_until)

    async def unknown_jobs(self) -> Sequence[Job]:
        """Jobs that may or may not have been accepted."""
        return await self._do(views.unknown_jobs)

    async def differing(self) -> Sequence[Job]:
        """Finished jobs that today's settings would ask for in another way."""
        return await self._do(views.differing)

    async def jobs_in_sheet(self, scope: int | None = None) -> Sequence[Job]:
        """Jobs that stand in the sheet."""
        return await self._do(lambda c: list(views.jobs_in_sheet(c, scope)))

    async def visit(
        self, scope: int, among: Collection[int] | None, take: Callable[[Job], None]
    ) -> None:
        """Show a worksheet's jobs to ``take`` one by one, all or some; see :func:`views.visit`."""
        try:
            await asyncio.to_thread(views.visit, self.path, scope, among, take)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    async def models(self) -> tuple[frozenset[str], frozenset[str]]:
        """The models whose task times are known, and those that are to be used soon."""
        return await self._do(sums.models)

    async def jobs_of_scope(self, scope: int) -> Sequence[Job]:
        """All jobs of a scope, superseded ones too."""
        return await self._do(lambda c: list(views.jobs_of_scope(c, scope)))

    async def job(self, job: int) -> Job:
        """One job as it is now."""
        return await self._do(views.job, job, brief=True)

    async def some_jobs(self, jobs: Sequence[int]) -> Sequence[Job]:
        """These jobs, as they are at one moment."""
        return await self._do(views.some_jobs, jobs)

    async def thumbnails(self, jobs: Sequence[int]) -> Mapping[int, str]:
        """Job -> the link to a picture of its video, for those of these jobs that have one."""
        return await self._do(views.thumbnails, jobs)

    async def story(self, job: int) -> Sequence[views.Entry]:
        """A job's history."""
        return await self._do(views.story, job)

    async def attempts(self, job: int) -> Sequence[views.Attempt]:
        """A job's attempts."""
        return await self._do(views.attempts, job)

    async def durations(self, model: str) -> Sequence[float]:
        """Seconds that tasks of a model took, sorted."""
        return await self._do(views.durations, model)

    async def owner_of_file(self, stem: str) -> int | None:
        """The job whose video bears this path (without extension)."""
        return await self._do(views.owner_of_file, stem, brief=True)

    async def memory(self, worksheet: str) -> tuple[Basis, Mapping[str, str]] | None:
        """A worksheet's basis and our columns in it; ``None`` if it was never run."""
        return await self._do(views.memory, worksheet)

    async def count_sent(self, row_hashes: Sequence[str]) -> int:
        """How many of these rows were ever accepted, or may have been."""
        return await self._do(sums.count_sent, row_hashes)

    async def task_ids(self) -> frozenset[str]:
        """All task ids that this ledger knows."""
        return await self._do(views.task_ids)

    async def charges_since(
        self, mark: int, account_of: Callable[[str], str]
    ) -> tuple[Sequence[Charge], int]:
        """How attempts stand that something happened to; see :func:`charges.charges_since`."""
        return await self._do(charges.charges_since, mark, account_of)

    async def totals(self) -> Totals:
        """The campaign in numbers."""
        return await self._do(sums.totals)


def bring_up_to_date(path: Path) -> None:
    """Bring a ledger to this program's version, where a run holds its sheet."""
    _open(path).close()


def _open(path: Path) -> sqlite3.Connection:
    """A connection to a ledger of this program's version, made if there is none."""
    connection = connect(path)
    with opening(connection, path):
        migrate(connection, path)
        runs.make_campaign(connection)
    return connection
