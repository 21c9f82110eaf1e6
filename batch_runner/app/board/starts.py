"""Runs that a board starts: each a process of its own, which outlives the board."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

MOST_TOLD = 4000  # characters of what a run says that are kept

_APART = (
    {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    if sys.platform == "win32"
    else {"start_new_session": True}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended that was started here."""

    code: int
    said: str  # what it said of troubles; empty if all went well


class Starts:
    """The runs started here that are not over, and how the last one of each sheet ended."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._on: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}
        self._ended: dict[str, Ended] = {}

    def start(self, mark: str, words: Sequence[str]) -> None:
        """Start a command for the sheet of an id; what it says goes into a file without a name.

        It hears no Ctrl-C of this process's terminal, and goes on when this process ends.
        """
        self._ended.pop(mark, None)
        told = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open as long as the run is on
        process = subprocess.Popen(  # noqa: S603 - this program, with words of our own
            (sys.executable, "-m", "batch_runner", *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            env=self._environ | {"PYTHONUTF8": "1"},
            **_APART,
        )
        self._on[mark] = process, told

    def is_on(self, mark: str) -> bool:
        """Whether what was started for a sheet is still on."""
        self._reap()
        return mark in self._on

    def ended(self, mark: str) -> Ended | None:
        """How the last run ended that was started here."""
        self._reap()
        return self._ended.get(mark)

    @property
    def on(self) -> int:
        """How many are on."""
        self._reap()
        return len(self._on)

    def _reap(self) -> None:
        for mark, (process, told) in list(self._on.items()):
            code = process.poll()
            if code is None:
                continue
            size = told.seek(0, os.SEEK_END)
            told.seek(max(0, size - MOST_TOLD))
            said = told.read().decode("utf-8", "replace").strip()
            told.close()
            del self._on[mark]
            self._ended[mark] = Ended(code=code if code >= 0 else 128 - code, said=said)
