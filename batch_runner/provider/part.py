"""A file that is whole or not there: written beside its place, checked, then renamed.

What came of it before a connection, a run or the power broke off is continued by the next try
where the server can prove that its file is still the same; see ``core.entity``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from batch_runner.core import container
from batch_runner.core.entity import Entity
from batch_runner.durable import sync_folder
from batch_runner.provider import notes

_T = TypeVar("_T")

STEP = 8 * 1024 * 1024
"""Bytes after which a note is taken: as many are lost at most when the run is killed."""

OVERLAP = 1024
"""Bytes that are asked for once more when a part is continued, to compare them."""


class StorageError(Exception):
    """This machine cannot store the file; the message says why."""


class FlawError(Exception):
    """What came is no whole video; the message says why."""


class ChangedError(Exception):
    """What comes does not continue what is there."""


class Part:
    """A download on its way into a file. All methods raise ``StorageError`` for disk trouble.

    Those that may wait for the disk are called in a thread; one at a time.
    """

    def __init__(self, path: Path) -> None:
        """Prepare; nothing is opened yet."""
        self.path = path
        self._notes_path = notes.notes_of(path)
        self._file: BinaryIO | None = None
        self._notes: BinaryIO | None = None
        self._has_notes = False  # there is a file of them
        self._noted = 0  # bytes at the last note
        self._again = b""  # what comes once more, to be compared
        self._useless = False
        self.entity: Entity | None = None
        self.size = 0  # bytes that are there

    @property
    def lasting(self) -> int:
        """Bytes that the next try need not ask for."""
        return 0 if self._useless or self.entity is None else self.next_byte

    @property
    def next_byte(self) -> int:
        """From where on the rest is asked for; 0: from the beginning, nothing is there."""
        return max(0, self.size - OVERLAP)

    def open(self) -> None:
        """Make the file, or find what an earlier try left of it."""
        with _disk():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _unlinked(self.path, os.O_RDWR, "r+b")
            self._has_notes = self._notes_path.exists()
            if self._has_notes:
                had = notes.read(self._notes_path, self._file.seek(0, os.SEEK_END))
                self.entity, self.size = had.entity, had.size
            self._noted = self.size
            self._cut(self.size)

    def go_on(self) -> None:
        """What is written next begins with the last bytes that are there."""
        with _disk():
            self._again = self._read_at(self.next_byte, self.size - self.next_byte)
            self._opened.seek(self.size)

    def begin(self, entity: Entity | None) -> None:
        """What is written next is the beginning of ``entity``; ``None``: it cannot be continued."""
        with _disk():
            if self._notes is not None:
                self._notes.close()
            if self._has_notes:
                self._notes_path.unlink(missing_ok=True)
            self._cut(0)
        self.entity, self.size, self._noted, self._again = entity, 0, 0, b""
        self._notes, self._has_notes = None, False

    def write(self, pieces: Iterable[bytes]) -> None:
        """Append some pieces.

        Raises:
            ChangedError: they are not what was there before.
        """
        for piece in pieces:
            fresh = self._without_overlap(piece) if self._again else piece
            with _disk():
                self._opened.write(fresh)
            self.size += len(fresh)
        sys.audit("batch_runner.provider.received")
        if self.size - self._noted >= STEP:
            self._note()

    def drop(self) -> None:
        """What is there is of no use."""
        self._useless = True

    def keep(self, target: Path) -> Path:
        """Make it durable under its name, with the extension that its content asks for.

        Returns:
            The path it has from now on.

        Raises:
            FlawError: it is no whole video.
        """
        with _disk():
            self._opened.flush()
            flaw = container.flaw(self._read_at, self.size)
            if flaw:
                raise FlawError(flaw)
            extension = container.sniff(self._read_at(0, container.HEAD)) or ""
            path = target.with_name(target.name + extension)
            os.fsync(self._opened.fileno())
            self._opened.close()
            sys.audit("batch_runner.provider.synced")
            path.parent.mkdir(parents=True, exist_ok=True)  # a name may lead into folders
            self.path.replace(path)
        self._useless = True  # its notes, that is
        sys.audit("batch_runner.provider.renamed")
        sync_folder(path.parent)
        return path

    def close(self) -> None:
        """End: what is there afterwards is what may be continued, if anything."""
        # What is thrown away may fail to be written; and nothing more can be done for it.
        with contextlib.suppress(OSError, StorageError):
            if not self._useless and self.next_byte and self.size > self._noted:
                self._note()
        for file in (self._file, self._notes):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        if self._useless or not self._noted:
            for path in (self.path, self._notes_path) if self._has_notes else (self.path,):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    @property
    def _opened(self) -> BinaryIO:
        assert self._file is not None, "open() comes first"
        return self._file

    def _cut(self, size: int) -> None:
        self._opened.seek(size)
        self._opened.truncate()

    def _read_at(self, offset: int, count: int) -> bytes:
        self._opened.seek(offset)
        return self._opened.read(count)

    def _without_overlap(self, piece: bytes) -> bytes:
        count = min(len(piece), len(self._again))
        if piece[:count] != self._again[:count]:
            raise ChangedError
        self._again = self._again[count:]
        return piece[count:]

    def _note(self) -> None:
        """Note how much is there, if that can ever be of use."""
        if self.entity is None:
            return
        with _disk():
            self._opened.flush()
            os.fsync(self._opened.fileno())
            if self._notes is None:
                self._has_notes = True
                self._notes = _unlinked(self._notes_path, os.O_WRONLY | os.O_APPEND, "ab")
                if not self._notes.tell():
                    self._notes.write(notes.head(self.entity))
            self._notes.write(notes.line(self.size))
            self._notes.flush()
        sys.audit("batch_runner.provider.noted")
        self._noted = self.size


async def in_thread(work: Callable[[], _T]) -> _T:
    """Do something slow with the disk without blocking others.

    When cancelled it first lets the work end: a thread cannot be stopped, and its file must not
    be taken away under it.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


@contextmanager
def _disk() -> Iterator[None]:
    """Names trouble with the disk as such, apart from trouble with the network."""
    try:
        yield
    except OSError as error:
        raise StorageError(error.strerror or str(error)) from error


def _unlinked(path: Path, flags: int, mode: str) -> BinaryIO:
    """Open a file or make it; never through a link that somebody put in its place."""
    careful = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return cast("BinaryIO", os.fdopen(os.open(path, flags | careful, 0o666), mode))
