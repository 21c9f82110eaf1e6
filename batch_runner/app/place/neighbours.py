"""Other computers that may work on the same sheet, where it lies in a synchronised folder.

A lease beside the sheet keeps them apart, as far as the folder is synchronised in time; files of
what each of them sent see to it that no row is sent by two.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from batch_runner.app.campaign import Campaign
from batch_runner.app.place.guards import check_origin
from batch_runner.app.place.home import machine_of
from batch_runner.app.place.telling import Say, TellingLedger, as_ledger_error
from batch_runner.app.run.listen import RunListener
from batch_runner.app.run.terms import Terms
from batch_runner.core import ports
from batch_runner.core.elsewhere import Step
from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.core.language import phrase
from batch_runner.core.lease import Lease, fresh, gives_way_to, others
from batch_runner.core.places import is_url
from batch_runner.core.sent import Sent, untold
from batch_runner.ledger.lease import end_lease, read_leases, write_lease
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.sent_file import SentFiles
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.sharing import Sharing

LEASE_BEAT = 60.0  # seconds between two signs of life: each is synchronised to every computer


class Neighbours(Protocol):
    """What a run does about other computers."""

    ledger: ports.Ledger  # tells them of each send before it happens
    others: ports.Others | None  # workers over the very same ledger, if there may be any

    def listen_to(self, listener: RunListener) -> None:
        """Hear what the run does itself."""
        ...

    async def begin(self, terms: Terms, sharing: Sharing, halt: Halt) -> None:
        """The run begins to send, under these terms."""
        ...

    async def catch_up(self, listener: RunListener) -> None:
        """Tell of what others did to the same ledger."""
        ...

    async def meet(self) -> None:
        """Take in what the others sent, and tell what is not told yet; the rows are enrolled."""
        ...

    async def follow(self) -> StopReason | None:
        """Heed what they did meanwhile, before the next send; why there must be none."""
        ...

    async def beat(self) -> None:
        """Give them a sign of life."""
        ...

    async def part(self) -> None:
        """Tell them how this run's tasks ended; nothing more is done after it."""
        ...


class NoNeighbours:
    """A sheet that only this computer sees."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger: ports.Ledger = ledger
        self.others: ports.Others | None = None

    def listen_to(self, listener: RunListener) -> None:
        """Nobody else does anything."""

    async def begin(self, terms: Terms, sharing: Sharing, halt: Halt) -> None:
        """Nobody else does anything."""

    async def catch_up(self, listener: RunListener) -> None:
        """Nobody else does anything."""

    async def meet(self) -> None:
        """Nobody is there."""

    async def follow(self) -> StopReason | None:
        """Nobody did anything."""
        return None

    async def beat(self) -> None:
        """Nobody listens."""

    async def part(self) -> None:
        """Nobody asks."""


class SharedSheet(NoNeighbours):
    """A sheet that other computers see, too; this one has the lease."""

    def __init__(
        self,
        ledger: Ledger,
        files: SentFiles,
        lease: Lease,
        *,
        now: Callable[[], datetime],
        say: Say,
    ) -> None:
        super().__init__(ledger)
        self._own = ledger
        self._files = files
        self._lease = lease
        self._now = now
        self._say = say
        self._seen = files.stamp()
        self.ledger = TellingLedger(ledger, files, host=lease.host, now=now, say=say)

    async def meet(self) -> None:
        """Take in what the others sent, and tell what is not told yet."""
        self._seen = self._files.stamp()
        told = await asyncio.to_thread(self._files.read)
        await self._take_in(told)
        await self._tell(told)

    async def _tell(self, told: Mapping[str, Sent]) -> None:
        """Tell what no file does."""
        at = self._files.moment(self._now().timestamp())
        mine = [replace(one, host=self._lease.host) for one in await self._own.attempts_as_sent()]
        with as_ledger_error(self._files):
            await asyncio.to_thread(self._files.add, untold(mine, told, at))

    async def part(self) -> None:
        """Tell how this run's tasks ended."""
        try:
            await self._tell(await asyncio.to_thread(self._files.read))
        except LedgerError as error:  # the next run tells it
            self._say(phrase("Warning: {reason}", reason=error))

    async def _take_in(self, told: Mapping[str, Sent]) -> None:
        known = await asyncio.to_thread(
            lambda: [with_video_here(one, self._files.folder) for one in told.values()]
        )
        done = await self._own.take_in(known, self._now())
        taken = done.get(Step.TAKE, 0) + done.get(Step.LINK, 0) + done.get(Step.NAME, 0)
        if taken:
            self._say(
                phrase(
                    "{taken} rows were sent by other computers; they are not sent again.",
                    taken=taken,
                )
            )
        if done.get(Step.APART):
            self._say(
                phrase(
                    "Warning: {done} rows were sent here and by another computer, before either heard of the other. Both videos are paid; 'batch-runner report' shows them.",
                    done=done[Step.APART],
                )
            )

    async def follow(self) -> StopReason | None:
        """Heed what they did meanwhile, before the next send; why there must be none."""
        try:
            leases = others(read_leases(self._files.folder), self._lease.machine)
            first = gives_way_to(self._lease, leases.values(), self._now())
            if first is not None:
                return StopReason(
                    code="other_host", message=phrase("{first} works on this sheet.", first=first)
                )
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


def join(
    campaign: Campaign,
    ledger: Ledger,
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
                phrase("{theirs} works on this sheet.", theirs=theirs),
                code="other_host",
                where=str(folder),
                hint=phrase(
                    "Wait until it is done there. If that computer is gone for good, run again with --take-over."
                ),
            )
        say(phrase("{theirs} left this sheet without a word; it is taken over.", theirs=theirs))
        end_lease(folder, theirs.machine)
    files = SentFiles(folder, machine)
    origins = frozenset(one.origin for one in files.read().values() if not one.void)
    check_origin(origins, campaign.origin, campaign.settings.same_service, str(folder))
    lease = Lease(machine=machine, host=socket.gethostname(), user=_user(), since=at, beat=at)
    with as_ledger_error(files):
        write_lease(folder, lease)
    return SharedSheet(ledger, files, lease, now=now, say=say)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process without a name
        return "somebody"


def with_video_here(sent: Sent, sidecar: Path) -> Sent:
    """An attempt whose video need not be fetched once more, if it is here, and whole."""
    end = sent.end
    if end is None or end.video_file is None or is_url(end.video_file):
        return sent  # whoever needs one in a shared place finds it there
    path = (sidecar.parent / end.video_file).resolve()
    inside = sidecar.resolve() in path.parents
    if inside and path.is_file() and path.stat().st_size == end.video_size:
        return sent
    return replace(sent, end=None)
