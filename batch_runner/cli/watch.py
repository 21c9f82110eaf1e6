"""``status --watch``: redrawn on a terminal, a line now and then elsewhere, until the run ends."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
from datetime import datetime

import click

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.ctl.ask import ask
from batch_runner.app.ctl.orders import Action, Order
from batch_runner.app.sheet.plan import usd
from batch_runner.app.status import Glance, glance
from batch_runner.cli.words import states_line, visible
from batch_runner.core.errors import UsageError

REDRAW = 2.0  # seconds, on a terminal
LINE = 30.0  # seconds, elsewhere
CUT_OFF = 120.0  # seconds without a heartbeat (there is one each 30) after which a run is dead


def watch(campaign: Campaign, *, every: float | None, terminal: bool) -> int:
    """Show how the sheet stands until no run is on; Ctrl-C ends only the watching."""
    pause = every or (REDRAW if terminal else LINE)
    drawn = 0
    try:
        while True:
            seen = asyncio.run(glance(campaign))
            lines = _lines(campaign, seen, _live(campaign))
            if terminal:
                drawn = _redraw(lines, drawn)
            else:
                click.echo(f"{campaign.localise(now()):%H:%M:%S} " + " ".join(lines))
            if _is_over(seen):
                return 0
            time.sleep(pause)
    except KeyboardInterrupt:
        return 0


def _live(campaign: Campaign) -> str | None:
    """What the run says of itself."""
    try:
        reply = ask(campaign.sidecar.home, Order(action=Action.SHOW))
    except UsageError:
        return None
    return None if reply is None else str(reply["say"])


def _lines(campaign: Campaign, seen: Glance, live: str | None) -> list[str]:
    totals = seen.totals
    first = (
        f"{campaign.sheet.name}: {states_line(totals.states.items())}; {usd(totals.cost)} spent"
    )
    if totals.estimated:
        first += f", what is queued may cost up to {usd(totals.estimated)}"
    first += "."
    return [first, visible(live) if live is not None else _last(campaign, seen)]


def _last(campaign: Campaign, seen: Glance) -> str:
    run = seen.last_run
    if run is None:
        return "It was never run."
    if run.ended_at is not None:
        return f"The last run ended with exit {run.exit}, {_at(campaign, run.ended_at)}."
    if _is_over(seen):
        return f"The last run was cut off; its last sign of life: {_at(campaign, run.beat_at)}."
    return f"A run is on, begun {_at(campaign, run.started_at)}."


def _at(campaign: Campaign, moment: datetime) -> str:
    return f"{campaign.localise(moment):%Y-%m-%d %H:%M}"


def _is_over(seen: Glance) -> bool:
    run = seen.last_run
    if run is None or run.ended_at is not None:
        return True
    return (now() - run.beat_at).total_seconds() > CUT_OFF


def _redraw(lines: Sequence[str], drawn: int) -> int:
    """Put lines in the place of those drawn before; the number of lines."""
    width = shutil.get_terminal_size().columns - 1  # a longer one would take two lines
    up = f"\x1b[{drawn}A\x1b[J" if drawn else ""
    click.echo(up + "\n".join(line[:width] for line in lines))
    return len(lines)
