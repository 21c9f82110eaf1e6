"""Keep a laptop from falling asleep while a run is on. Its failure never matters."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001


def command(platform: str, pid: int) -> list[str] | None:
    """The helper that keeps this system awake as long as the process ``pid`` lives."""
    if platform == "darwin":
        return ["caffeinate", "-i", "-w", str(pid)]
    if platform.startswith("linux"):
        return [
            "systemd-inhibit",
            "--what=sleep:idle",
            "--who=batch-runner",
            "--why=videos are being made",
            "tail",
            f"--pid={pid}",
            "-f",
            os.devnull,
        ]
    return None


@contextlib.contextmanager
def kept_awake(*, wanted: bool) -> Iterator[None]:
    """Within this block the machine stays awake, if the system lets us ask for it."""
    if not wanted:
        yield
        return
    if sys.platform == "win32":
        import ctypes

        state = ctypes.windll.kernel32.SetThreadExecutionState
        state(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)
        try:
            yield
        finally:
            state(_ES_CONTINUOUS)
        return
    helper = _start(command(sys.platform, os.getpid()))
    try:
        yield
    finally:
        if helper is not None:
            helper.terminate()
            helper.wait()


def _start(words: list[str] | None) -> subprocess.Popen[bytes] | None:
    if words is None or shutil.which(words[0]) is None:
        return None
    try:
        return subprocess.Popen(  # noqa: S603 - fixed words
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None  # asking is a courtesy: the run goes on without it
