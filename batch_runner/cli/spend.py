"""``batch-runner spend``: what all your sheets spent."""

from __future__ import annotations

import asyncio
import os

import click

from batch_runner.core.language import phrase


@click.command("spend")
@click.option("--month", is_flag=True, help="A line a month instead of a day.")
@click.option("--by", type=click.Choice(["sheet", "model"]), help="A line for each of these.")
@click.option("--csv", "as_csv", is_flag=True, help="For other programs.")
def command(by: str | None, *, month: bool, as_csv: bool) -> int:
    """Show what all your sheets on this computer spent together, by the day it was sent on.

    Rehearsals do not count.

    \b
    batch-runner spend
    batch-runner spend --month --by sheet
    batch-runner spend --by model --csv
    """
    from batch_runner.app import spend_report
    from batch_runner.app.clock import localiser
    from batch_runner.cli.words import visible
    from batch_runner.settings.find import user_data_dir

    found = asyncio.run(spend_report.read_spending(user_data_dir(os.environ)))
    lines = spend_report.add_up(found, localiser(None), by=by, monthly=month)
    if as_csv:
        click.echo(spend_report.as_csv(lines), nl=False)
    elif not lines:
        click.echo(phrase("Nothing was spent yet."))
    else:
        for line in spend_report.as_table(lines):
            click.echo(visible(line))
    return 0
