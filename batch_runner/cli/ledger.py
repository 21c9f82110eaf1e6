"""``batch-runner ledger``: where a sheet's ledger lies."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from batch_runner.cli.options import sheet_argument
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase


@click.group("ledger")
def command() -> None:
    """Bring a sheet's ledger into a database that machines share, or back into its file."""


@command.command("copy")
@sheet_argument
@click.option(
    "--ledger",
    "url",
    required=True,
    envvar="BATCH_RUNNER_LEDGER",
    metavar="URL",
    help="The database, postgresql://USER@HOST/NAME.",
)
@click.option("--back", is_flag=True, help="From the database into the file.")
def copy(sheet: Path, url: str, *, back: bool) -> int:
    """Let the ledger of SHEET lie in a database from now on; with --back, in its file again.

    Nothing is sent, and no run and no worker may be at work on the sheet.

    \b
    batch-runner ledger copy campaign.xlsx --ledger postgresql://me@db.example.com/videos
    """
    from batch_runner.app.campaign import Campaign, open_campaign
    from batch_runner.app.ledger_copy import copy_back, copy_in

    environ = {name: value for name, value in os.environ.items() if name != "BATCH_RUNNER_LEDGER"}

    def opened() -> Campaign:
        try:
            return open_campaign(sheet, {}, environ)
        except UsageError as error:
            if error.code != "ledger_in_database":
                raise
            return open_campaign(sheet, {"ledger": url}, environ)

    if back:
        place: object = asyncio.run(copy_back(opened(), url))
    else:
        place = asyncio.run(copy_in(opened(), url))
    click.echo(phrase("The ledger of {sheet} is in {place}.", sheet=sheet.name, place=place))
    return 0
