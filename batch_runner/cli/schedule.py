"""``batch-runner schedule``: runs a batch file at its times, for those without cron."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("schedule", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=click.Path(path_type=Path), metavar="BATCH.yaml")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RUN OPTIONS]...")
def command(file: Path, options: tuple[str, ...]) -> int:
    """Run a batch file at the times that its 'schedule' names, until it is stopped.

    All options after it are those of 'run'. One run at a time; times that passed while nothing
    ran are made up for by one run (schedule.missed). SIGHUP reads the file again; the first
    Ctrl-C or SIGTERM ends a run in order, and then this, the second at once.

    \b
    batch-runner schedule nightly.yaml --quiet --only new
    """
    import asyncio

    from batch_runner.app.timetable.keep_schedule import keep_schedule
    from batch_runner.cli.pipes import say
    from batch_runner.cli.run import command as run

    with run.make_context("run", [str(file), *options]):
        pass  # a mistyped option is told now, not at night
    return asyncio.run(keep_schedule(file.resolve(), options, os.environ, say))
