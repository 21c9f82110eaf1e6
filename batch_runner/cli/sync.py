"""``batch-runner sync``: what is known, into the sheet; nothing is sent."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from batch_runner.cli.options import reading_options, settings_of, sheet_argument
from batch_runner.core.language import phrase


@click.command("sync")
@sheet_argument
@reading_options
def command(sheet: Path, **given: object) -> int:
    """Write what the ledger knows into SHEET, and merge a .results copy; never submits.

    For a sheet that was open elsewhere when its run ended, or whose results were lost by an
    older Save.

    \b
    batch-runner sync campaign.xlsx
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.sync import sync_sheet

    campaign = open_campaign(sheet, settings_of(given), os.environ)
    shown = asyncio.run(sync_sheet(campaign, lambda message: click.echo(message, err=True)))
    click.echo(phrase("Results: {place}", place=shown))
    return 0
