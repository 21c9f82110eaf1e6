"""``batch-runner move``: a sheet was renamed or moved."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from batch_runner.cli.options import ledger_option
from batch_runner.core.language import phrase


@click.command("move")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@ledger_option
def command(old: Path, new: Path, ledger: str | None) -> int:
    """Let the sheet NEW go on with what the sheet OLD has done.

    Rename or move the sheet first, then tell batch-runner.

    \b
    mv campaign.xlsx spring.xlsx
    batch-runner move campaign.xlsx spring.xlsx
    """
    from batch_runner.app.move import move_sidecar
    from batch_runner.app.place.database import ledger_of
    from batch_runner.settings.find import user_data_dir
    from batch_runner.settings.resolve import resolve

    old, new = old.absolute(), new.resolve()
    state = resolve(new, {}, os.environ).state_dir
    place = partial(ledger_of, options={"ledger": ledger}, environ=os.environ)
    folder = move_sidecar(old, new, state, user_data_dir(os.environ), place)
    click.echo(
        phrase(
            "{new_name} goes on with what {old_name} has done ({folder}).",
            new_name=new.name,
            old_name=old.name,
            folder=folder,
        )
    )
    return 0
