"""A warm process that forks one run of the program for each line it is given.

``python -m tests.crash.child``: reads requests as JSON lines from standard input and answers
``{"code": n}`` when the run has ended, minus the signal if one ended it. A fork of a process that has everything loaded begins to work at once, so thousands of runs are in
reach; each is a process of its own all the same, killed as any other.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from typing import Any

from tests.crash.points import Stop, Watch, ended_how

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
    "batch_runner.app.run",
    "batch_runner.app.status",
    "batch_runner.cli.console",
    "batch_runner.cli.resolve",
    "batch_runner.cli.run",
    "batch_runner.cli.status",
    "batch_runner.reporter.xlsx_file",
)


def main() -> None:
    """Serve until standard input ends."""
    for module in WARM:
        importlib.import_module(module)
    assert threading.active_count() == 1, "a fork takes only one thread along"
    for line in sys.stdin:
        request = json.loads(line)
        come, tell = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(come)
            _run(request, tell)
        os.close(tell)
        if os.read(come, 1):  # it has come to its stop; nothing, if it ended before
            os.kill(pid, request["stop"]["signal"])
        os.close(come)
        _answer(code=ended_how(os.waitpid(pid, 0)[1]))


def _answer(**words: int) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _run(request: dict[str, Any], tell: int) -> None:
    """In the fork: become the command, with files for its output; never returns."""
    code = 70  # a bug
    try:
        os.chdir(request["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        stop = None if request["stop"] is None else Stop(**request["stop"])
        told = os.open(request["points"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        sys.addaudithook(Watch(request["folder"], told, tell, stop))
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


if __name__ == "__main__":
    main()
