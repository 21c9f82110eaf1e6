"""Puts what comes into its part by a thread, while more of it comes."""

from __future__ import annotations

import asyncio
from functools import partial
from types import TracebackType
from typing import Self

from batch_runner.provider.part import ChangedError, Part, StorageError, in_thread

BATCH = 1024 * 1024
"""Bytes that are handed to the disk at once; as many come meanwhile."""


class Writer:
    """Writes pieces in order; within its block, and at its end all of them are written.

    A write may wait for the disk, even for that of another download; the loop must not.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._batch: list[bytes] = []
        self._waiting = 0  # bytes of it
        self._at_work: asyncio.Future[None] | None = None
        self.taken = part.size  # bytes that are there or were given

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the rest, also of a download that broke off: it is continued from there."""
        if self._at_work is not None:
            await asyncio.wait({self._at_work})
            self._at_work.result()
        if self._batch and not isinstance(error, StorageError | ChangedError):
            await in_thread(partial(self._part.write, self._batch))

    async def add(self, piece: bytes) -> None:
        """Take one more piece.

        Raises:
            StorageError, ChangedError: of an earlier one.
        """
        self._batch.append(piece)
        self._waiting += len(piece)
        self.taken += len(piece)
        if self._waiting >= BATCH:
            if self._at_work is not None:
                await asyncio.shield(self._at_work)
            batch, self._batch, self._waiting = self._batch, [], 0
            write = asyncio.to_thread(self._part.write, batch)
            self._at_work = asyncio.ensure_future(write)
