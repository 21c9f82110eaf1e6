"""What goes on beside the work: results into the sheet, a heartbeat, the picture on the screen."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from batch_runner.app.run.forecast import Pulse, finish, first_video
from batch_runner.app.run.listen import Tally
from batch_runner.app.ui import Picture, Ui
from batch_runner.core.language import phrase
from batch_runner.scheduler.halt import Halt, StopReason

BEAT = 30.0  # seconds
SHOW = 0.5  # seconds
REST = 10.0  # a write that took a second is not repeated for ten


class Background:
    """Repeats small things while its block runs; a failure of one ends the run in order.

    What one of them is at when the block ends, it finishes: a write into the sheet goes on in its
    thread, whatever becomes of the task that waits for it, and the last write must not meet it.
    """

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._loops: list[Callable[[], Awaitable[None]]] = []

    def every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` at this distance; rarer, if it takes long itself."""

        async def repeat() -> None:
            pause = seconds
            while not await self._is_over_in(pause):
                begun = time.monotonic()
                await work()
                pause = max(seconds, REST * (time.monotonic() - begun))

        self._loops.append(repeat)

    async def _is_over_in(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return self._over.is_set()

    async def __aenter__(self) -> Self:
        for loop in self._loops:
            task = asyncio.ensure_future(loop())
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        return self

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._halt.leave(
                StopReason(
                    code="error", message=phrase("the run broke off: {reason}", reason=error)
                )
            )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


@dataclass(frozen=True, slots=True, kw_only=True)
class Outset:
    """How things stood when a run began."""

    total: int  # jobs to bring to an end
    spent: int  # micro-dollars
    learned: Sequence[float]  # seconds that earlier tasks took, sorted
    started: datetime


class Screen:
    """Draws the picture of a run from its tally."""

    def __init__(self, ui: Ui, tally: Tally, outset: Outset, now: Callable[[], datetime]) -> None:
        self._ui = ui
        self._tally = tally
        self._outset = outset
        self._now = now

    async def show(self) -> None:
        """Show how it goes."""
        outset = self._outset
        pulse = Pulse(
            started=outset.started,
            now=self._now(),
            total=outset.total,
            ended=self._tally.ended,
            being_made=self._tally.being_made,
        )
        self._ui.show(
            Picture(
                tally=self._tally,
                total=outset.total,
                spent=outset.spent + self._tally.cost,
                first_video=first_video(pulse, outset.learned),
                finish=finish(pulse, outset.learned),
            )
        )
