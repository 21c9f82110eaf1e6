"""``batch-runner report``: a page to look at the videos, or the results of a lost sheet."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import ledger_option, settings_of

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign


@click.command("report")
@click.argument("sheet", type=click.Path(path_type=Path))
@ledger_option
@click.option("--embed", is_flag=True, help="Put small videos into the page itself.")
@click.option(
    "--zip",
    "archive",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Pack the page with all its videos into FILE instead, to be sent.",
)
@click.option(
    "--sheet-out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the results into a new sheet instead; SHEET need not exist any more.",
)
def command(
    sheet: Path, *, embed: bool, archive: Path | None, sheet_out: Path | None, **given: Any
) -> int:
    """Make a page on which to look at the videos of SHEET, and to decide about them.

    It is report.html in the sheet's folder, opens from disk without a network, and can be made
    at any time, also during a run.

    With --sheet-out the results go into a new file: the rows are those of the sheet before its
    first change, which is kept beside it; rows that were added or edited later are listed in a
    table of their own.

    \b
    batch-runner report campaign.xlsx
    batch-runner report campaign.xlsx --zip videos.zip
    batch-runner report campaign.xlsx --sheet-out campaign.xlsx
    """
    from batch_runner.app.campaign import open_campaign

    if sum(map(bool, (embed, archive, sheet_out))) > 1:
        raise click.UsageError("--embed, --zip and --sheet-out exclude each other.")
    campaign = open_campaign(sheet, settings_of(given), os.environ, lost=True)
    if sheet_out is not None:
        return _write_again(campaign, sheet_out)
    return _write_page(campaign, archive, embed=embed)


def _write_page(campaign: Campaign, archive: Path | None, *, embed: bool) -> int:
    from batch_runner.app.gallery.gallery import Wish
    from batch_runner.app.gallery.write import write_archive, write_page
    from batch_runner.app.place.sidecar import shown
    from batch_runner.cli.packed import packed_lines
    from batch_runner.core.language import plural

    wish = Wish()
    if archive is None:
        done = asyncio.run(write_page(campaign, embed=embed, wish=wish))
    else:
        done = asyncio.run(write_archive(campaign, archive, wish))
    if archive:
        for line in packed_lines(done):
            click.echo(line)
    else:
        rows, place = done.made.rows, shown(done.place)
        click.echo(plural("{count} row: {place}", "{count} rows: {place}", rows, place=place))
    if done.made.unknown:
        click.echo(
            plural(
                "{count} row is not there: no run has seen it yet.",
                "{count} rows are not there: no run has seen them yet.",
                done.made.unknown,
            )
        )
    return 0


def _write_again(campaign: Campaign, out: Path) -> int:
    from batch_runner.app.report import write_again
    from batch_runner.core.language import phrase

    done = asyncio.run(write_again(campaign, out))
    click.echo(phrase("{rows} rows with their results: {place}", rows=done.rows, place=out))
    if done.rest_in is not None:
        click.echo(
            phrase(
                "{rows} that were added or edited later, or are gone: {place}",
                rows=done.rest,
                place=done.rest_in,
            )
        )
    return 0
