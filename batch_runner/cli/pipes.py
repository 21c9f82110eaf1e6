"""Output whose reader may go away, as in ``batch-runner run sheet.xlsx | head``."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click


def say(line: str, *, err: bool = False) -> None:
    """Print a line; to nowhere, once nobody reads any more: a run is not ended by that."""
    try:
        click.echo(line, err=err)
    except BrokenPipeError:
        _abandon(sys.stderr if err else sys.stdout)


def _abandon(stream: TextIO) -> None:
    """From now on, what is written to this stream, and what waits in it, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def on_terminal() -> bool:
    """Whether somebody sits in front: there to be asked, and to see what is shown."""
    # A stream that was closed before the start is None.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
