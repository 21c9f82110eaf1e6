"""``batch-runner setup``: store an API key."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from batch_runner.core.language import phrase


@click.command("setup")
@click.option("--account", default="default", metavar="NAME", help="Store it by this name.")
@click.option("--base-url", metavar="ORIGIN", help="Where the API is.")
def command(account: str, base_url: str | None) -> int:
    """Ask for your API key (unseen), test it, and store it where only you can read it.

    The key goes into the system's key store where there is one, else into an owner-only file.
    Several keys: --account NAME here and in 'batch-runner run'. Without a terminal the key is
    read from standard input.

    \b
    batch-runner setup
    batch-runner setup --account client-a
    """
    from batch_runner.app.setup import shared_env_file, store_tested
    from batch_runner.app.sheet.plan import usd

    key = click.prompt("API key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    stored = asyncio.run(store_tested(key, account, base_url, os.environ))
    if stored.balance.remaining is not None:
        click.echo(
            phrase("The key works; balance {amount}.", amount=usd(stored.balance.remaining))
        )
    elif stored.balance.reachable:
        click.echo(phrase("The key works."))
    else:
        click.echo(
            phrase("The key could not be tested now: {message}", message=stored.balance.message),
            err=True,
        )
    click.echo(phrase("Stored as {account!r} in {where}.", account=account, where=stored.where))
    warning = shared_env_file(Path.cwd(), os.environ)
    if warning is not None:
        click.echo(phrase("Warning: {warning}", warning=warning), err=True)
    return 0
