"""A warm process that forks one run of the program for each line it is given.

``python -m tests.crash.child``: reads requests as JSON lines from standard input and answers
with what it said, and how it ended: ``{"code": n, ...}``, minus the signal if one ended it. A fork of a process that has everything loaded begins to work at once, so thousands of runs are in
reach; each is a process of its own all the same, killed as any other.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import selectors
import signal
import sys
import threading
import traceback
from typing import Any

from tests.crash.points import Stop, Watch, ended_how

CHANNELS = ("out", "err", "points", "come")
WARM = (
    "aiohttp",
    "filelock",
    "keyring",
    "keyring.errors",
    "openpyxl",
    "pandas",
    "platformdirs",
    "python_calamine",
    "batch_runner.app.documents",
    "batch_runner.app.run.run",
    "batch_runner.app.status",
    "batch_runner.cli.console",
    "batch_runner.cli.main",
    "batch_runner.cli.resolve",
    "batch_runner.cli.run",
    "batch_runner.cli.sheets",
    "batch_runner.cli.status",
    "batch_runner.loader.csv_file",
    "batch_runner.reporter.xlsx_file",
)


def main() -> None:
    """Serve until standard input ends."""
    sys.dont_write_bytecode = True  # a run on a full disk would leave half of it
    for module in WARM:
        importlib.import_module(module)
    importlib.import_module("batch_runner.settings.profiles").load_catalogue({})
    assert threading.active_count() == 1, "a fork takes only one thread along"
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


def _fork(request: dict[str, Any]) -> dict[str, object]:
    """One run, from its beginning to its end."""
    pipes = {name: os.pipe() for name in CHANNELS}
    pid = os.fork()
    if not pid:
        _run(request, {name: write for name, (_, write) in pipes.items()})
    for _, write in pipes.values():
        os.close(write)
    told = _listen({read: name for name, (read, _) in pipes.items()}, pid, request["stop"])
    code = ended_how(os.waitpid(pid, 0)[1])
    return {"code": code, **{name: text.decode() for name, text in told.items()}}


def _listen(channels: dict[int, str], pid: int, stop: dict[str, Any] | None) -> dict[str, bytes]:
    """All that a run says, until it has ended; when it is at its stop, it gets its signal."""
    told = dict.fromkeys(channels.values(), b"")
    with selectors.DefaultSelector() as selector:
        for channel in channels:
            selector.register(channel, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                piece = os.read(key.fd, 1 << 16)
                told[channels[key.fd]] += piece
                if not piece:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                elif channels[key.fd] == "come" and stop is not None:
                    os.kill(pid, stop["signal"])
    return told


def _run(request: dict[str, Any], channels: dict[str, int]) -> None:
    """In the fork: become the command; never returns."""
    code = 70  # a bug
    try:
        os.chdir(request["folder"])
        os.environ.update(request["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(channels["out"], 1)
        os.dup2(channels["err"], 2)
        stop = None if request["stop"] is None else Stop(**request["stop"])
        sys.addaudithook(Watch(request["folder"], channels["points"], channels["come"], stop))
        _confine(request["file_size"], ordinary=request["ordinary"])
        from batch_runner.cli.main import cli

        code = cli(request["words"])
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 70
    except BaseException:  # noqa: BLE001 - whatever it is, it is shown, and the fork ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _confine(file_size: int | None, *, ordinary: bool) -> None:
    """Let no file grow beyond a size, as on a full disk; take away what only root may do."""
    if file_size is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    if ordinary and os.geteuid() == 0:
        # Version 3 of the call; no capability is effective or permitted any more.
        header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None).capset(header, nothing) == 0


if __name__ == "__main__":
    main()
