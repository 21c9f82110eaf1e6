"""Several sheets by one command: at the same time, each for itself, none stopped by another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from batch_runner.app.run.control import Signals
from batch_runner.app.run.outcome import Ending
from batch_runner.core.errors import BatchRunnerError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one sheet."""

    sheet: str
    code: int
    ending: Ending | None = None  # None: nothing was begun
    error: BatchRunnerError | None = None
    plan: Mapping[str, object] | None = None  # the document of what it would have done
    moved: Path | None = None  # where it was put away
    expected: bool = False  # another run is at work on it, and gets on: no news to anybody


async def run_all(
    sheets: Sequence[T],
    run: Callable[[T], Awaitable[Result]],
    signals: Signals,
    *,
    at_once: int,
) -> list[Result]:
    """Run each sheet; those that a signal kept from being begun are missing in what is given.

    Raises:
        Exception: what ``run`` raised for one sheet, after all others came to their end.
    """
    free = asyncio.Semaphore(at_once)

    async def one(sheet: T) -> Result | None:
        with signals.cancelling():
            try:
                async with free:
                    return await run(sheet)
            except asyncio.CancelledError:
                if signals.code is None:
                    raise
                return None

    done = await asyncio.gather(*map(one, sheets), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return [result for result in done if isinstance(result, Result)]


def all_states(results: Sequence[Result]) -> dict[str, int]:
    """Rows of all sheets by their state."""
    states: dict[str, int] = {}
    for result in results:
        for state, number in result.ending.totals.states.items() if result.ending else ():
            states[state] = states.get(state, 0) + number
    return states


def all_cost(results: Sequence[Result]) -> int:
    """Micro-dollars spent on all sheets, all their runs together."""
    return sum(result.ending.totals.cost for result in results if result.ending)
