"""The points at which a run may be ended: heard by an audit hook, named so that they compare.

Product modules tell their steps by ``sys.audit("batch_runner.<area>.<step>", ...)``; Python itself
tells of each file that is opened, renamed or removed, and of each database that is opened. This
module imports nothing of the package: it listens.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OURS = "batch_runner."
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
RANDOM = (
    (re.compile(r"\.[a-z0-9_]{8}\.tmp$"), r".*.tmp"),  # temporary files
    (re.compile(r"^[0-9a-f]{16}(\.notes)?\.part$"), r"*\1.part"),  # parts are named by task
    (re.compile(r"^\d+_[0-9a-f]{8}"), "*"),  # videos are named by row and job
    (re.compile(r"^(lease|sent)-[0-9a-f]{16}|^[0-9a-f]{32}$"), r"\1*"),  # computers and campaigns
)
SLOW = ("ledger.commit(", "reporter.synced", "provider.synced")
KILLED = 137  # as a shell says it of SIGKILL


@dataclass(frozen=True)
class Stop:
    """Where to end: at a point by its name and occurrence, or at the n-th point of all."""

    point: str | None = None
    times: int = 1  # which occurrence of it
    number: int | None = None
    signal: int | None = None  # what it is to be sent there from outside; None: it just ends
    slow_disk: float = 0.0  # seconds that every write to the disk takes longer

    @property
    def nowhere(self) -> bool:
        """Whether nothing ends it."""
        return self.point is None and self.number is None


class Watch:
    """An audit hook that writes down every point, and stops at one of them."""

    def __init__(self, folder: str, told: int, tell: int, stop: Stop | None) -> None:
        self._folder = os.path.realpath(folder)
        self._told = told  # a file descriptor: one line a point
        self._tell = tell  # a file descriptor: a byte when the stop has come
        self._come = False
        self._stop = stop
        self._counts: Counter[str] = Counter()
        self._number = 0
        self._written: list[str] = []  # events of the transaction that is open

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        """Hear of something; most of it is none of ours."""
        names = tuple(self._names(event, args))
        if not names:
            return
        if self._stop is not None and self._stop.slow_disk and names[0].startswith(SLOW):
            time.sleep(self._stop.slow_disk)
        self._number += 1
        self._counts.update(names)
        os.write(self._told, (" ".join(names) + "\n").encode())
        if self._is_the_one(names):
            self._end()

    def _names(self, event: str, args: tuple[object, ...]) -> Iterator[str]:
        if event.startswith(OURS):
            yield from self._of_ours(event.removeprefix(OURS), args)
        elif event in {"open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect"}:
            yield from self._of_a_file(event, args)

    def _of_ours(self, step: str, args: tuple[object, ...]) -> Iterator[str]:
        if step in {"ledger.commit", "ledger.committed"}:
            # A group commit holds several events; it is the commit of each of them.
            yield from (f"{step}({event})" for event in dict.fromkeys(self._written or [""]))
            if step == "ledger.committed":
                self._written.clear()
            return
        if step == "ledger.event":
            self._written.append(str(args[0]))
        yield f"{step}({args[0]})" if args else step

    def _of_a_file(self, event: str, args: tuple[object, ...]) -> Iterator[str]:
        path = args[1] if event == "os.rename" else args[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file descriptor
        if event == "open" and not (isinstance(args[2], int) and args[2] & WRITING):
            return
        text = os.fsdecode(path).removeprefix("file://").partition("?")[0]
        if os.path.realpath(text).startswith(self._folder):
            yield f"{event}({_plain(Path(text).name)})"

    def _is_the_one(self, names: tuple[str, ...]) -> bool:
        stop = self._stop
        if stop is None or self._come:
            return False
        if stop.number is not None:
            return self._number >= stop.number
        return stop.point in names and self._counts[stop.point or ""] >= stop.times

    def _end(self) -> None:
        self._come = True
        number = self._stop.signal if self._stop is not None else None
        if number is None:
            os._exit(KILLED)
        os.write(self._tell, b"!")
        while number == signal.SIGKILL:  # waits for it; other threads go on, as they would
            time.sleep(3600)


def _plain(name: str) -> str:
    for pattern, text in RANDOM:
        name = pattern.sub(text, name)
    return name.replace(" ", "_")


def ended_how(status: int) -> int:
    """What ``waitpid`` says as one number: the exit code, or minus the signal."""
    code = os.waitstatus_to_exitcode(status)
    return -signal.SIGKILL if code == KILLED else code
