"""Other computers that may work on the same sheet, where it lies in a synchronised folder.

A lease beside the sheet keeps them apart, as far as the folder is synchronised in time; files of
what each of them sent see to it that no row is sent by two.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from batch_runner.app.campaign import Campaign
from batch_runner.app.guards import check_origin
from batch_runner.app.home import machine_of
from batch_runner.core import decide
from batch_runner.core.elsewhere import BY_THE_SHEET, Step
from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.core.lease import Lease, fresh, gives_way_to, others
from batch_runner.core.lifecycle import Event
from batch_runner.core.ports import Ledger
from batch_runner.core.sent import Line, Sent, untold
from batch_runner.ledger.lease import end_lease, read_leases, write_lease
from batch_runner.ledger.sent_file import SentFiles
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.scheduler.halt import StopReason

LEASE_BEAT = 60.0  # seconds between two signs of life: each is synchronised to every computer

Say = Callable[[str], None]


class Neighbours(Protocol):
    """What a run does about other computers."""

    ledger: Ledger  # tells them of each send before it happens

    async def meet(self) -> None:
        """Tell what is not told yet, and take in what the others sent; the rows are enrolled."""
        ...

    async def follow(self) -> StopReason | None:
        """Heed what they did meanwhile, before the next send; why there must be none."""
        ...

    async def beat(self) -> None:
        """Give them a sign of life."""
        ...


class NoNeighbours:
    """A sheet that only this computer sees."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self.ledger: Ledger = ledger

    async def meet(self) -> None:
        """Nobody is there."""

    async def follow(self) -> StopReason | None:
        """Nobody did anything."""
        return None

    async def beat(self) -> None:
        """Nobody listens."""


class SharedSheet:
    """A sheet that other computers see, too; this one has the lease."""

    def __init__(
        self,
        ledger: SqliteLedger,
        files: SentFiles,
        lease: Lease,
        *,
        now: Callable[[], datetime],
        say: Say,
    ) -> None:
        self._own = ledger
        self._files = files
        self._lease = lease
        self._now = now
        self._say = say
        self._seen = files.stamp()
        self.ledger: Ledger = TellingLedger(ledger, files, host=lease.host, now=now, say=say)

    async def meet(self) -> None:
        """Tell what is not told yet, and take in what the others sent."""
        self._seen = self._files.stamp()
        told = await asyncio.to_thread(self._files.read)
        at = self._files.moment(self._now().timestamp())
        mine = [replace(one, host=self._lease.host) for one in await self._own.attempts_as_sent()]
        with _as_ledger_error(self._files):
            await asyncio.to_thread(self._files.add, untold(mine, told, at))
        await self._take_in(told)

    async def _take_in(self, told: Mapping[str, Sent]) -> None:
        done = await self._own.take_in(tuple(told.values()), self._now())
        taken = done.get(Step.TAKE, 0) + done.get(Step.LINK, 0) + done.get(Step.NAME, 0)
        if taken:
            self._say(f"{taken} rows were sent by other computers; they are not sent again.")
        if done.get(Step.APART):
            self._say(
                f"Warning: {done[Step.APART]} rows were sent here and by another computer, before "
                "either heard of the other. Both videos are paid; 'batch-runner report' shows them."
            )

    async def follow(self) -> StopReason | None:
        """Heed what they did meanwhile, before the next send; why there must be none."""
        try:
            leases = others(read_leases(self._files.folder), self._lease.machine)
            first = gives_way_to(self._lease, leases.values(), self._now())
            if first is not None:
                return StopReason(code="other_host", message=f"{first} works on this sheet.")
            if self._files.stamp() != self._seen:
                await self.meet()
        except LedgerError as error:
            if error.code != "neighbours_unreadable":
                raise
            return StopReason(code=error.code, message=str(error))
        return None

    async def beat(self) -> None:
        """Give them a sign of life; a lease that cannot be written now is written the next time."""
        self._lease = replace(self._lease, beat=self._now())
        with contextlib.suppress(OSError):
            await asyncio.to_thread(write_lease, self._files.folder, self._lease)

    def end(self) -> None:
        """Give the lease back."""
        with contextlib.suppress(OSError):  # it goes stale by itself
            end_lease(self._files.folder, self._lease.machine)


