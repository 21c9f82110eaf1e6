"""``batch-runner resolve``: rows of which nobody knows whether they were accepted."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import config_option, ledger_option, settings_of, sheet_argument
from batch_runner.core.language import phrase, plural

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign
    from batch_runner.app.money.evidence import Lost
    from batch_runner.app.settle import Verdict


@click.command("resolve")
@sheet_argument
@config_option
@ledger_option
@click.option("--row", "rows", multiple=True, metavar="LINE|KEY", help="This row (repeatable).")
@click.option("--all", "everything", is_flag=True, help="All unknown rows.")
@click.option("--resend", is_flag=True, help="It was not accepted: the next run sends it again.")
@click.option("--task-id", metavar="ID", help="It was accepted: this is its task.")
@click.option("--give-up", is_flag=True, help="Leave it, as failed.")
@click.option("--account", metavar="NAME", help="Ask with the key stored by this name.")
@click.option("--base-url", metavar="ORIGIN", help="Where the API is.")
@click.option("--json", "as_json", is_flag=True, help="The list as one JSON document.")
def command(  # noqa: PLR0913 - one argument an option
    sheet: Path,
    rows: tuple[str, ...],
    task_id: str | None,
    account: str | None,
    *,
    everything: bool,
    resend: bool,
    give_up: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """List or settle the unknown rows of SHEET.

    An unknown row was sent, but no clear answer came: it may have been paid. Look for it on the
    provider's console (by time and prompt), then say what you found.

    \b
    batch-runner resolve campaign.xlsx
    batch-runner resolve campaign.xlsx --row 17 --task-id task_01ABC...
    batch-runner resolve campaign.xlsx --row 17 --resend
    batch-runner resolve campaign.xlsx --all --give-up
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.settle import Verdict

    campaign = open_campaign(sheet, settings_of(given), os.environ)
    chosen = sum((resend, give_up, task_id is not None))
    if chosen > 1:
        raise click.UsageError(phrase("--resend, --task-id and --give-up exclude each other."))
    if not chosen:
        return _list(campaign, account, as_json=as_json)
    if not rows and not everything:
        raise click.UsageError(phrase("Say which rows: --row LINE (repeatable) or --all."))
    return _settle(campaign, rows, Verdict(resend=resend, task_id=task_id, give_up=give_up))


def _list(campaign: Campaign, account: str | None, *, as_json: bool) -> int:
    from batch_runner.app.documents import lost_document, story_document
    from batch_runner.app.money.evidence import gather
    from batch_runner.app.settle import unknown_rows
    from batch_runner.cli.words import visible

    stories = asyncio.run(unknown_rows(campaign))
    found = asyncio.run(gather(campaign, stories, os.environ, account)) if stories else []
    if as_json:
        document = {
            "schema": 1,
            "unknown": [story_document(story) for story in stories],
            "evidence": [] if isinstance(found, str) else list(map(lost_document, found)),
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return 1 if stories else 0
    if not stories:
        click.echo(phrase("No row is unknown."))
        return 0
    for story in stories:
        click.echo(f"{visible(story.job.name)}: {visible(story.job.error)}")
        for attempt in story.attempts[-1:]:
            sent = f"{campaign.localise(attempt.first_sent_at):%Y-%m-%d %H:%M:%S %Z}"
            prompt = json.loads(attempt.body or b"{}").get("prompt", "")
            click.echo(
                phrase(
                    "  sent {sent}; request id {request_id}",
                    sent=sent,
                    request_id=visible(attempt.request_id or "none"),
                )
            )
            click.echo(phrase("  look for: {prompt}", prompt=visible(str(prompt))[:100]))
    for line in _evidence(found, campaign):
        click.echo(visible(line))
    first = stories[0].job.called
    click.echo(phrase("Settle a row with one of:"))
    for end in (("--task-id", "ID"), ("--resend",), ("--give-up",)):
        click.echo(f"  {campaign.command('resolve', '--row', first, *end)}")
    return 1


def _evidence(found: Sequence[Lost] | str, campaign: Campaign) -> list[str]:
    """What the provider and the books say of the rows, in lines."""
    from batch_runner.app.sheet.plan import usd

    if isinstance(found, str):
        return [found]
    lines = []
    for lost in found:
        counted = "an unknown number of" if lost.counted is None else str(lost.counted)
        lines.append(
            f"{lost.model}, since {campaign.localise(lost.since):%Y-%m-%d %H:%M:%S}: the provider "
            f"charged {counted} videos, {lost.known.surely} are known"
            + (f" (up to {lost.known.perhaps} more)" if lost.known.perhaps else "")
            + f", {lost.known.lost} are lost."
        )
        if lost.balance_before is not None and lost.balance is not None:
            at, before = lost.balance_before
            lines.append(
                f"  Balance: {usd(before)} at {campaign.localise(at):%Y-%m-%d %H:%M}, "
                f"{usd(lost.balance)} now; {usd(lost.known.money)} of it are known."
            )
        word = str(lost.finding.certainty).replace("_", " ")
        lines.append(f"  {word}: {lost.finding.sentence}")
    return lines


def _settle(campaign: Campaign, rows: tuple[str, ...], verdict: Verdict) -> int:
    from batch_runner.app.settle import settle

    jobs = asyncio.run(settle(campaign, rows, verdict))
    click.echo(plural("{count} row settled.", "{count} rows settled.", len(jobs)))
    if jobs:
        click.echo(phrase("Next: {command}", command=campaign.command("run")))
    return 0
