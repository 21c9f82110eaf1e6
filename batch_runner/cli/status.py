"""``batch-runner status``: how a sheet stands."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import config_option, ledger_option, settings_of, sheet_argument
from batch_runner.core.language import phrase

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign

MOST_TROUBLES = 20


@click.command("status")
@sheet_argument
@config_option
@ledger_option
@click.option("--row", metavar="LINE|KEY", help="The whole story of one row.")
@click.option("--watch", is_flag=True, help="Again and again, until the run ends.")
@click.option("--every", metavar="TIME", help="How often (1s on a terminal, else 30s).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    sheet: Path,
    row: str | None,
    every: str | None,
    *,
    watch: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Show how SHEET stands; also while it runs.

    \b
    batch-runner status campaign.xlsx
    batch-runner status campaign.xlsx --row 17
    batch-runner status campaign.xlsx --watch
    """
    from batch_runner.app.campaign import open_campaign

    campaign = open_campaign(sheet, settings_of(given), os.environ)
    if watch:
        return _watch(campaign, every)
    if row is not None:
        return _row(campaign, row, as_json=as_json)
    return _sheet(campaign, as_json=as_json)


def _watch(campaign: Campaign, every: str | None) -> int:
    from batch_runner.cli.watch import watch
    from batch_runner.core.errors import UsageError
    from batch_runner.core.units import parse_duration

    try:
        seconds = None if every is None else parse_duration(every)
    except ValueError as error:
        raise UsageError(
            phrase("{option} must be {what}.", option="--every", what=error), code="bad_option"
        ) from None
    return watch(campaign, every=seconds, terminal=sys.stdout.isatty())


def _sheet(campaign: Campaign, *, as_json: bool) -> int:
    from batch_runner.app.documents import status_document
    from batch_runner.app.sheet.plan import usd
    from batch_runner.app.status import read_status
    from batch_runner.cli.words import SPENT_SO_FAR, spent, states_line
    from batch_runner.core.language import joined, phrase, plural

    status = asyncio.run(read_status(campaign))
    totals = status.totals
    if as_json:
        click.echo(json.dumps(status_document(campaign.sheet, totals), indent=2))
        return 0
    states = states_line(totals.states.items())
    what = plural("{count} row: {what}.", "{count} rows: {what}.", totals.rows, what=states)
    click.echo(f"{campaign.sheet.name}: {what}")
    queued = totals.estimated and phrase(
        "What is queued may cost up to {amount}.", amount=usd(totals.estimated)
    )
    click.echo(joined(phrase("{spent}.", spent=spent(totals, SPENT_SO_FAR)), queued or ""))
    if status.last_run is not None:
        run = status.last_run
        began = f"{campaign.localise(run.started_at):%Y-%m-%d %H:%M}"
        ended = (
            phrase("is on, or was cut off")
            if run.ended_at is None
            else phrase("ended with exit {code}", code=run.exit)
        )
        click.echo(phrase("Last run: began {began}, {ended}.", began=began, ended=ended))
    for job in status.troubles[:MOST_TROUBLES]:
        click.echo(f"  {job.name}: {job.error}")
    if len(status.troubles) > MOST_TROUBLES:
        more = len(status.troubles) - MOST_TROUBLES
        click.echo(phrase("  ... and {more} more in the error column.", more=more))
    if status.unknown:
        click.echo(phrase("Next: {command}", command=campaign.command("resolve")))
    return 0


def _row(campaign: Campaign, row: str, *, as_json: bool) -> int:
    from batch_runner.app.documents import story_document
    from batch_runner.app.status import read_story
    from batch_runner.cli.story import story_lines

    stories = asyncio.run(read_story(campaign, row))
    if as_json:
        document = {"schema": 1, "jobs": [story_document(story) for story in stories]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return 0
    for number, story in enumerate(stories):
        click.echo(("\n" if number else "") + "\n".join(story_lines(campaign, story)))
    return 0
