"""Is there room for a download? Asked before it begins, and with all others in mind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from batch_runner.provider.part import Part, StorageError

RESERVE = 64 * 1024 * 1024
"""Bytes that are left to the ledger and the sheet, which matter more than any video."""

SMALL_DISK = 20  # parts of a disk, one of which is reserved where that is less


class Room:
    """What the downloads under way will still take."""

    def __init__(self) -> None:
        self._coming: dict[Part, int] = {}  # -> bytes of the whole

    @contextmanager
    def taken(self, part: Part, whole: int | None) -> Iterator[None]:
        """Keep room for what is to come of a part, for as long as the block runs.

        Args:
            part: what is there of it.
            whole: bytes; ``None``: not told, so only the reserve is looked for.

        Raises:
            StorageError: there is not enough.
        """
        folder = part.path.parent
        missing = max(0, (whole or 0) - part.size)
        try:
            disk = shutil.disk_usage(folder)
        except OSError as error:
            raise StorageError(error.strerror or str(error)) from error
        others = sum(size - other.size for other, size in self._coming.items())
        free = disk.free - others - min(RESERVE, disk.total // SMALL_DISK)
        if missing > free or free < 0:
            raise StorageError(
                f"{_mb(missing)} MB are to come and {_mb(max(0, free))} MB are free in {folder}"
            )
        self._coming[part] = part.size + missing
        try:
            yield
        finally:
            del self._coming[part]


def _mb(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
