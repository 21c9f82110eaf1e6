"""What the ledger knows, into the sheet as it is now; nothing is ever sent."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.run import world
from batch_runner.app.sheet.reading import enrol_midway, read_sheet
from batch_runner.app.sheet.sheet_sync import SheetSync
from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.lock import hold


async def sync_sheet(campaign: Campaign, say: Callable[[str], None]) -> Path:
    """Write all results into their rows, wherever these stand now, and merge ``.results``.

    Returns:
        The file that shows them: the sheet, or a copy beside it while it cannot be written.

    Raises:
        SheetError: the sheet never ran, or cannot be read.
        SheetBusyError: neither the sheet nor a copy beside it can be written.
        LockedError: a run is on; it writes by itself.
    """
    async with at_work_on(campaign) as ledger:
        return await write_all(campaign, ledger, say)


@asynccontextmanager
async def at_work_on(campaign: Campaign) -> AsyncIterator[Ledger]:
    """The ledger of a sheet that has run, and nobody else at work on it.

    Raises:
        SheetError: the sheet never ran.
        LockedError: a run is on.
    """
    if not campaign.ledger.exists():
        raise SheetError(
            phrase("this sheet was never run, so there is nothing to write."),
            code="never_run",
            where=str(campaign.sheet),
        )
    with hold(campaign.sidecar.home, host=socket.gethostname(), pid=os.getpid(), at=now()):
        ledger = await campaign.ledger.for_command()
        try:
            yield ledger
        finally:
            ledger.close()


async def write_all(campaign: Campaign, ledger: Ledger, say: Callable[[str], None]) -> Path:
    """Write all results into their rows; gives the file that shows them.

    Raises:
        SheetError: the sheet cannot be read.
        SheetBusyError: neither the sheet nor a copy beside it can be written.
    """
    desk = world.desk_of(campaign, ledger, lambda _code, message: say(message))
    intakes = await read_sheet(campaign.sheet, campaign.rules, ledger)
    scopes = await enrol_midway(intakes, ledger, origin=campaign.origin, at=now())
    sync = SheetSync(desk, intakes, scopes)
    await sync.write(at_end=True)
    return sync.results_in or campaign.sheet
