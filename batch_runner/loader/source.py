"""A sheet's bytes, and the stamp of the very file they came from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from batch_runner.core.errors import SheetError
from batch_runner.core.model import FileStamp

MAX_BYTES = 1 << 30
"""The largest file that is read: 1 GiB. A hundred thousand rows are about 15 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as read at one moment."""

    path: Path
    data: bytes
    stamp: FileStamp


def read_source(path: Path) -> Source:
    """Read a file at once; the stamp belongs to what was read, not to what lies there later.

    Raises:
        SheetError: The file cannot be opened, or is too large.
    """
    try:
        with path.open("rb") as file:
            mark = _stamp(file)
            if mark.size > MAX_BYTES:
                raise SheetError(
                    f"The file has {mark.size / 1e9:.1f} GB; at most {MAX_BYTES / 1e9:.1f} GB are read.",
                    code="sheet_too_large",
                    hint="Split it into several sheets.",
                    where=str(path),
                )
            return Source(path=path, data=file.read(), stamp=mark)
    except OSError as error:
        raise _unreadable(path, error) from error


def stamp(path: Path) -> FileStamp:
    """What the file looks like now, to be compared with a table's stamp.

    Raises:
        SheetError: The file cannot be looked at.
    """
    try:
        return _of(path.stat())
    except OSError as error:
        raise _unreadable(path, error) from error


def _stamp(file: BinaryIO) -> FileStamp:
    return _of(os.fstat(file.fileno()))


def _of(status: os.stat_result) -> FileStamp:
    return FileStamp(size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


def _unreadable(path: Path, error: OSError) -> SheetError:
    busy = isinstance(error, PermissionError)
    return SheetError(
        f"The file cannot be read: {error.strerror or error}.",
        code="sheet_unreadable",
        hint="Close it in other programs, or see to it that you may read it." if busy else "",
        where=str(path),
    )
