"""The process behind ``schedule``: one for each batch file, ended and told of news by signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from batch_runner.app.clock import now
from batch_runner.app.run.child import Child
from batch_runner.app.run.control import on_signal
from batch_runner.app.run.outcome import DONE, SIGINT, SIGTERM
from batch_runner.app.timetable.schedule import Memory, Schedule, read_plan
from batch_runner.core.errors import LockedError
from batch_runner.core.language import phrase
from batch_runner.ledger.lock import hold, holder_of
from batch_runner.settings.find import user_data_dir

_CODES = {signal.SIGINT: SIGINT, signal.SIGTERM: SIGTERM}


async def keep_schedule(
    file: Path, options: Sequence[str], environ: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Run a batch file at its times until a signal ends it; gives the exit code.

    Args:
        file: the batch file, resolved.
        options: those of ``run``.
        environ: the environment.
        say: told what is done and what comes next.

    Raises:
        ConfigError: the file is unusable or has no schedule.
        LockedError: another process keeps this schedule.
    """
    memory = Memory(user_data_dir(environ), file)
    child = Child(("run", str(file), *options))
    schedule = Schedule(lambda: read_plan(file), memory, child.run, now=now, say=say)
    code = DONE

    def ends(number: signal.Signals) -> None:
        nonlocal code
        code = _CODES[number]
        schedule.stop()
        child.end()  # the run takes a second one as its second one, and leaves at once

    loop = asyncio.get_running_loop()
    with _alone(memory.folder), contextlib.ExitStack() as stack:
        for number in _CODES:
            stack.callback(on_signal(loop, number, ends))
        if sys.platform != "win32":
            stack.callback(on_signal(loop, signal.SIGHUP, lambda _: schedule.reload()))
        await schedule.work()
    return code


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        with hold(folder, host=socket.gethostname(), pid=os.getpid(), at=now()):
            yield
    except LockedError as error:
        raise LockedError(
            phrase("another process keeps this schedule ({holder}).", holder=holder_of(folder)),
            code=error.code,
            where=str(folder),
            hint=phrase("One is enough; stop it to start another."),
        ) from error
