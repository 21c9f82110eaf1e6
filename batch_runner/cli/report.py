"""``batch-runner report``: results once more, from the ledger."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click


@click.command("report")
@click.argument("sheet", type=click.Path(path_type=Path))
@click.option(
    "--sheet-out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The new file; the place of the lost SHEET itself is best.",
)
def command(sheet: Path, sheet_out: Path) -> int:
    """Write the results of SHEET into a new file; SHEET itself need not exist any more.

    The rows are those of the sheet before its first change, which is kept beside it; rows that
    were added or edited later are listed in a table of their own.

    \b
    batch-runner report campaign.xlsx --sheet-out campaign.xlsx
    batch-runner report campaign.xlsx --sheet-out again.xlsx
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.report import write_again

    campaign = open_campaign(sheet, {}, os.environ, lost=True)
    done = asyncio.run(write_again(campaign, sheet_out))
    click.echo(f"{done.rows} rows with their results: {sheet_out}")
    if done.rest_in is not None:
        click.echo(f"{done.rest} that were added or edited later, or are gone: {done.rest_in}")
    return 0
