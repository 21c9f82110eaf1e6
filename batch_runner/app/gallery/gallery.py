"""``report``: the gallery's page, written row by row into one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.gallery.cards import Links, Seen, Shown, card
from batch_runner.app.gallery.files import Beside
from batch_runner.app.gallery.posters import Posters
from batch_runner.app.gallery.rows import Rows
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.status import known_or_refused
from batch_runner.ledger.ledger import Ledger
from batch_runner.reporter.page import Page

FRAME = "gallery/page.html"
STYLES = ("tokens.css", "gallery/gallery.css", "gallery/details.css", "gallery/print.css")
MODULES = tuple(
    f"gallery/{name}.js"
    for name in (
        "words",
        "language",
        "dom",
        "format",
        "data",
        "select",
        "decisions",
        "player",
        "stills",
        "card",
        "grid",
        "charts",
        "toolbar",
        "details",
        "keys",
        "main",
    )
)
"""Each after those that it imports from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a page shows."""

    rows: int
    unknown: int  # rows of the sheet that no run has seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the page is to be."""

    what: Shown = field(default_factory=Shown)
    meta: Mapping[str, str] = field(default_factory=dict)  # for its script: where it is served
    fetch: bool = True  # whether pictures may be asked for on the network
    bring: bool = False  # whether an archive is to hold videos that are kept elsewhere
    each: Callable[[Mapping[str, object]], object] = len  # is given each row as it is told


def beside(campaign: Campaign) -> Beside:
    """Links from a page in the sheet's sidecar."""
    return Beside(folder=campaign.sidecar.folder, sheet_folder=campaign.sheet.parent)


async def check_ran(campaign: Campaign) -> None:
    """Before anything is written: is there anything to show?

    Raises:
        SheetError: the sheet was never run.
    """
    async with reading(campaign.ledger) as found:
        known_or_refused(found, campaign)


async def write_gallery(campaign: Campaign, out: BinaryIO, links: Links, wish: Wish) -> Made:
    """Write a sheet's gallery as one HTML page.

    Safe beside a run of another process: the ledger is only read.

    Raises:
        SheetError: the sheet was never run.
    """
    async with reading(campaign.ledger) as found:
        ledger = known_or_refused(found, campaign)
        rows = await Rows.of(campaign, ledger)
        page = Page(
            out,
            frame=FRAME,
            styles=STYLES,
            modules=MODULES,
            title=campaign.sheet.name,
            meta=wish.meta,
        )
        page.block("head", await _head(campaign, ledger, rows, wish.what))
        posters = Posters(
            folder=campaign.sidecar.folder,
            sheet_folder=campaign.sheet.parent,
            ledger=ledger,
            origin=campaign.settings.base_url if wish.fetch else None,
        )
        count = 0
        async for some in rows.batches():
            await posters.make(some)
            page.rows("rows", _cards(some, campaign, links, wish))
            count += len(some)
        page.end()
    return Made(rows=count, unknown=rows.unknown)


def _cards(
    some: Sequence[Seen], campaign: Campaign, links: Links, wish: Wish
) -> Iterator[Mapping[str, object]]:
    """One by one: with a video in each, a few hundred would fill the memory."""
    for seen in some:
        row = card(seen, links, campaign.localise, wish.what)
        wish.each(row)
        yield row


async def _head(campaign: Campaign, ledger: Ledger, rows: Rows, what: Shown) -> dict[str, object]:
    """What holds for the whole page."""
    scopes = await ledger.scopes()
    return {
        "sheet": campaign.sheet.name,
        "campaign": await ledger.meta("campaign"),
        "made": campaign.localise(now()).isoformat(timespec="seconds"),
        "worksheets": {scope: name for name, scope in scopes.items()} if len(scopes) > 1 else {},
        "columns": rows.headers if what.prompts else [],
        "unknown": rows.unknown,
    }


def page_place(campaign: Campaign) -> Path:
    """Where a sheet's page is."""
    return campaign.sidecar.folder / "report.html"
