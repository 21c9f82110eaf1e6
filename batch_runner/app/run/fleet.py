"""What a run over a database does that others need not: which campaign it is, and if it can be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from batch_runner.app.campaign import Campaign
from batch_runner.app.place.database import check_installed
from batch_runner.app.run.draft import Request
from batch_runner.app.sheet.reading import read_sheet
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase


async def attached(campaign: Campaign, request: Request) -> Campaign:
    """The campaign, found by its rows if it was begun from another machine.

    Raises:
        ConfigError: the run is to hold what cannot be held over many machines.
        UsageError: nobody can tell which campaign it is.
        LedgerError: the database cannot be used.
    """
    database = campaign.database
    if database is None:
        return campaign
    check_installed()
    _check_budgets(campaign, request)
    if database.campaign is not None or request.new:
        return campaign
    from batch_runner.app.fleet.office import attached as attach

    intakes = await read_sheet(campaign.sheet, campaign.rules, None)
    hashes = [mark for intake in intakes for mark in intake.rows.hashes()]
    return await attach(campaign, database, hashes)


@asynccontextmanager
async def at_work(campaign: Campaign) -> AsyncIterator[Campaign]:
    """Within this block others know that the run is alive; its campaign is in the database.

    Raises:
        LockedError: it may be that another run makes it at this moment.
        LedgerError: the database cannot be used, or the run was taken for dead.
    """
    if campaign.office is None:
        yield campaign
        return
    from batch_runner.app.fleet.office import founded

    async with campaign.office.at_work():
        yield await founded(campaign, campaign.office)


def _check_budgets(campaign: Campaign, request: Request) -> None:
    settings = campaign.settings
    names = {
        "budget.day_usd": settings.budget_day,
        "budget.month_usd": settings.budget_month,
        "budget.run_usd": None if request.budget is None else request.budget.micros,
    }
    given = [name for name, micros in names.items() if micros is not None]
    if given:
        raise ConfigError(
            phrase(
                "{name} is kept on this computer and cannot hold over many machines.",
                name=given[0],
            ),
            code="budget_not_shared",
            where=str(settings.config or campaign.source),
            hint=phrase(
                "With a ledger in a database set a budget for each sheet (--budget, budget.total_usd), or leave --ledger out."
            ),
        )
