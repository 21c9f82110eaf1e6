"""``batch-runner redo``: further takes of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from batch_runner.cli.options import reading_options, sending_options, sheet_argument
from batch_runner.core.language import phrase


@click.command("redo")
@sheet_argument
@click.argument("rows", metavar="ROWS")
@reading_options
@sending_options
@click.option("--seed", type=click.IntRange(min=0), help="Make them by this seed.")
@click.option("--new-seed", is_flag=True, help="By a new seed, also where a row has its own.")
@click.option("--note", default="", metavar="TEXT", help="Why; 'status --row' shows it.")
def command(
    sheet: Path, rows: str, *, seed: int | None, new_seed: bool, note: str, **given: Any
) -> int:
    """Make ROWS of SHEET once more, whether they succeeded or failed.

    ROWS are line numbers such as 5,8-12, or keys. Each gets another video, which is paid; the one
    before stays in its file, and in the row if the new one fails. A row without a seed of its own
    gets a new one. The same command again, after a crash or Ctrl-C, goes on and buys nothing twice.

    \b
    batch-runner redo campaign.xlsx 5,8-12
    batch-runner redo campaign.xlsx 17 --seed 42 --note "softer light"
    """
    from batch_runner.cli.sheets import run_sheets
    from batch_runner.core.selection import parse_rows
    from batch_runner.core.takes import Redo

    if seed is not None and new_seed:
        raise click.UsageError(phrase("--seed and --new-seed exclude each other."))
    try:
        named = parse_rows(rows)
    except ValueError as error:
        raise click.BadParameter(f"must be {error}.", param_hint="ROWS") from None
    wish = Redo(seed=seed, new_seed=new_seed, note=note.strip())
    return run_sheets((sheet,), {**given, "named": named, "redo": wish}, again="redo")
