"""Small files beside a ledger: written whole or not at all, and durable."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.durable import sync_folder


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, at a power cut, too.

    Raises:
        OSError: it cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """What stands beside a ledger must be readable, or nothing is sent.

    Raises:
        LedgerError: it is not.
    """
    try:
        yield
    except OSError as error:
        raise LedgerError(
            phrase(
                "what other computers sent cannot be read ({reason}).",
                reason=error.strerror or error,
            ),
            code="neighbours_unreadable",
            where=str(path),
            hint=phrase(
                "Let the folder be synchronised first ('always keep on this computer'); nothing is sent before that."
            ),
        ) from error
