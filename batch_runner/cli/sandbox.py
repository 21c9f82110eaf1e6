"""``batch-runner sandbox``: a local look-alike of the provider."""

from __future__ import annotations

import click


@click.command(
    "sandbox",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Start a local look-alike of the provider, with faults by name for rehearsals."""
    from batch_runner.sandbox.__main__ import main

    return main(list(arguments)) or 0
