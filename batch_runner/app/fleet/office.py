"""A run's place in the fleet: it has the sheet, so it alone writes it, and it works as others do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from batch_runner.app.campaign import Campaign
from batch_runner.app.fleet.colleagues import Colleagues
from batch_runner.app.fleet.company import Company
from batch_runner.app.fleet.member import FLEET_MEET, RUN, Member, joined
from batch_runner.app.place.database import (
    SOON,
    LedgerDatabase,
    campaign_id,
    opened,
    remember_campaign,
    written_elsewhere,
)
from batch_runner.app.place.neighbours import Neighbours
from batch_runner.app.run.pool import Pool
from batch_runner.core.errors import LedgerError, LockedError, UsageError
from batch_runner.core.language import phrase, plural
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.postgres import campaigns, workers
from batch_runner.ledger.postgres.ledger import PostgresLedger

ANSWER = 600.0  # seconds that somebody may take to answer a question
AGAIN = 1.0  # seconds between two tries to become the writer
LOOK = 2.0  # seconds between two looks at what the workers did


class Office:
    """Held from before the sheet is read to the end of its last run."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.told = asyncio.Event()  # set when tasks of workers that died are free
        self._held: str | None = None

    async def hold(self, campaign: str, wait: float = 0.0) -> None:
        """Become the one writer of a campaign's sheet.

        The lease of a run of this machine that was killed is waited for.

        Args:
            campaign: its id.
            wait: seconds to wait for another run's end.

        Raises:
            LockedError: another run is the writer.
        """
        fleet, token = self.member.fleet, self.member.token
        begun = asyncio.get_running_loop().time()
        while (other := await fleet.change(campaigns.hold, campaign, token)) is not None:
            lease = 2 * workers.LEASE if _is_gone(other) else 0.0
            if asyncio.get_running_loop().time() - begun < max(wait, lease):
                await asyncio.sleep(AGAIN)
                continue
            raise written_elsewhere(other, fleet.where)
        self._held = campaign

    async def ledger(self) -> PostgresLedger:
        """The ledger of the campaign whose writer this is."""
        assert self._held is not None
        return await self.member.fleet.ledger(self._held)

    async def pool(self, key: str, origin: str) -> Pool:
        """Where all who use the same account divide what it bears."""
        fleet = self.member.fleet
        return Pool(store=fleet.pool(await self.member.account(key), origin), every=FLEET_MEET)

    async def colleagues(self, campaign: Campaign, ledger: Ledger, key: str) -> Neighbours:
        """What the run does about the workers."""
        assert isinstance(ledger, PostgresLedger)
        desk = await self.member.desk(key, campaign.origin)
        return Colleagues(
            campaign, self.member, Company(ledger=ledger, desk=desk, look=LOOK, told=self.told)
        )

    async def let_go(self) -> None:
        """Others may write the sheet."""
        if self._held is not None:
            with contextlib.suppress(LedgerError):  # it ends by itself, with this member's lease
                await self.member.fleet.change(campaigns.let_go, self._held, self.member.token)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Within this block it beats; outside of it somebody may be asked, which stops the loop.

        Raises:
            LedgerError: the answer took too long, and the run was taken for dead.
        """
        member = self.member
        if not await member.stay(workers.LEASE):
            raise LedgerError(
                phrase("the answer took so long that others may write the sheet now."),
                code="lease_lost",
                where=member.fleet.where,
                hint=phrase("Run again; nothing was submitted."),
            )
        tasks = [
            asyncio.create_task(self._keep(work))
            for work in (member.beat(), member.rescue(self.told.set))
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(LedgerError):  # it is told when it goes on
                await member.stay(ANSWER)

    async def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """What ends this ends the membership."""
        with contextlib.suppress(LedgerError):
            await work
        self.member.lost.set()


def _is_gone(writer: campaigns.Writer) -> bool:
    """Whether a run of this very machine is no more, as far as that can be known."""
    if writer.host != socket.gethostname() or sys.platform == "win32":
        return False
    try:
        os.kill(writer.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's: it is there
        pass
    return False


@asynccontextmanager
async def at_office(
    campaign: Campaign, database: LedgerDatabase, wait: float
) -> AsyncIterator[Campaign]:
    """Within this block the campaign has an office; ``wait``: seconds for another run's end.

    Raises:
        LockedError: another run writes the sheet.
        LedgerError: the database cannot be used.
    """
    async with joined(database.url, RUN, campaign.origin, lease=ANSWER) as member:
        office = Office(member)
        try:
            if database.campaign is not None:
                await office.hold(database.campaign, wait)
                await asyncio.to_thread(remember_campaign, campaign.sidecar, database.campaign)
            yield replace(campaign, office=office)
        finally:
            await office.let_go()


async def attached(
    campaign: Campaign, database: LedgerDatabase, hashes: Sequence[str]
) -> Campaign:
    """The campaign that was begun from another machine, if its rows say that it is this one.

    Raises:
        UsageError: some of its rows are known, and most are not: nobody can tell what is meant.
        LedgerError: the database cannot be used.
    """
    async with opened(database.url, SOON) as fleet:
        found = await fleet.ask(campaigns.find, campaign.sheet.name, campaign.origin, hashes)
        if not found:
            return campaign
        (best, known), where = found[0], fleet.where
    if 2 * known < len(hashes):
        raise UsageError(
            plural(
                "{count} row of it is known as a row of another sheet with this name.",
                "{count} rows of it are known as rows of another sheet with this name.",
                known,
            ),
            code="like_another_campaign",
            where=where,
            hint=phrase("If it is a campaign of its own, run with --new."),
        )
    return replace(campaign, database=replace(database, campaign=best.id))


async def founded(campaign: Campaign, office: Office) -> Campaign:
    """The campaign with an id in its database, made if it has none.

    Raises:
        LockedError: another run begins a campaign of a sheet with this name at this moment.
    """
    database = campaign.database
    if database is None or database.campaign is not None:
        return campaign
    known = campaign_id(campaign.sidecar)  # the run before this one, a pilot, made it
    if known is None:
        known = await _made(campaign, office)
        await asyncio.to_thread(remember_campaign, campaign.sidecar, known)
    return replace(campaign, database=replace(database, campaign=known))


async def _made(campaign: Campaign, office: Office) -> str:
    """Make it, and see that nobody else does so for what may be the same sheet."""
    fleet, sheet = office.member.fleet, campaign.sheet.name
    made = await fleet.change(campaigns.make, sheet, campaign.origin)
    await office.hold(made)
    begun = await fleet.ask(campaigns.begun, sheet, campaign.origin)
    if any(one.id != made for one in begun):
        raise LockedError(
            phrase("another run begins a campaign of a sheet with this name."),
            code="locked",
            where=fleet.where,
            hint=phrase("Run again in a moment: if it is this sheet, it is gone on with."),
        )
    return made
