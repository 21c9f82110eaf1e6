"""Two runs over one sheet: the second one leaves at once, or waits; it says who holds the sheet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.place.home import settle
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.run.forecast import minutes
from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.core.language import phrase
from batch_runner.ledger.lock import hold, holder_of

AGAIN = 0.5  # seconds between two tries to get the lock


@contextlib.asynccontextmanager
async def held(
    campaign: Campaign, environ: Mapping[str, str], *, wait: float, say: Callable[[str], None]
) -> AsyncIterator[Campaign]:
    """Hold a sheet for as long as the block runs; its ledger is where it is safe.

    Args:
        campaign: the sheet.
        environ: the environment.
        wait: seconds to wait for another run's end.
        say: told once that it waits, and for whom.

    Raises:
        LockedError: another run holds it; the message names it and its last progress.
        LedgerError: the sidecar's folder takes no lock.
    """
    if campaign.settings.state_dir is None:
        home = await asyncio.to_thread(settle, campaign.sidecar, campaign.data, environ, say)
        campaign = replace(campaign, sidecar=home)
    loop = asyncio.get_running_loop()
    until, told = loop.time() + wait, False
    with contextlib.ExitStack() as stack:
        while True:
            lock = hold(
                campaign.sidecar.home, host=socket.gethostname(), pid=os.getpid(), at=now()
            )
            try:
                stack.enter_context(lock)
                break
            except LockedError as error:
                refusal = await _explained(error, campaign)
                if loop.time() >= until:
                    raise refusal from None
            if not told:
                say(
                    phrase(
                        "Waiting, {wait} at most: {message}",
                        wait=minutes(wait),
                        message=refusal.message,
                    )
                )
                told = True
            await asyncio.sleep(min(AGAIN, max(0.0, until - loop.time())))
        async with _at_office(campaign, max(0.0, until - loop.time())) as campaign:
            yield campaign


@contextlib.asynccontextmanager
async def _at_office(campaign: Campaign, wait: float) -> AsyncIterator[Campaign]:
    """Where the ledger is in a database, no other machine may write the sheet, either."""
    if campaign.database is None:
        yield campaign
        return
    from batch_runner.app.fleet.office import at_office

    async with at_office(campaign, campaign.database, wait) as there:
        yield there


async def _explained(error: LockedError, campaign: Campaign) -> LockedError:
    """The refusal with what is known of the run that is on."""
    holder = holder_of(campaign.sidecar.home)
    if holder is None:
        return error
    progress = max(holder.since, await _last_progress(campaign) or holder.since)
    told = LockedError(
        phrase(
            "another run holds this sheet ({holder}; last progress {time}).",
            holder=holder,
            time=_time(campaign, progress),
        ),
        code=error.code,
        hint=error.hint,
        where=error.where,
    )
    told.idle = (now() - progress).total_seconds()
    return told


async def _last_progress(campaign: Campaign) -> datetime | None:
    try:
        async with reading(campaign.ledger) as ledger:
            last = None if ledger is None else await ledger.last_run()
            return None if last is None else last.progress_at
    except LedgerError:
        return None  # the holder's trouble, which it will tell; here it is only about its name


def _time(campaign: Campaign, at: datetime) -> str:
    return campaign.localise(at).isoformat(timespec="seconds")
