"""One run in a process of its own: nothing of it outlives it, and the newest program is used."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence


class Child:
    """Starts a command of this program, and passes on what ends it in order."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        """``environ``: the environment of the command; ``None``: this process's own."""
        self._command = (sys.executable, "-m", "batch_runner", *words)
        self._environ = environ
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> int:
        """To its end; gives the exit code, 128 and the signal's number if one killed it."""
        # Out of reach of a terminal's Ctrl-C: it would come twice, and the second ends at once.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.DEVNULL,
            env=self._environ,
            start_new_session=sys.platform != "win32",
        )
        try:
            code = await self._process.wait()
        finally:
            self._process = None
        return code if code >= 0 else 128 - code

    def end(self) -> None:
        """Ask the run that is on, if any, to leave in order."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
