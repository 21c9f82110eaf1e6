"""``batch-runner links``: fresh links of finished videos; nothing is sent."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from batch_runner.cli.options import reading_options, settings_of, sheet_argument
from batch_runner.core.language import phrase


@click.command("links")
@sheet_argument
@reading_options
@click.option("--base-url", metavar="ORIGIN", help="Origin of the API.")
@click.option("--account", metavar="NAME", help="Ask with the key stored by this name.")
def command(sheet: Path, account: str | None, **given: object) -> int:
    """Ask the provider for fresh links of SHEET's finished videos; never submits.

    Links expire, mostly within a day. Those that live for more than an hour are left as they are.
    Exit 1 where a video cannot be had any more; the file under video_file stays what it is.

    \b
    batch-runner links campaign.xlsx
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.links import refresh_links
    from batch_runner.app.money.keys import key_for

    campaign = open_campaign(sheet, settings_of(given), os.environ)
    key = key_for(campaign.settings, account, os.environ)

    def say(message: str) -> None:
        click.echo(message, err=True)

    done = asyncio.run(refresh_links(campaign, key.text, say))
    click.echo(
        phrase(
            "{fresh} fresh, {good} still good, {gone} cannot be had any more.",
            fresh=done.fresh,
            good=done.good,
            gone=done.gone,
        )
    )
    click.echo(phrase("Results: {place}", place=done.shown))
    return 1 if done.gone else 0
