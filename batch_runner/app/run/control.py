"""Signals: the first asks all runs of this process to leave in order, the second ends it at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

from batch_runner.app.run.outcome import SIGINT, SIGTERM
from batch_runner.core.language import phrase
from batch_runner.scheduler.halt import Halt, StopReason

_CODES = {signal.SIGINT: SIGINT, signal.SIGTERM: SIGTERM}


class Signals:
    """SIGINT and SIGTERM as promised, for as long as any run is at work."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            say: told what a signal does.
        """
        self.code: int | None = None  # the exit code of the signal that came
        self._say = say
        self._reason: StopReason | None = None
        self._halts: list[Halt] = []
        self._installed = contextlib.ExitStack()
        self._not_begun: set[asyncio.Task[object]] = set()

    @contextlib.contextmanager
    def ending(self, halt: Halt) -> Iterator[None]:
        """Within this block a signal ends this run; one that came before already did."""
        if not self._halts:
            self._listen()
        self._halts.append(halt)
        self._not_begun.discard(_this_task())
        try:
            if self._reason is not None:
                halt.leave(self._reason)
            yield
        finally:
            self._halts.remove(halt)
            if not self._halts:
                self._installed.close()

    @contextlib.contextmanager
    def cancelling(self) -> Iterator[None]:
        """Within this block, until it is a run at work, a signal to another cancels this task."""
        task = _this_task()
        self._not_begun.add(task)
        try:
            yield
        finally:
            self._not_begun.discard(task)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _CODES:
            self._installed.callback(on_signal(loop, number, self._received))

    def _received(self, number: signal.Signals) -> None:
        if self._reason is not None:
            # What was accepted is in the ledger; nothing that could be lost is in memory.
            self._say(
                phrase(
                    "Left at once: a row whose answer was on its way becomes unknown. Run again to go on."
                )
            )
            os._exit(_CODES[number])
        self.code = _CODES[number]
        self._reason = StopReason(code=number.name.lower(), message=phrase("it was interrupted."))
        self._say(
            phrase(
                "Stopping: nothing more is sent; answers on their way are waited for (10 s at most). Once more ends it at once."
            )
        )
        for halt in self._halts:
            halt.leave(self._reason)
        for task in self._not_begun:
            task.cancel()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task


@contextlib.contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Within this block Ctrl-C ends a wait for somebody's answer; asyncio would only note it."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


@contextlib.contextmanager
def ended_by_signals(end: Callable[[], object]) -> Iterator[None]:
    """Within this block a signal does just this; what was run is over and stays as it is."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        for number in _CODES:
            stack.callback(on_signal(loop, number, lambda _number: _drop(end())))
        yield


def on_signal(
    loop: asyncio.AbstractEventLoop,
    number: signal.Signals,
    received: Callable[[signal.Signals], None],
) -> Callable[[], None]:
    """Have a signal heard by the loop; gives what restores the way it was."""
    if sys.platform == "win32":  # its event loops take no signal handlers
        old = signal.signal(number, lambda *_: loop.call_soon_threadsafe(received, number))
        return lambda: _drop(signal.signal(number, old))
    old = signal.getsignal(number)
    loop.add_signal_handler(number, received, number)

    def restore() -> None:
        loop.remove_signal_handler(number)  # leaves the system's default behind
        signal.signal(number, old)

    return restore


def _drop(_value: object) -> None:
    """A restorer gives nothing back."""
