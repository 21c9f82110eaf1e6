"""Bytes a second, shared by all downloads of a run."""

from __future__ import annotations

import asyncio

LARGEST_PIECE = 256 * 1024
_SMALLEST_PIECE = 4 * 1024
_TURN = 0.05  # seconds that one piece may take of the whole line


class Bandwidth:
    """Lets pieces through one after the other, at a rate.

    Fair, since each download asks for one piece at a time and they are served in order of asking.
    Who waits does not read, so the server's sending slows by itself.
    """

    def __init__(self, rate: float) -> None:
        """``rate``: bytes a second of all downloads together."""
        self._rate = rate
        self._free_at = 0.0  # loop time from which on the line is free

    @property
    def piece(self) -> int:
        """Bytes to read at once at most, so that none has the line for long."""
        return int(min(LARGEST_PIECE, max(_SMALLEST_PIECE, self._rate * _TURN)))

    async def spend(self, count: int) -> None:
        """Wait until so many bytes, which came, may have come."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + count / self._rate
        await asyncio.sleep(self._free_at - now)
