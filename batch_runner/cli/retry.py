"""``batch-runner retry``: failed rows once more."""

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


@click.command("retry")
@sheets_argument
@reading_options
@sending_options
@click.option("--rows", "only", metavar="ROWS", help="Only these lines, e.g. --rows 5,8-12.")
@where_option
@click.option(
    "--changed",
    is_flag=True,
    help="Buy again the finished rows that today's settings would ask for in another way.",
)
@click.option(
    "--same", is_flag=True, help="Also rows refused for their content or input, unchanged."
)
def command(sheets: tuple[Path, ...], *, changed: bool, **given: Any) -> int:
    """Send the failed rows of each SHEET once more, each as a new attempt.

    A failed task was refunded; a new attempt is paid if it succeeds. Unknown rows are never
    sent again by this: see 'batch-runner resolve'. Rows that were refused for what they show or
    for an image or parameter are left out while they are unchanged, unless with --same.

    \b
    batch-runner retry campaign.xlsx
    batch-runner retry campaign.xlsx --rows 17
    """
    from batch_runner.cli.sheets import run_sheets

    return run_sheets(sheets, given, again="changed" if changed else "failed")
