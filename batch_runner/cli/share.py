"""``batch-runner share``: gallery, videos and a plain copy of the sheet, to be sent."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from batch_runner.cli.options import ledger_option, settings_of


@click.command("share")
@click.argument("sheet", type=click.Path(path_type=Path))
@ledger_option
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The archive; else <sheet>.share.zip beside the sheet.",
)
@click.option("--no-prompts", is_flag=True, help="Leave out prompts, pictures and your columns.")
@click.option("--no-costs", is_flag=True, help="Leave out costs and estimates.")
@click.option("--no-ids", is_flag=True, help="Leave out task ids and the provider's links.")
@click.option("--fetch", is_flag=True, help="Bring videos that are kept in a bucket into it, too.")
def command(
    sheet: Path, *, to: Path | None, fetch: bool, ledger: str | None, **left_out: bool
) -> int:
    """Pack the gallery of SHEET, all its videos and a plain copy of the sheet into one archive.

    Whoever gets it unpacks it and opens report.html; decisions made there can be sent back. The
    copy of the sheet holds rows and results, nothing else of your file.

    \b
    batch-runner share campaign.xlsx --no-costs --no-ids
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.gallery.cards import Shown
    from batch_runner.app.gallery.gallery import Wish
    from batch_runner.app.gallery.share import share, share_place
    from batch_runner.cli.packed import packed_lines

    campaign = open_campaign(sheet, settings_of({"ledger": ledger}), os.environ, lost=True)
    what = Shown(**{name: not left_out[f"no_{name}"] for name in ("prompts", "costs", "ids")})
    wish = Wish(what=what, bring=fetch)
    done = asyncio.run(share(campaign, to or share_place(campaign), wish))
    for line in packed_lines(done):
        click.echo(line)
    return 0
