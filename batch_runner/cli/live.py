"""A run as a picture on a terminal: the same that the dashboard shows, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from batch_runner.app.board.sight import Live, Sight
from batch_runner.app.campaign import Campaign
from batch_runner.app.run.forecast import minutes
from batch_runner.app.sheet.plan import usd
from batch_runner.cli.history import event_words
from batch_runner.cli.words import STATES, visible
from batch_runner.core.jobs import Totals
from batch_runner.core.language import phrase

STYLES = {
    "succeeded": "green",
    "running": "blue",
    "queued": "bright_black",
    "failed": "red",
    "unknown": "yellow",
    "invalid": "magenta",
    "skipped": "bright_black",
}
BLOCK, WAITING = "█", "░"
NEWEST = 6  # happenings that are shown


class Picture:
    """Draws a sheet at one moment."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        assets = files("batch_runner") / "assets" / "states.json"
        self._signs: dict[str, str] = json.loads(assets.read_text(encoding="utf-8"))["signs"]

    def draw(self, sight: Sight, said: str, at: datetime) -> RenderableType:
        """All of it: where things stand, how fast, until when, and what happened last."""
        totals = sight.totals
        assert totals is not None  # whoever watches a sheet that was never run is told so
        return Group(
            Text(visible(self._campaign.sheet.name), style="bold"),
            _Bar(totals),
            self._counts(totals),
            Text.assemble(*_spent(sight)),
            *self._at_work(sight, at),
            Text(said, style="dim"),
            *self._newest(sight),
        )

    def _counts(self, totals: Totals) -> Text:
        parts = [
            (f"{self._signs[state]} {phrase(said, count=totals.states[state])}   ", STYLES[state])
            for state, said in STATES.items()
            if totals.states.get(state)
        ]
        return Text.assemble(*parts)

    def _at_work(self, sight: Sight, at: datetime) -> Iterator[Text]:
        if sight.live is None:
            return
        yield Text(_figures(sight.live, sight))
        if sight.finish is not None:
            left = (sight.finish - at).total_seconds()
            when = self._campaign.localise(sight.finish)
            yield Text(f"All done about {when:%H:%M}, in {minutes(left)}")

    def _newest(self, sight: Sight) -> Iterator[RenderableType]:
        table = Table.grid(padding=(0, 2))
        for one in sight.happenings[:NEWEST]:
            when = f"{self._campaign.localise(one.at):%H:%M:%S}"
            table.add_row(
                Text(when, style="dim"), Text(visible(one.name)), Text(event_words(one.event, {}))
            )
        if sight.happenings:
            yield Text()
            yield table


class _Bar:
    """The states side by side, each as wide as its share."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def __rich_console__(self, console: Console, _options: object) -> Iterator[Text]:
        width, rows = min(console.width, 100), max(1, self._totals.rows)
        bar, done, seen = Text(), 0, 0
        for state in STATES:
            seen += self._totals.states.get(state, 0)
            end = round(width * seen / rows)
            block = WAITING if state in {"queued", "skipped"} else BLOCK
            bar.append(block * (end - done), STYLES[state])
            done = end
        yield bar


def _spent(sight: Sight) -> Iterator[str | tuple[str, str]]:
    totals = sight.totals
    assert totals is not None
    yield f"Spent {usd(totals.cost)}", "bold"
    if sight.budget is not None:
        yield f" of {usd(sight.budget)}"
    if totals.held > totals.cost:
        yield f"; up to {usd(totals.held - totals.cost)} more is not settled"
    if totals.estimated:
        yield f"; what is queued may cost up to {usd(totals.estimated)}"


def _figures(live: Live, sight: Sight) -> str:
    parts = [
        f"In flight {live.in_flight} of {live.slots}",
        f"sent {sight.tempo.accepted} in the last minute (at most {live.rate:.3g}/min)",
        f"{live.limited} answered with 429",
    ]
    return "; ".join(parts)