class TellingLedger:
    """A run's ledger that tells other computers of each send, durably, before it happens."""

    def __init__(
        self,
        ledger: SqliteLedger,
        files: SentFiles,
        *,
        host: str,
        now: Callable[[], datetime],
        say: Say,
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._host = host
        self._now = now
        self._say = say
        self._worksheets: dict[int, str] = {}  # scope -> name
        self._complained = False

    async def claim(self, terms: ClaimTerms) -> Claim:
        """The next job to submit; other computers can know before it is."""
        claim = await self._ledger.claim(terms)
        if claim.job is not None:
            try:
                await self._tell_intent(claim.job, terms)
            except OSError:
                await self._ledger.record(claim.job, decide.not_sent(claim.job, self._now()))
                with _as_ledger_error(self._files):
                    raise
        return claim

    async def _tell_intent(self, job: Job, terms: ClaimTerms) -> None:
        if job.scope not in self._worksheets:
            self._worksheets = {n: name for name, n in (await self._ledger.scopes()).items()}
        before: str | None = None
        if job.attempt > 1:
            attempts = await self._ledger.attempts(job.id)
            known = (one for one in attempts if not one.key.startswith(BY_THE_SHEET))
            earlier = [one.key for one in known if one.n < job.attempt]
            before = earlier[-1] if earlier else None
        at = self._moment()
        intent = Sent(
            key=job.idempotency_key,
            worksheet=self._worksheets[job.scope],
            row_hash=job.row_hash,
            row_key=job.key,
            model=job.model,
            origin=terms.origin,
            hold=job.estimate_high or 0,
            n=job.attempt,
            after=before,
            at=at,
            host=self._host,
        )
        await self._add(Line(at=at, key=intent.key, intent=intent))

    async def record(self, job: Job, change: Change) -> Job:
        """Keep a change, and tell what it means to others."""
        job = await self._ledger.record(job, change)
        line = self._outcome(job, change)
        if line is not None:
            try:
                await self._add(line)
            except OSError as error:  # it is in the ledger: the next run tells it
                self._complain(error)
        return job

    def _outcome(self, job: Job, change: Change) -> Line | None:
        if change.event in {Event.ACCEPTED, Event.ADOPTED}:
            return Line(at=self._moment(), key=job.idempotency_key, task_id=change.task_id)
        if change.event in {Event.DEFERRED, Event.REJECTED}:
            return Line(at=self._moment(), key=job.idempotency_key, void=True)
        return None

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._say(f"Warning: other computers cannot be told of what was sent ({error}).")
        self._complained = True

    def _moment(self) -> float:
        return self._files.moment(self._now().timestamp())

    async def _add(self, line: Line) -> None:
        await asyncio.to_thread(self._files.add, [line])

    async def job(self, job: int) -> Job:
        """One job as it is now."""
        return await self._ledger.job(job)

    async def open_jobs(self) -> Sequence[Job]:
        """Accepted tasks whose end is not known."""
        return await self._ledger.open_jobs()

    async def without_video(self) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had."""
        return await self._ledger.without_video()

    async def durations(self, model: str) -> Sequence[float]:
        """Seconds that the last tasks of a model took, sorted."""
        return await self._ledger.durations(model)


def join(
    campaign: Campaign,
    ledger: SqliteLedger,
    *,
    now: Callable[[], datetime],
    say: Say,
    take_over: bool,
) -> SharedSheet:
    """Take the lease of a sheet that other computers see.

    Raises:
        LockedError: another computer works on it (75).
        ConfigError: another computer sent its rows to another service.
        LedgerError: what the others sent cannot be read, or the lease not be written.
    """
    folder, at = campaign.sidecar.folder, now()
    machine = machine_of(campaign.data)
    for theirs in others(read_leases(folder), machine).values():
        if fresh(theirs, at) and not take_over:
            raise LockedError(
                f"{theirs} works on this sheet.",
                code="other_host",
                where=str(folder),
                hint="Wait until it is done there. If that computer is gone for good, run again "
                "with --take-over.",
            )
        say(f"{theirs} left this sheet without a word; it is taken over.")
        end_lease(folder, theirs.machine)
    files = SentFiles(folder, machine)
    origins = frozenset(one.origin for one in files.read().values() if not one.void)
    check_origin(origins, campaign.origin, campaign.settings.same_service, folder)
    lease = Lease(machine=machine, host=socket.gethostname(), user=_user(), since=at, beat=at)
    with _as_ledger_error(files):
        write_lease(folder, lease)
    return SharedSheet(ledger, files, lease, now=now, say=say)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process without a name
        return "somebody"


@contextlib.contextmanager
def _as_ledger_error(files: SentFiles) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"other computers cannot be told of what is sent ({error.strerror or error}).",
            code="neighbours_untold",
            where=str(files.folder),
            hint="The folder must be writable and have room; nothing is sent before that.",
        ) from error
