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


def _install(
    loop: asyncio.AbstractEventLoop,
    number: signal.Signals,
    received: Callable[[signal.Signals], None],
) -> Callable[[], None]:
    if sys.platform == "win32":  # its event loops take no signal handlers
        old = signal.signal(number, lambda *_: loop.call_soon_threadsafe(received, number))
        return lambda: _drop(signal.signal(number, old))
    loop.add_signal_handler(number, received, number)
    return lambda: _drop(loop.remove_signal_handler(number))


def _drop(_value: object) -> None:
    """A restorer gives nothing back."""
