"""A sheet's ledger brought from its file into a database that machines share, or back.

At each moment one of the two is the ledger, and the other cannot be run: ``fleet.json`` in the
sidecar says that it is the database's, a campaign that is closed there that it is the file.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.place.database import (
    ID_FILE,
    campaign_id,
    not_known,
    remember_campaign,
    written_elsewhere,
)
from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.ledger.lock import hold

if TYPE_CHECKING:  # its drivers are an extra
    from batch_runner.app.fleet.member import Member

COPIED = ".copied"
"""How the file's name ends once the database has what is in it: it is no ledger any more."""

_LEASE = 600.0  # seconds that the largest campaign may take


async def copy_in(campaign: Campaign, url: str) -> str:
    """Bring a sheet's ledger into a database; gives what names the database.

    May be run again after it was interrupted.

    Raises:
        SheetError: the sheet never ran.
        LockedError: a run is on.
        LedgerError: it cannot be done; the file is the ledger, as before.
    """
    if not campaign.ledger.exists():
        raise SheetError(
            phrase("this sheet was never run, so there is nothing to copy."),
            code="never_run",
            where=str(campaign.sheet),
        )
    from batch_runner.ledger.postgres import campaigns

    file = campaign.sidecar.ledger
    async with _alone(campaign, url) as member:
        if campaign_id(campaign.sidecar) is None:
            known = await _id_of(campaign)
            await member.fleet.change(campaigns.enter, known, campaign.sheet.name, campaign.origin)
            await _hold(member, known)
            with closing(await member.fleet.ledger(known)) as ledger:
                await ledger.bring_in(file)
            remember_campaign(campaign.sidecar, known)
        _put_aside(file)
        return member.fleet.where


async def copy_back(campaign: Campaign, url: str) -> Path:
    """Bring a sheet's ledger out of a database into its file; gives the file.

    May be run again after it was interrupted.

    Raises:
        SheetError: the sheet has no ledger in a database.
        LockedError: a run is on.
        LedgerError: it cannot be done (workers have some of its jobs); the database has the ledger.
    """
    from batch_runner.ledger.postgres import campaigns, workers

    file, known = campaign.sidecar.ledger, campaign_id(campaign.sidecar)
    if known is None:
        raise SheetError(
            phrase("the ledger of this sheet is in no database."),
            code="ledger_in_file",
            where=str(campaign.sheet),
        )
    async with _alone(campaign, url) as member:
        fleet = member.fleet
        if await fleet.ask(campaigns.get, known) is not None:
            await _hold(member, known)
            await fleet.change(campaigns.set_active, known, active=False)
            await fleet.change(workers.bury)
            with closing(await fleet.ledger(known)) as ledger:
                await ledger.rescue(now())
                await ledger.give_out(file)
        elif not file.exists():
            raise not_known(fleet.where)
        (campaign.sidecar.folder / ID_FILE).unlink()
    return file


@asynccontextmanager
async def _alone(campaign: Campaign, url: str) -> AsyncIterator[Member]:
    """Nobody else is at work on the sheet here, and the database knows of this process."""
    from batch_runner.app.fleet.member import RUN, joined

    with hold(campaign.sidecar.home, host=socket.gethostname(), pid=os.getpid(), at=now()):
        async with joined(url, RUN, campaign.origin, lease=_LEASE) as member:
            yield member


async def _hold(member: Member, campaign: str) -> None:
    from batch_runner.ledger.postgres import campaigns

    other = await member.fleet.change(campaigns.hold, campaign, member.token)
    if other is not None:
        raise written_elsewhere(other, member.fleet.where)


async def _id_of(campaign: Campaign) -> str:
    """The id of the campaign in a file, which is of this program's version then, and whole."""
    with closing(await campaign.ledger.for_command()) as ledger:
        known = await ledger.meta("campaign")
    assert known is not None
    return known


def _put_aside(file: Path) -> None:
    """The file is no ledger any more; what SQLite kept beside it is in it."""
    if file.exists():
        file.replace(file.with_name(f"{file.name}{COPIED}"))
    for more in ("-wal", "-shm"):
        file.with_name(f"{file.name}{more}").unlink(missing_ok=True)
