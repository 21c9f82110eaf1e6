"""``batch-runner worker``: one of many machines that make the videos of sheets elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from batch_runner.cli.options import config_option, ledger_option, settings_of
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.core.units import parse_rate


@click.command("worker")
@ledger_option
@config_option
@click.option("--base-url", metavar="ORIGIN", help="Where the API is.")
@click.option("--account", metavar="NAME", help="Use the key stored by this name.")
@click.option("--rate", metavar="N/min", help="Submits of one sheet from here at most.")
@click.option(
    "--concurrency", type=click.IntRange(min=1), help="Tasks in flight of one sheet at most."
)
@click.option(
    "--schedule",
    "batches",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="BATCH.yaml",
    help="Run this batch file at its times, once over all workers that keep it.",
)
@click.option("--once", is_flag=True, help="End when nothing is left to do.")
def command(
    *, batches: tuple[Path, ...], concurrency: int | None, once: bool, **given: Any
) -> int:
    """Take rows of every sheet that is run with this database, until it is stopped.

    The rows, how fast they may be sent and what they may cost are in the database; the API key is
    this machine's own, and never leaves it. The sheet, its pictures and the videos stay with the
    'run' that has the sheet. Workers may come, go and die at any time.

    \b
    batch-runner worker --ledger postgresql://user@db.example/batch
    batch-runner worker --schedule nightly.yaml
    """
    import asyncio

    from batch_runner.app.place.database import check_installed

    check_installed()
    from batch_runner.app.fleet.start import post_of
    from batch_runner.app.fleet.worker import work
    from batch_runner.app.run.control import Signals
    from batch_runner.app.run.pool import Most
    from batch_runner.cli.pipes import say

    post = post_of(
        settings_of(given),
        os.environ,
        batches=batches,
        most=Most(rate=_rate(given.get("rate")), slots=concurrency),
        stays=not once,
        say=say,
    )
    return asyncio.run(work(post, Signals(say)))


def _rate(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        return parse_rate(given)
    except ValueError as error:
        said = phrase("{option} must be {what}.", option="--rate", what=error)
        raise UsageError(said, code="bad_option") from None
