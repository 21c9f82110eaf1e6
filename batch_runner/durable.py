"""What survives a loss of power; each package that keeps files of its own needs it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make a new name in this folder durable, where the system offers that.

    Windows does not: its file system keeps a journal. Some network file systems refuse it; the
    name stands all the same, so that is no failure.
    """
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
