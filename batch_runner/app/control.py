"""Signals: the first asks a run to leave in order, the second ends it at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

from batch_runner.app.outcome import SIGINT, SIGTERM
from batch_runner.scheduler.halt import Halt, StopReason

_CODES = {signal.SIGINT: SIGINT, signal.SIGTERM: SIGTERM}


@contextlib.contextmanager
def stopped_by_signals(halt: Halt, say: Callable[[str], None]) -> Iterator[None]:
    """Within this block SIGINT and SIGTERM end the run as promised."""
    loop = asyncio.get_running_loop()
    seen: list[signal.Signals] = []

    def received(number: signal.Signals) -> None:
        if seen:
            # What was accepted is in the ledger; nothing that could be lost is in memory.
            os._exit(_CODES[number])
        seen.append(number)
        name = number.name.lower()
        say(
            "Stopping: nothing more is sent; answers on their way are waited for (10 s at most). "
            "Once more ends it at once."
        )
        halt.leave(StopReason(code=name, message="it was interrupted."))

    before = [_install(loop, number, received) for number in _CODES]
    try:
        yield
    finally:
        for restore in before:
            restore()


@contextlib.contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Within this block Ctrl-C ends a wait for somebody's answer; asyncio would only note it."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def _install(
    loop: asyncio.AbstractEventLoop,
    number: signal.Signals,
    received: Callable[[signal.Signals], None],
) -> Callable[[], None]:
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
