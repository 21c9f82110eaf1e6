"""A file that is whole or not there: written beside its place, checked, then renamed.

What came of it before a connection, a run or the power broke off is continued by the next try
where the server can prove that its file is still the same; see ``core.entity``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from batch_runner.core import container
from batch_runner.core.entity import Entity
from batch_runner.provider import notes

_T = TypeVar("_T")

STEP = 1024 * 1024
"""Bytes after which a note is taken: as many are lost at most when the run is killed."""

OVERLAP = 1024
"""Bytes that are asked for once more when a part is continued, to compare them."""

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class StorageError(Exception):
    """This machine cannot store the file; the message says why."""


class ChangedError(Exception):
    """What comes does not continue what is there."""


class Part:
    """A download on its way into a file. All methods raise ``StorageError`` for disk trouble.

    A context manager: what is there afterwards is what may be continued, if anything.
    """

    def __init__(self, path: Path) -> None:
        """Prepare; nothing is opened yet."""
        self.path = path
        self._notes_path = notes.notes_of(path)
        self._file: BinaryIO | None = None
        self._notes: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._noted = 0  # bytes at the last note
        self._again = b""  # what comes once more, to be compared
        self._useless = False
        self.entity: Entity | None = None
        self.size = 0  # bytes that are there

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, StorageError):
            self._useless = True  # a full disk has better use for the room
        # What is thrown away may fail to be flushed; and nothing more can be done for it.
        with contextlib.suppress(OSError, StorageError):
            self._leave()
        for file in (self._file, self._notes):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        if self._useless or not self._noted:
            self._remove()

    @property
    def lasting(self) -> int:
        """Bytes that the next try need not ask for."""
        return 0 if self._useless or self.entity is None else self.next_byte

    @property
    def sha256(self) -> str:
        """Hex digest of what is there."""
        return self._digest.hexdigest()

    def open(self) -> None:
        """Make the file, or find what an earlier try left of it."""
        with _disk():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self.path, _FLAGS, 0o666), "r+b")
            had = notes.read(self._notes_path, self._file)
            self._file.seek(had.size)
            self._file.truncate()
        self.entity, self.size, self._digest = had.entity, had.size, had.digest
        self._noted = had.size

    @property
    def next_byte(self) -> int:
        """From where on the rest is asked for; 0: from the beginning, nothing is there."""
        return max(0, self.size - OVERLAP)

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
            self._notes_path.unlink(missing_ok=True)
            self._opened.seek(0)
            self._opened.truncate()
        self.entity, self.size, self._noted, self._again = entity, 0, 0, b""
        self._notes, self._digest = None, hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Append a piece.

        Raises:
            ChangedError: it is not what was there before.
        """
        if self._again:
            count = min(len(chunk), len(self._again))
            if chunk[:count] != self._again[:count]:
                raise ChangedError
            self._again, chunk = self._again[count:], chunk[count:]
        with _disk():
            self._opened.write(chunk)
            sys.audit("batch_runner.provider.received")
        self._digest.update(chunk)
        self.size += len(chunk)
        if self.size - self._noted >= STEP:
            self._note()

    def flaw(self) -> str:
        """What keeps it from being a whole video; empty when nothing does."""
        with _disk():
            self._opened.flush()
            return container.flaw(self._read_at, self.size)

    def drop(self) -> None:
        """What is there is of no use."""
        self._useless = True

    def keep(self, target: Path) -> Path:
        """Make it durable under its name, with the extension that its content asks for.

        Returns:
            The path it has from now on.
        """
        with _disk():
            extension = container.sniff(self._read_at(0, container.HEAD)) or ""
            path = target.with_name(target.name + extension)
            self._opened.flush()
            os.fsync(self._opened.fileno())
            self._opened.close()
            sys.audit("batch_runner.provider.synced")
            self.path.replace(path)
        self._useless = True  # its notes, that is
        sys.audit("batch_runner.provider.renamed")
        _sync_folder(path.parent)
        return path

    @property
    def _opened(self) -> BinaryIO:
        assert self._file is not None, "open() comes first"
        return self._file

    def _read_at(self, offset: int, count: int) -> bytes:
        self._opened.seek(offset)
        return self._opened.read(count)

    def _note(self) -> None:
        """Note how much is there, if that can ever be of use."""
        if self.entity is None:
            return
        with _disk():
            self._opened.flush()
            if self._notes is None:
                self._notes = self._notes_path.open("ab", buffering=0)
                if not self._notes.tell():
                    self._notes.write(notes.head(self.entity))
            self._notes.write(notes.line(self.size, self.sha256))
        sys.audit("batch_runner.provider.noted")
        self._noted = self.size

    def _leave(self) -> None:
        """The last note, about what came since the one before."""
        if not self._useless and self.next_byte and self.size > self._noted:
            self._note()

    def _remove(self) -> None:
        for path in (self.path, self._notes_path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


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


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can."""
    if os.name == "nt":  # folders cannot be opened there; NTFS keeps a journal
        return
    # Some network shares cannot do it; the file is there all the same.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
