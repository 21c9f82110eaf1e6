"""``batch-runner status``: how a sheet stands."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batch_runner.cli.options import config_option, settings_of, sheet_argument

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign
    from batch_runner.app.status import Story

MOST_TROUBLES = 20


@click.command("status")
@sheet_argument
@config_option
@click.option("--row", metavar="LINE|KEY", help="The whole story of one row.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(sheet: Path, config: Path | None, row: str | None, *, as_json: bool) -> int:
    """Show how SHEET stands; also while it runs.

    \b
    batch-runner status campaign.xlsx
    batch-runner status campaign.xlsx --row 17
    """
    from batch_runner.app.campaign import open_campaign

    campaign = open_campaign(sheet, settings_of({"config": config}), os.environ)
    if row is not None:
        return _row(campaign, row, as_json=as_json)
    return _sheet(campaign, as_json=as_json)


def _sheet(campaign: Campaign, *, as_json: bool) -> int:
    from batch_runner.app.documents import status_document
    from batch_runner.app.plan import usd
    from batch_runner.app.status import read_status
    from batch_runner.cli.words import states_line

    status = asyncio.run(read_status(campaign))
    totals = status.totals
    if as_json:
        click.echo(json.dumps(status_document(campaign.sheet, totals), indent=2))
        return 0
    click.echo(f"{campaign.sheet.name}: {totals.rows} rows: {states_line(totals.states.items())}.")
    click.echo(f"Spent {usd(totals.cost)}; what is queued may cost up to {usd(totals.estimated)}.")
    if status.last_run is not None:
        run = status.last_run
        began = f"{campaign.localise(run.started_at):%Y-%m-%d %H:%M}"
        ended = "is on, or was cut off" if run.ended_at is None else f"ended with exit {run.exit}"
        click.echo(f"Last run: began {began}, {ended}.")
    for job in status.troubles[:MOST_TROUBLES]:
        click.echo(f"  {job.name}: {job.error}")
    if len(status.troubles) > MOST_TROUBLES:
        click.echo(f"  ... and {len(status.troubles) - MOST_TROUBLES} more in the error column.")
    if status.unknown:
        click.echo(f"Next: {campaign.command('resolve')}")
    return 0


def _row(campaign: Campaign, row: str, *, as_json: bool) -> int:
    from batch_runner.app.documents import story_document
    from batch_runner.app.status import read_story

    stories = asyncio.run(read_story(campaign, row))
    if as_json:
        document = {"schema": 1, "jobs": [story_document(story) for story in stories]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return 0
    for story in stories:
        _tell(campaign, story)
    return 0


def _tell(campaign: Campaign, story: Story) -> None:
    from batch_runner.app.plan import usd
    from batch_runner.cli.words import visible

    job = story.job
    cost = "" if job.cost is None else f", {usd(job.cost)}"
    click.echo(f"{job.name}: {job.state}, model {job.model}, attempt {job.attempt}{cost}")
    if job.error:
        click.echo(f"  {visible(job.error)}")
    for attempt in story.attempts:
        click.echo(
            f"  attempt {attempt.n}: sent {attempt.sends}x, "
            f"first {campaign.localise(attempt.first_sent_at):%Y-%m-%d %H:%M:%S} "
            f"to {attempt.origin}; task {visible(attempt.task_id or 'none')}; "
            f"request id {visible(attempt.request_id or 'none')}; key {attempt.key}"
        )
        if attempt.raw:
            click.echo(f"    the provider said: {visible(attempt.raw)}")
    for entry in story.entries:
        when = f"{campaign.localise(entry.at):%Y-%m-%d %H:%M:%S}"
        detail = ", ".join(
            f"{name} {visible(str(value))}"
            for name, value in entry.detail.items()
            if name != "raw"
        )
        click.echo(f"  {when}  {entry.event} -> {entry.state}  {detail}".rstrip())
