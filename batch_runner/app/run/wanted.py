"""What a run was agreed to do, and the rows of the sheet that this means now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from batch_runner.app.campaign import Campaign
from batch_runner.app.run.anew import with_order
from batch_runner.app.sheet.choose import Choice, Filter
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.picture_store import keep_pasted
from batch_runner.app.sheet.reading import TRIES, chosen, find_jobs, read_sheet
from batch_runner.core.errors import SheetChangedError
from batch_runner.ledger.ledger import Ledger
from batch_runner.loader.source import stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was agreed to be done."""

    intakes: tuple[Intake, ...]
    wish: Filter
    adopt: bool | None
    check: Callable[[tuple[Intake, ...]], None]  # whether another reading may be taken as well


async def rows_now(
    campaign: Campaign, ledger: Ledger, wanted: Wanted
) -> tuple[tuple[Intake, ...], list[Choice]]:
    """The rows as they are now, what of them is sent, and copies of the pictures among them.

    Raises:
        SheetError: the sheet cannot be read (any more), or its pictures not be copied.
        SheetChangedError: somebody saves it again and again.
    """
    intakes = wanted.intakes
    if stamp(campaign.sheet) != intakes[0].table.stamp:
        intakes = await read_sheet(campaign.sheet, campaign.rules, ledger)
    profiles = campaign.rules.catalogue.profiles
    wish = await with_order(wanted.wish, ledger)
    for left in reversed(range(TRIES)):
        await find_jobs(intakes, ledger)
        if intakes is not wanted.intakes:
            wanted.check(intakes)
        choices = chosen(intakes, wish, profiles, adopt=wanted.adopt)
        try:
            await asyncio.to_thread(keep_pasted, intakes, choices, campaign.sidecar.pictures)
            break
        except SheetChangedError:
            if not left:
                raise
        intakes = await read_sheet(campaign.sheet, campaign.rules, ledger)
    return intakes, choices
