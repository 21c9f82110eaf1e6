"""``batch-runner apply``: what somebody decided in the gallery, into the sheet."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batch_runner.app.place.sidecar import shown
from batch_runner.cli.options import reading_options, settings_of, sheet_argument
from batch_runner.core.decision_file import Choice
from batch_runner.core.language import phrase

if TYPE_CHECKING:
    from batch_runner.app.apply import Applied

MOST_TOLD = 20


@click.command("apply")
@sheet_argument
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@reading_options
def command(sheet: Path, file: Path, **given: object) -> int:
    """Take the decisions in FILE, as the gallery saved them, into SHEET.

    They stand in its column 'decision'. Rows to be redone wait for the next run, which pays for
    them; the video before stays. Exit 1 where a decision fits no row any more.

    \b
    batch-runner apply campaign.xlsx campaign.xlsx.decisions.json
    """
    from batch_runner.app.apply import apply_decisions
    from batch_runner.app.campaign import open_campaign
    from batch_runner.core.decision_file import MOST_BYTES, read_decision_file

    with file.open("rb") as saved:
        found = read_decision_file(saved.read(MOST_BYTES + 1), str(file))
    campaign = open_campaign(sheet, settings_of(given), os.environ)

    def say(message: str) -> None:
        click.echo(message, err=True)

    applied = asyncio.run(apply_decisions(campaign, found, say))
    _tell(applied)
    if Choice.REDO in applied.done:
        click.echo(phrase("To make them anew: {command}", command=campaign.command("run")))
    return 1 if applied.left_out else 0


def _tell(applied: Applied) -> None:
    words = [f"{applied.done[choice]} {choice}" for choice in Choice if choice in applied.done]
    if None in applied.done:
        words.append(phrase("{count} undecided again", count=applied.done[None]))
    done = ", ".join(words) or phrase("Nothing to apply")
    click.echo(phrase("{what}: {place}", what=done, place=shown(applied.shown)))
    for sentence in applied.left_out[:MOST_TOLD]:
        click.echo(phrase("Left out: {why}", why=sentence), err=True)
    if more := len(applied.left_out[MOST_TOLD:]):
        click.echo(phrase("Left out: {count} more.", count=more), err=True)
