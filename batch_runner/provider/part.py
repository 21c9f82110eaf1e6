"""A file that is whole or not there: written beside its place, checked, then renamed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from batch_runner.core import container

_T = TypeVar("_T")


class StorageError(Exception):
    """This machine cannot store the file; the message says why."""


class Part:
    """A download on its way into a file. All methods raise ``StorageError`` for disk trouble."""

    def __init__(self, file: BinaryIO, path: Path, target: Path) -> None:
        self._file = file
        self._path = path
        self._target = target
        self._digest = hashlib.sha256()
        self.size = 0  # bytes written so far

    @property
    def sha256(self) -> str:
        """Hex digest of what was written so far."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        with _disk():
            self._file.write(chunk)
            sys.audit("batch_runner.provider.received")
        self._digest.update(chunk)
        self.size += len(chunk)

    def flaw(self) -> str:
        """What keeps it from being a whole video; empty when nothing does."""
        with _disk():
            self._file.flush()
            return container.flaw(self._read_at, self.size)

    def keep(self) -> Path:
        """Make it durable under its name, with the extension that its content asks for.

        Returns:
            The path it has from now on.
        """
        with _disk():
            extension = container.sniff(self._read_at(0, container.HEAD)) or ""
            path = self._target.with_name(self._target.name + extension)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            sys.audit("batch_runner.provider.synced")
            self._path.replace(path)
        sys.audit("batch_runner.provider.renamed")
        _sync_folder(path.parent)
        return path

    def _read_at(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)


@contextmanager
def part_file(target: Path) -> Iterator[Part]:
    """A new part file in the folder of ``target``, which is made; gone afterwards unless kept.

    Raises:
        StorageError: it cannot be made.
    """
    path = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    with _disk():
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("x+b")
    try:
        yield Part(file, path, target)
    finally:
        # What is thrown away may fail to be flushed; and nothing more can be done for it.
        with contextlib.suppress(OSError):
            file.close()
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
