"""A campaign's ledger: what may be asked of it and done to it, in whatever database it lies."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from batch_runner.core.elsewhere import Step
from batch_runner.core.identity import Basis
from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job, Totals
from batch_runner.core.sent import Sent
from batch_runner.core.spend import Charge
from batch_runner.ledger import (
    changes,
    charges,
    claims,
    elsewhere,
    enrol,
    further,
    matching,
    runs,
    sums,
    told,
    views,
)
from batch_runner.ledger.aside import Aside
from batch_runner.ledger.committer import Committer, Touches, Work
from batch_runner.ledger.spool import Spool

T = TypeVar("T")


class Ledger(Aside):
    """A campaign's ledger. Every change is durable when its method returns."""

    where: str
    """What people know it by: a file, or a database without its password."""

    def __init__(self, commit: Committer) -> None:
        self._commit = commit

    def close(self) -> None:
        """Finish what was begun and close it."""
        self._commit.close()

    async def _do(
        self,
        work: Callable[..., T],
        *args: Any,
        touches: Touches = Touches.MANY,
        brief: bool = False,
        **terms: Any,
    ) -> T:
        sys.audit("batch_runner.ledger.asked", work.__name__)
        result = await self._commit.do(
            lambda connection: work(connection, *args, **terms), touches=touches, brief=brief
        )
        sys.audit("batch_runner.ledger.answered", work.__name__)
        return result

    @abstractmethod
    async def _beside(self, work: Work[T]) -> T:
        """Ask something long in another thread: however much it is, the run goes on meanwhile."""

    # -- the campaign ------------------------------------------------------------------

    async def meta(self, name: str) -> str | None:
        """A remembered fact, e.g. ``campaign`` (its id), ``salt``, ``origin``."""
        return await self._ask(runs.get_meta, name)

    async def set_meta(self, name: str, value: str) -> None:
        """Remember a fact."""
        await self._change(runs.set_meta, name, value)

    async def start_run(self, at: datetime, *, host: str, pid: int, version: str) -> int:
        """Open a run; jobs caught in mid-submit by the last one become unknown."""
        return await self._do(runs.start, at, host=host, pid=pid, version=version)

    async def beat(self, run: int, at: datetime) -> None:
        """Say that the run is alive."""
        await self._change(runs.beat, run, at, brief=True)

    async def finish_run(self, run: int, at: datetime, code: int) -> None:
        """Close a run; if it came to its end, its failures are told from now on."""
        await self._do(runs.finish, run, at, code)

    async def last_run(self) -> runs.RunRecord | None:
        """The newest run."""
        return await self._ask(runs.last_run)

    async def origins(self) -> frozenset[str]:
        """All origins that may have taken jobs of this ledger."""
        return await self._ask(runs.origins)

    # -- rows in -----------------------------------------------------------------------

    async def scope(self, worksheet: str, basis: Basis) -> tuple[int, Basis]:
        """A worksheet's scope and the basis its hashes were made by so far."""
        return await self._change(enrol.open_scope, worksheet, basis)

    async def scopes(self) -> Mapping[str, int]:
        """Worksheet name -> scope."""
        return await self._ask(enrol.scopes)

    async def rename_scope(self, scope: int, worksheet: str) -> None:
        """The same worksheet under a new name."""
        await self._do(enrol.rename_scope, scope, worksheet)

    async def place(self, worksheet: str, rows: Spool) -> int:
        """Note which rows are which jobs, before anything is enrolled; how many are known."""
        return await self._ask(matching.place_in, worksheet, rows)

    async def enrol(self, scope: int, reading: enrol.Reading) -> None:
        """Bring one worksheet up to date, see :func:`enrol.enrol`."""
        await self._do(enrol.enrol, scope, reading)

    async def out_columns(self, scope: int) -> Mapping[str, str]:
        """Our name -> header text of the columns we wrote into this worksheet."""
        return await self._ask(enrol.out_columns, scope)

    async def save_out_columns(self, scope: int, columns: Mapping[str, str]) -> None:
        """Remember which columns of the worksheet are ours."""
        await self._change(enrol.save_out_columns, scope, columns)

    # -- the money path ----------------------------------------------------------------

    async def claim(self, terms: ClaimTerms) -> Claim:
        """The next job to submit, its intent durable."""
        return await self._change(claims.claim, terms, brief=terms.reserve is None)

    async def record(self, job: Job, change: Change) -> Job:
        """What happened to a job, durable; the job as it is then."""
        return await self._change(changes.record, job, change, brief=True)

    async def hold_back(self, jobs: Sequence[int]) -> None:
        """These may not be submitted by the present run."""
        await self._do(claims.hold_back, jobs)

    async def rename_files(self, before: str, after: str) -> None:
        """The sheet moved: stored paths that began with ``before`` begin with ``after``."""
        await self._do(runs.rename_files, before, after)

    # -- other computers -----------------------------------------------------------------

    async def attempts_as_sent(self) -> Sequence[Sent]:
        """All attempts, as other computers that share the sheet are told of them."""
        return await self._ask(told.attempts_as_sent)

    async def take_in(self, sent: Sequence[Sent], at: datetime) -> Mapping[Step, int]:
        """Bring this ledger up to what the computers tell each other; how often what was done."""
        return await self._do(elsewhere.take_in, sent, at)

    # -- questions ---------------------------------------------------------------------

    async def open_jobs(self) -> Sequence[Job]:
        """Accepted tasks whose end is not known."""
        return await self._ask(views.open_jobs)

    async def count_open(self) -> int:
        """Rows of the sheet that are on their way at the provider."""
        return await self._ask(sums.count_open)

    async def without_video(self) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had."""
        return await self._ask(views.without_video)

    async def links_until(self) -> datetime | None:
        """When the first link to a video dies that is still to be had."""
        return await self._ask(sums.links_until)

    async def unknown_jobs(self) -> Sequence[Job]:
        """Jobs that may or may not have been accepted."""
        return await self._ask(views.unknown_jobs)

    async def differing(self) -> Sequence[Job]:
        """Finished jobs that today's settings would ask for in another way."""
        return await self._ask(views.differing)

    async def jobs_in_sheet(self, scope: int | None = None) -> Sequence[Job]:
        """Jobs that stand in the sheet."""
        return await self._ask(lambda c: list(views.jobs_in_sheet(c, scope)))

    async def visit(
        self, scope: int, among: Collection[int] | None, take: Callable[[Job], None]
    ) -> None:
        """Show a worksheet's jobs to ``take`` one by one, all or some, at one moment.

        ``take`` runs in another thread, and sees some once more if the database breaks off.
        """
        await self._beside(lambda c: views.visit(c, scope, among, take))

    async def further(self, use: Callable[[Iterator[Job]], T]) -> T:
        """What ``use`` makes of the variants that are no row's main video; see :mod:`further`.

        ``use`` runs in another thread, and again from the start if the database breaks off.
        """
        return await self._beside(lambda c: use(further.variants(c)))

    async def models(self) -> tuple[frozenset[str], frozenset[str]]:
        """The models whose task times are known, and those that are to be used soon."""
        return await self._ask(sums.models)

    async def jobs_of_scope(self, scope: int) -> Sequence[Job]:
        """All jobs of a scope, superseded ones too."""
        return await self._ask(lambda c: list(views.jobs_of_scope(c, scope)))

    async def job(self, job: int) -> Job:
        """One job as it is now."""
        return await self._ask(views.job, job, brief=True)

    async def some_jobs(self, jobs: Sequence[int]) -> Sequence[Job]:
        """These jobs, as they are at one moment."""
        return await self._ask(views.some_jobs, jobs)

    async def thumbnails(self, jobs: Sequence[int]) -> Mapping[int, str]:
        """Job -> the link to a picture of its video, for those of these jobs that have one."""
        return await self._ask(views.thumbnails, jobs)

    async def story(self, job: int) -> Sequence[views.Entry]:
        """A job's history."""
        return await self._ask(views.story, job)

    async def attempts(self, job: int) -> Sequence[views.Attempt]:
        """A job's attempts."""
        return await self._ask(views.attempts, job)

    async def durations(self, model: str) -> Sequence[float]:
        """Seconds that tasks of a model took, sorted."""
        return await self._ask(views.durations, model)

    async def owner_of_file(self, stem: str) -> int | None:
        """The job whose video bears this path (without extension)."""
        return await self._ask(views.owner_of_file, stem, brief=True)

    async def memory(self, worksheet: str) -> tuple[Basis, Mapping[str, str]] | None:
        """A worksheet's basis and our columns in it; ``None`` if it was never run."""
        return await self._ask(views.memory, worksheet)

    async def count_sent(self, row_hashes: Sequence[str]) -> int:
        """How many of these rows were ever accepted, or may have been."""
        return await self._ask(sums.count_sent, row_hashes)

    async def task_ids(self) -> frozenset[str]:
        """All task ids that this ledger knows."""
        return await self._ask(views.task_ids)

    async def charges_since(
        self, mark: int, account_of: Callable[[str], str]
    ) -> tuple[Sequence[Charge], int]:
        """How attempts stand that something happened to; see :func:`charges.charges_since`."""
        return await self._do(charges.charges_since, mark, account_of)

    async def totals(self) -> Totals:
        """The campaign in numbers."""
        return await self._ask(sums.totals)
