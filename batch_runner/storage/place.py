"""A place that files are put into, whole and verified, and never over another file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from batch_runner.core.places import folder_of
from batch_runner.storage.digest import Digest
from batch_runner.storage.folder import FolderPlace


class Place(Protocol):
    """Methods raise ``PlaceError`` with one plain line for whatever a disk or a service may do.

    Safe to repeat after any crash; safe beside other processes that use the same place.
    """

    async def reach(self) -> None:
        """Find out, without writing, whether the place can be reached."""

    async def put(self, file: Path, name: str, known: Digest) -> bool:
        """Put a copy of a file there; whether it lies there now, whole, under this name.

        ``False``: another file has the name, and keeps it. The very same file needs no copy.
        Cancelling gives the copy up.
        """

    async def get(self, name: str, target: Path, sha256: str | None) -> None:
        """Copy a file from there to a path of this machine, and check it by its hash if known."""


def open_place(where: Path | str) -> Place:
    """The place that a path or a URL names; nothing is asked of it yet.

    Raises:
        ConfigError: what it needs is not installed, or nothing knows such a URL.
    """
    folder = where if isinstance(where, Path) else folder_of(where)
    if folder is not None:
        return FolderPlace(folder)
    from batch_runner.storage.remote import RemotePlace

    return RemotePlace(str(where))
