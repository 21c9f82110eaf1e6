"""Commands in forks of a process that has everything loaded, which begin at once.

Each is a process of its own all the same: with its own streams, environment and folder, sent
signals and killed as any other. Only Python's start and the imports are not done again for each;
that a command starts from nothing is what ``test_surroundings.py`` and ``test_terminal.py`` show.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self, TextIO, cast

LOADED = [  # nothing that looks at the environment when it is imported
    "batch_runner.app.run.run",
    "batch_runner.cli.ctl",
    "batch_runner.cli.main",
    "batch_runner.cli.run",
    "batch_runner.cli.sandbox",
    "batch_runner.cli.status",
    "batch_runner.cli.sheets",
    "batch_runner.loader.csv_file",
    "batch_runner.reporter.xlsx_file",
    "batch_runner.sandbox.server",
]
CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()


class Child:
    """A command at work; what is used of ``subprocess.Popen[str]``, with three pipes."""

    def __init__(
        self, words: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: int
    ) -> None:
        context: Any = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(LOADED)
        (theirs, feed), *read = (context.Pipe(duplex=False) for _ in range(3))
        streams = [theirs, *(written for _, written in read)]
        self.args = words
        self._process = context.Process(target=_become, args=(words, dict(env), cwd, streams))
        self._process.start()
        self.pid: int = self._process.pid
        self.stdin, self.stdout, self.stderr = map(_file, (feed, *(one for one, _ in read)))
        for one in streams:
            one.close()
        if stdin == subprocess.DEVNULL:
            self.stdin.close()

    @property
    def returncode(self) -> int | None:
        """Its exit code, or minus the signal that ended it; ``None``: it is at work."""
        return self._process.exitcode  # type: ignore[no-any-return]

    def poll(self) -> int | None:
        """As :attr:`returncode`."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it says until its end."""
        said: dict[str, str] = {}

        def read(name: str, stream: TextIO) -> None:
            said[name] = stream.read()

        pipes = {"out": self.stdout, "err": self.stderr}
        readers = [threading.Thread(target=read, args=pipe, daemon=True) for pipe in pipes.items()]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
        if len(said) < len(pipes):
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        self.wait(timeout)
        return said["out"], said["err"]

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        self._process.join()
        self._process.close()


Process = subprocess.Popen[str] | Child
"""A command at work."""


def _file(end: Connection) -> TextIO:
    """One end of a pipe, as text."""
    with end:
        number = os.dup(end.fileno())
        return cast("TextIO", os.fdopen(number, "w" if end.writable else "r", encoding="utf-8"))


def _become(
    words: Sequence[str], env: Mapping[str, str], cwd: Path, streams: Sequence[Connection]
) -> None:
    """In the fork: be ``batch-runner`` with these words."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w")),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["batch-runner", *words]
    from batch_runner.__main__ import main

    main()
