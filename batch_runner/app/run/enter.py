"""How a run begins, its sheet's lock held: the ledger, the neighbours, the books, the log."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import NamedTuple

from batch_runner import __version__
from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.money.run_budget import seat_at
from batch_runner.app.money.spending import Purse, open_purse
from batch_runner.app.place import guards
from batch_runner.app.place.neighbours import Neighbours, NoNeighbours, join
from batch_runner.app.place.output_file import remember_output
from batch_runner.app.run import to_mend, world
from batch_runner.app.run.about import about_run
from batch_runner.app.run.awake import kept_awake
from batch_runner.app.run.draft import Draft, Request
from batch_runner.app.run.entry import RunEntry
from batch_runner.app.run.held_plan import begin_plan
from batch_runner.app.run.pool import Pool, pool_of
from batch_runner.app.run.run_log import LogFile, RunLog
from batch_runner.app.ui import Ui
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger


class Doors(NamedTuple):
    """What a run goes in by, and where what it opens is closed again."""

    ledger: Ledger
    key: str
    stack: ExitStack


async def open_ledger(campaign: Campaign, stack: ExitStack) -> Ledger:
    """The sheet's ledger; seen to be this sheet's own."""
    sidecar = campaign.sidecar
    world.refresh_copy(campaign)
    office = campaign.office
    ledger = await (campaign.ledger.for_run() if office is None else office.ledger())
    stack.callback(ledger.close)
    await world.sweep(campaign, ledger)
    stated = campaign.settings.state_dir is not None
    await guards.check_owner(ledger, campaign.sheet, sidecar, stated=stated)
    return ledger


async def enter_run(
    campaign: Campaign, request: Request, ui: Ui, draft: Draft, doors: Doors
) -> RunEntry:
    """Begin a run in the ledger, the user's books and the log."""
    ledger, key, stack = doors
    host = socket.gethostname()
    neighbours = await _meet_neighbours(campaign, request, ui, doors)
    await remember_output(campaign.output, ledger)
    await to_mend.prepare(request.failed_to, campaign, ledger)
    if draft.begins is not None:
        await begin_plan(ledger, draft.begins, now())
    purse = await _purse(campaign, ui, draft, doors)
    stack.enter_context(kept_awake(wanted=request.terminal and campaign.settings.keep_awake))
    run = await ledger.start_run(now(), host=host, pid=os.getpid(), version=__version__)
    secrets = (key, *campaign.settings.notify.secrets)
    log = stack.enter_context(RunLog(_log_file(campaign), run, secrets, now, request.echo))
    log.happened("run_started", about_run(campaign, host))
    return RunEntry(
        run=run,
        key=key,
        log=log,
        purse=purse,
        neighbours=neighbours,
        pool=await _pool(campaign, key, purse, stack),
        budget=stack.enter_context(seat_at(request.budget, campaign.settings.task_deadline)),
    )


async def _pool(
    campaign: Campaign, key: str, purse: Purse | None, stack: ExitStack
) -> Pool | None:
    """Where runs of the account divide what it bears."""
    if campaign.office is not None:
        return await campaign.office.pool(key, campaign.origin)
    return stack.enter_context(pool_of(purse))


async def _purse(campaign: Campaign, ui: Ui, draft: Draft, doors: Doors) -> Purse | None:
    """The user's own books; a campaign of many machines is kept in its database alone."""
    if campaign.database is not None:
        return None
    opened = await open_purse(campaign, doors.ledger, doors.key, draft.balance)
    if isinstance(opened, Purse):
        doors.stack.callback(opened.close)
        return opened
    ui.say(opened)
    return None


def _log_file(campaign: Campaign) -> LogFile:
    """Where the log goes; a folder that is set may hold those of several sheets.

    Raises:
        ConfigError: the folder cannot be made.
    """
    settings, path = campaign.settings, campaign.sidecar.log
    if settings.log_folder is not None:
        path = settings.log_folder / f"{campaign.sheet.name}.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                phrase(
                    "the folder of log.folder cannot be made ({why}).",
                    why=error.strerror or error,
                ),
                code="log_folder",
                where=str(path.parent),
            ) from None
    return LogFile(path=path, most_bytes=settings.log_bytes, kept=settings.log_files)


async def _meet_neighbours(
    campaign: Campaign, request: Request, ui: Ui, doors: Doors
) -> Neighbours:
    """Other computers that may work on the sheet, if any can."""
    if campaign.office is not None:
        return await campaign.office.colleagues(campaign, doors.ledger, doors.key)
    if not campaign.shared:
        await guards.check_host(doors.ledger, socket.gethostname(), take_over=request.take_over)
        return NoNeighbours(doors.ledger)
    shared = join(campaign, doors.ledger, now=now, say=ui.say, take_over=request.take_over)
    doors.stack.callback(shared.end)
    return shared
