"""A campaign's ledger in a PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.ledger import runs
from batch_runner.ledger.committer import Committer, Work
from batch_runner.ledger.database import Connection
from batch_runner.ledger.enrol import Reading
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.postgres import bucket, owned, transfer
from batch_runner.ledger.postgres.bucket import Bounds, Desk
from batch_runner.ledger.rows import to_time

T = TypeVar("T")


class PostgresLedger(Ledger):
    """A ledger that many processes work on, on any number of machines.

    Until it was joined, for looking and for commands: nobody else must claim jobs through it.
    """

    def __init__(self, commit: Committer, where: str, campaign: str, number: int) -> None:
        super().__init__(commit)
        self.campaign = campaign
        self.where = where
        self._number = number
        self._desk: Desk | None = None
        self._bounds: Callable[[], Bounds]
        self._turn = asyncio.Lock()  # the account has one claim at a time: let one of ours wait

    def join(self, desk: Desk, bounds: Callable[[], Bounds]) -> None:
        """Work for a worker from now on.

        Args:
            desk: the worker, which is registered, and whose account it uses.
            bounds: what the account bears, as this worker knows it at the moment.
        """
        self._desk, self._bounds = desk, bounds

    async def time(self) -> datetime:
        """What time it is, by the database's clock: that of all leases, pauses and rates."""
        return await self._ask(_now)

    async def _beside(self, work: Work[T]) -> T:
        return await self._ask(work)

    async def enrol(self, scope: int, reading: Reading) -> None:
        """Bring one worksheet up to date, see :func:`enrol.enrol`."""
        await super().enrol(scope, reading)
        await self._change(_look_anew)

    async def start_run(self, at: datetime, *, host: str, pid: int, version: str) -> int:
        """Open a run; jobs that no living worker has and that were being sent become unknown."""
        whose = (owned.FREE, ())
        return await self._do(runs.start, at, host=host, pid=pid, version=version, whose=whose)

    # -- the money path ----------------------------------------------------------------

    async def claim(self, terms: ClaimTerms) -> Claim:
        """The next job to submit, its intent durable, when its turn has come.

        Raises:
            LedgerError: this worker was taken for dead (code ``lease_lost``).
        """
        if self._desk is None:
            return await super().claim(terms)
        async with self._turn:
            wanted = (terms, self._desk, self._bounds(), self._number)
            turn = await self._change(bucket.claim, *wanted)
        if turn.wait > 0:
            await asyncio.sleep(turn.wait)
        return turn.claim

    async def record(self, job: Job, change: Change) -> Job:
        """What happened to a job, durable; the job as it is then.

        Raises:
            LedgerError: another worker has the job now (code ``lease_lost``).
        """
        token = None if self._desk is None else self._desk.token
        return await self._change(owned.record, job, change, token)

    # -- whose jobs they are -----------------------------------------------------------

    @property
    def _own(self) -> Desk:
        """Whose the jobs are that are taken through here, once it was joined."""
        assert self._desk is not None
        return self._desk

    async def adopt(self, most: int, *, videos: bool = True) -> Sequence[Job]:
        """Tasks at work that nobody had and this worker has now.

        ``videos``: also those that are done, and whose video is to be fetched.
        """
        return await self._change(owned.adopt, self._own, self._number, most, videos=videos)

    async def adopt_videos(self, most: int) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had, and that nobody had."""
        return await self._change(owned.adopt_videos, self._own.token, most)

    async def give_up(self, job: Job) -> None:
        """Leave one of this worker's tasks to whoever takes it next."""
        await self._change(owned.give_up, job.id, self._own.token)

    async def rescue(self, at: datetime) -> int:
        """Free the jobs of workers that were removed; how many."""
        return await self._change(owned.rescue, at.timestamp())

    async def release(self, at: datetime) -> int:
        """Free all that this worker has, at its end; how many."""
        return await self._change(owned.release, self._own.token, at.timestamp())

    # -- from a file and back ----------------------------------------------------------

    async def bring_in(self, file: Path) -> None:
        """Hold what a ledger in a file does, see :func:`transfer.bring_in`."""
        await self._do(transfer.bring_in, file, self.campaign)
        await self._change(_look_anew)

    async def give_out(self, file: Path) -> None:
        """Write it into a file and be closed here, see :func:`transfer.give_out`."""
        await self._do(transfer.give_out, file, self.campaign)


def _now(connection: Connection) -> datetime:
    (seconds,) = connection.execute("SELECT seconds()").fetchone()
    now = to_time(seconds)
    assert now is not None
    return now


def _look_anew(connection: Connection) -> None:
    """A table that has just grown is planned for as what it is."""
    connection.execute("ANALYZE jobs")
