"""A sheet's file, and the stamp by which it is known that all that is read is of one moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from batch_runner.core.errors import SheetChangedError, SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import FileStamp

MAX_BYTES = 4 << 30
"""The largest file that is read: 4 GiB. A hundred thousand rows are about 15 MB."""

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as it was at one moment; read as often as needed, it is the same or an error."""

    path: Path
    stamp: FileStamp

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file from its start.

        Raises:
            SheetChangedError: Somebody saved it since it was first looked at.
            SheetError: It cannot be opened.
        """
        try:
            with self.path.open("rb", buffering=CHUNK) as file:
                self._check(file)
                yield file
                self._check(file)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, bit by bit."""
        with self.opened() as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def read(self) -> bytes:
        """All its bytes at once."""
        with self.opened() as file:
            return file.read()

    def head(self, size: int) -> bytes:
        """Its first bytes."""
        with self.opened() as file:
            return file.read(size)

    def changed(self) -> SheetChangedError:
        """The error for a file that is another one in the midst of being read."""
        return SheetChangedError(
            phrase("The sheet was saved by somebody while it was read."),
            code="sheet_changed",
            hint=phrase("Run the command again."),
            where=str(self.path),
        )

    def _check(self, file: BinaryIO) -> None:
        if _stamp(file) != self.stamp:
            raise self.changed()


def look(path: Path) -> Source:
    """The file as it is now; what is read of it later is of this moment.

    Raises:
        SheetError: The file cannot be opened, or is too large.
    """
    try:
        with path.open("rb") as file:
            mark = _stamp(file)
    except OSError as error:
        raise _unreadable(path, error) from error
    if mark.size > MAX_BYTES:
        raise SheetError(
            phrase(
                "The file has {size:.1f} GB; at most {most:.1f} GB are read.",
                size=mark.size / 1e9,
                most=MAX_BYTES / 1e9,
            ),
            code="sheet_too_large",
            hint=phrase("Split it into several sheets."),
            where=str(path),
        )
    return Source(path=path, stamp=mark)


def stamp(path: Path) -> FileStamp:
    """What the file looks like now, to be compared with a table's stamp.

    Raises:
        SheetError: The file cannot be looked at.
    """
    try:
        return FileStamp.of(path.stat())
    except OSError as error:
        raise _unreadable(path, error) from error


def _stamp(file: BinaryIO) -> FileStamp:
    return FileStamp.of(os.fstat(file.fileno()))


def _unreadable(path: Path, error: OSError) -> SheetError:
    busy = isinstance(error, PermissionError)
    return SheetError(
        phrase("The file cannot be read: {reason}.", reason=error.strerror or error),
        code="sheet_unreadable",
        hint=(
            phrase("Close it in other programs, or see to it that you may read it.")
            if busy
            else ""
        ),
        where=str(path),
    )
