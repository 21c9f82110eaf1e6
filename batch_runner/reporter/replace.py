"""Put a new file in the place of an old one, so that at every instant one of them is whole.

The new one is written beside the old one, made durable, given the old one's owner, rights and
attributes, and then renamed over it. A crash at any point leaves the old file, or the new one.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from batch_runner.core.model import FileStamp
from batch_runner.durable import sync_folder
from batch_runner.reporter.busy import as_busy
from batch_runner.reporter.metadata import keep_metadata

_LONGEST_NAME = 200  # bytes; with dots and random part a name must stay below 255
_OWNER_MAY = 0o600


def replace_file(
    place: Path,
    fill: Callable[[Path], None],
    *,
    like: Path,
    last_check: Callable[[], None] | None = None,
) -> FileStamp:
    """Write a file atomically and durably.

    Args:
        place: where it goes, links already followed; may exist.
        fill: writes the content to the path it is given.
        like: whose owner, rights and attributes it gets. If that is not ``place`` itself, only
            the mode is taken over, and its owner may always write.
        last_check: called when all is ready, right before the rename; may raise to stop it.

    Returns:
        The stamp of the file written.

    Raises:
        SheetBusyError: the system, or a lock, does not allow it; nothing has changed.
    """
    with as_busy(place):
        _sweep(place)
        handle, name = tempfile.mkstemp(prefix=_prefix(place), suffix=".tmp", dir=place.parent)
        os.close(handle)
    temporary = Path(name)
    try:
        with as_busy(place):
            fill(temporary)
        sys.audit("batch_runner.reporter.filled")
        _dress(temporary, place, like)
        with as_busy(place):
            _sync(temporary)
            sys.audit("batch_runner.reporter.synced")
            written = FileStamp.of(temporary.stat())
        if last_check is not None:
            last_check()
        with as_busy(place):
            temporary.replace(place)
        sys.audit("batch_runner.reporter.renamed")
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(place.parent)
    return _renamed(written, place)


def _renamed(written: FileStamp, place: Path) -> FileStamp:
    """The stamp of what was written now that it has its name: a rename changes ctime.

    Whatever else is there by now is not ours, and its stamp is not taken for ours.
    """
    with suppress(OSError):
        present = FileStamp.of(place.stat())
        if replace(present, ctime_ns=written.ctime_ns) == written:
            return present
    return written


def _dress(temporary: Path, place: Path, like: Path) -> None:
    if place == like or place.exists():
        keep_metadata(place, temporary)
        return
    with as_busy(place):
        temporary.chmod(like.stat().st_mode & 0o777 | _OWNER_MAY)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _prefix(place: Path) -> str:
    name = place.name
    while len(os.fsencode(name)) > _LONGEST_NAME:
        name = name[:-1]
    return f".{name}."


def _sweep(place: Path) -> None:
    """Remove what a killed run left here. Only one run at a time works on a sheet."""
    left_over = re.compile(re.escape(_prefix(place)) + r"[a-z0-9_]{8}\.tmp")
    for path in place.parent.iterdir():
        if left_over.fullmatch(path.name):
            path.unlink(missing_ok=True)
