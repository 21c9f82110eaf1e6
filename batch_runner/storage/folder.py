"""A folder of this machine, or one that it has mounted, as a place for files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import cast

from batch_runner.core.language import phrase
from batch_runner.durable import sync_folder
from batch_runner.storage.digest import PIECE, Digest, check_hash, digest_of
from batch_runner.storage.trouble import PlaceError


class FolderPlace:
    """Copies beside the name, checks what was written, then takes the name if it is free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def reach(self) -> None:
        """Find out whether the folder is there, or can be made."""
        await asyncio.to_thread(self._reach)

    def _reach(self) -> None:
        with _disk():
            self._folder.mkdir(parents=True, exist_ok=True)

    async def put(self, file: Path, name: str, known: Digest) -> bool:
        """Put a copy of a file there; see :class:`.place.Place`."""
        work = asyncio.ensure_future(asyncio.to_thread(self._put, file, name, known))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})  # a thread cannot be stopped, and disks are quick
            raise

    async def get(self, name: str, target: Path, sha256: str | None) -> None:
        """Copy a file from there; see :class:`.place.Place`."""
        with _disk():
            await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(shutil.copyfile, self._folder / PurePosixPath(name), target)
            await asyncio.to_thread(check_hash, target, sha256)

    def _put(self, file: Path, name: str, known: Digest) -> bool:
        target = self._folder / PurePosixPath(name)
        with _disk():
            target.parent.mkdir(parents=True, exist_ok=True)
            # Named by what it is to be: what a killed run left of it is removed by the next.
            mark = hashlib.sha256(f"{known.sha256} {target.name}".encode()).hexdigest()
            beside = target.with_name(f".{mark[:16]}.tmp")
            try:
                if (lies := _lies_at(target, known)) is not None:
                    return lies
                sys.audit("batch_runner.storage.put")
                _copy(file, beside)
                if digest_of(beside) != known:
                    raise PlaceError(phrase("what was written there is not what was read"))
                sys.audit("batch_runner.storage.copied")
                taken = _take_name(beside, target)
                sys.audit("batch_runner.storage.uploaded")
            finally:
                beside.unlink(missing_ok=True)
            sync_folder(target.parent)
        return taken or bool(_lies_at(target, known))


def _lies_at(target: Path, known: Digest) -> bool | None:
    """Whether this very file lies there; ``None``: nothing does."""
    if not os.path.lexists(target):
        return None
    plain = target.is_file() and not target.is_symlink()
    return plain and target.stat().st_size == known.size and digest_of(target) == known


def _copy(file: Path, beside: Path) -> None:
    beside.unlink(missing_ok=True)
    with file.open("rb") as source, beside.open("xb") as copy:  # never through somebody's link
        shutil.copyfileobj(source, copy, PIECE)
        copy.flush()
        os.fsync(copy.fileno())


def _take_name(beside: Path, target: Path) -> bool:
    """Give a file its name if that is free."""
    try:
        os.link(beside, target)
    except FileExistsError:
        return False
    except OSError:  # no hard links there: the name is taken by an empty file first
        try:
            target.open("xb").close()
        except FileExistsError:
            return False
        beside.replace(target)
    return True


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlaceError(cast("str", error.strerror) or str(error)) from error
