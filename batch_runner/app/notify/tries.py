"""How often something is tried before it counts as not told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from batch_runner.core.pace import backoff

TRIES = 3


class FailedError(Exception):
    """A target was not told."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again  # whether it is worth another try


async def with_tries(
    work: Callable[[], Awaitable[None]],
    jitter: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Do it, and again after a pause if that may help.

    Raises:
        FailedError: the last one.
    """
    for tries in range(1, TRIES + 1):
        try:
            return await work()
        except FailedError as error:
            if not error.again or tries == TRIES:
                raise
        await sleep(backoff(tries, jitter()))
    raise AssertionError("the last try returns or raises")
