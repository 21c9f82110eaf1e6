"""``batch-runner run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from batch_runner.cli.options import (
    reading_options,
    sending_options,
    sheets_argument,
    where_option,
)


@click.command("run")
@sheets_argument
@reading_options
@sending_options
@click.option("--only", metavar="new|failed|ROWS", help="Only these rows, e.g. --only 5,8-12.")
@where_option
@click.option(
    "--pilot", type=click.IntRange(min=1), help="Only N rows at first, that stand for the sheet."
)
@click.option("--plan", metavar="ID", help="Send nothing but this plan, as 'check' shows it.")
def command(sheets: tuple[Path, ...], **given: Any) -> int:
    """Make the videos of each SHEET and write the links back into the same rows.

    Run the same command again to go on after anything: a finished row is never paid twice.
    SHEET may also be a folder, a pattern, or a batch file (YAML) that lists sheets.

    \b
    batch-runner run campaign.xlsx
    batch-runner run campaign.csv --limit 5 --budget 10
    batch-runner run campaign.xlsx --sandbox
    batch-runner run inbox/ --only new --quiet
    """
    from batch_runner.cli.sheets import run_sheets

    return run_sheets(sheets, given)
