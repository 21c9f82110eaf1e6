"""``status --watch``: a live picture on a terminal, a line now and then elsewhere, until the run ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

import click

from batch_runner.app.board.sight import Sight, is_at_work, look
from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.sheet.plan import usd
from batch_runner.app.status import never_run
from batch_runner.cli.words import states_line, visible

REDRAW = 1.0  # seconds, on a terminal
LINE = 30.0  # seconds, elsewhere


def watch(campaign: Campaign, *, every: float | None, terminal: bool) -> int:
    """Show how the sheet stands until no run is on; Ctrl-C ends only the watching.

    Raises:
        SheetError: it was never run.
    """
    pause = every or (REDRAW if terminal else LINE)
    with ExitStack() as stack:
        show: Callable[[Sight], None] | None = None
        try:
            while True:
                sight = asyncio.run(look(campaign, now()))
                if sight.totals is None:
                    raise never_run(campaign)
                show = show or _screen(campaign, stack, terminal=terminal)
                show(sight)
                if not is_at_work(sight.run, sight.live, now()):
                    return 0
                time.sleep(pause)
        except KeyboardInterrupt:
            return 0


def _screen(campaign: Campaign, stack: ExitStack, *, terminal: bool) -> Callable[[Sight], None]:
    """What shows a sheet at one moment."""
    if not terminal:
        return lambda sight: click.echo(_line(campaign, sight))
    from rich.live import Live

    from batch_runner.cli.live import Picture

    picture = Picture(campaign)
    screen = stack.enter_context(Live(auto_refresh=False, vertical_overflow="ellipsis"))

    def show(sight: Sight) -> None:
        screen.update(picture.draw(sight, _said(campaign, sight), now()), refresh=True)

    return show


def _line(campaign: Campaign, sight: Sight) -> str:
    totals = sight.totals
    assert totals is not None
    at = f"{campaign.localise(now()):%H:%M:%S}"
    states = states_line(totals.states.items())
    line = f"{at} {campaign.sheet.name}: {states}; {usd(totals.cost)} spent"
    if totals.estimated:
        line += f", what is queued may cost up to {usd(totals.estimated)}"
    return f"{line}. {_said(campaign, sight)}"


def _said(campaign: Campaign, sight: Sight) -> str:
    """What the run that is on says of itself, or how the last one ended."""
    if sight.live is not None:
        return visible(sight.live.say)
    run = sight.run
    if run is None:
        return "It was never run."
    if run.ended_at is not None:
        return f"The last run ended with exit {run.exit}, {_at(campaign, run.ended_at)}."
    if not is_at_work(run, None, now()):
        return f"The last run was cut off; its last sign of life: {_at(campaign, run.beat_at)}."
    return f"A run is on, begun {_at(campaign, run.started_at)}."


def _at(campaign: Campaign, moment: datetime) -> str:
    return f"{campaign.localise(moment):%Y-%m-%d %H:%M}"
