"""A command of the user's own: JSON on its standard input, never a shell, never the API key."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping

from batch_runner.app.notify.news import News
from batch_runner.app.notify.tries import FailedError
from batch_runner.settings.notify import NOTIFY_VARIABLE, Program

KEPT_FROM_IT = frozenset({"APIMART_API_KEY", NOTIFY_VARIABLE})
"""Variables that hold secrets which are none of its business."""


async def run(target: Program, news: News, environ: Mapping[str, str] = os.environ) -> None:
    """Run it once and wait for its end; cancelled, it is killed with all it started.

    Raises:
        FailedError: it could not be started, or did not end with 0.
    """
    program = shutil.which(target.words[0])
    if program is None:
        raise FailedError("there is no such program", again=False)
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *target.words[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in environ.items() if name not in KEPT_FROM_IT},
            start_new_session=True,  # Ctrl-C is for the run; and it can be killed as a whole
        )
    except (OSError, ValueError) as error:
        raise FailedError(f"it cannot be started ({error})", again=False) from None
    try:
        await process.communicate(json.dumps(news.document()).encode() + b"\n")
    except asyncio.CancelledError:
        _kill(process)
        await process.wait()
        raise
    if process.returncode:
        raise FailedError(f"it ended with {process.returncode}", again=False)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
