"""``batch-runner restore``: a sheet without our columns, or as it was at first."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from batch_runner.cli.options import reading_options, settings_of, sheet_argument
from batch_runner.core.language import phrase


@click.command("restore")
@sheet_argument
@reading_options
@click.option("--original", is_flag=True, help="Write the sheet of day one under a new name.")
def command(sheet: Path, *, original: bool, **given: object) -> int:
    """Take our columns out of SHEET; what you changed in it meanwhile stays.

    The sheet as it is now is kept beside it first. Nothing paid is lost: the next run writes
    the results again.

    \b
    batch-runner restore campaign.xlsx
    batch-runner restore campaign.xlsx --original
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.restore import remove_results, write_original

    campaign = open_campaign(sheet, settings_of(given), os.environ)
    if original:
        click.echo(
            phrase(
                "The sheet as it was before the first run: {place}",
                place=write_original(campaign),
            )
        )
        return 0
    copy = asyncio.run(remove_results(campaign))
    if copy is None:
        click.echo(phrase("{file} has no columns of ours.", file=sheet.name))
    else:
        click.echo(
            phrase(
                "Our columns are out of {file}. As it was before: {copy}",
                file=sheet.name,
                copy=copy.name,
            )
        )
    return 0
