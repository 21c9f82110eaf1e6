"""``batch-runner ctl``: a run that is on, told from another shell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from batch_runner.cli.options import config_option, ledger_option, settings_of, sheet_argument
from batch_runner.core.language import phrase


@click.command("ctl")
@sheet_argument
@click.argument("words", nargs=-1, metavar="[ACTION]")
@config_option
@ledger_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(sheet: Path, words: tuple[str, ...], *, as_json: bool, **given: Any) -> int:
    """Tell the run that is at work on SHEET what to do.

    \b
    show                   how it stands (also without an action)
    pause, resume          send nothing for a while; the run stays
    set concurrency=5      other limits from now on; rate=30/min, or both
    cancel ROW             don't send this row in this run (a line or a key)
    drain                  send nothing more, see what is being made to its end
    stop                   as Ctrl-C: save and leave; the next run goes on

    A rehearsal is named by its copy, campaign.sandbox.xlsx.
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.ctl.ask import tell_run
    from batch_runner.app.ctl.orders import parse_words
    from batch_runner.cli.words import visible
    from batch_runner.core.errors import UsageError

    try:
        order = parse_words(words)
    except ValueError as error:
        raise UsageError(
            str(error), code="bad_order", hint=phrase("See 'batch-runner ctl --help'.")
        ) from None
    reply = tell_run(open_campaign(sheet, settings_of(given), os.environ), order)
    if as_json:
        click.echo(json.dumps(reply, ensure_ascii=False, indent=2))
    else:
        said = visible(reply["say"])
        click.echo(said[:1].upper() + said[1:], err=not reply["ok"])
    return 0 if reply["ok"] else 1
