"""``python -m batch_runner.sandbox``: serve until SIGINT or SIGTERM.

The first line of standard output is ``{"schema": 1, "origin": ..., "state": ...}``; each request
is told on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from batch_runner.sandbox.faults import FAULTS, NUMBERS, parse_fault
from batch_runner.sandbox.options import SandboxOptions, parse_seconds

T = TypeVar("T")


def fault_help() -> str:
    """Every fault with its sentence, for a help text."""
    lines = ["faults (--fault NAME or NAME=NUMBER; in a prompt, for its row: [sandbox:NAME]):"]
    for name, sentence in FAULTS.items():
        lines += textwrap.wrap(
            sentence, 98, initial_indent=f"  {name:<18}", subsequent_indent=" " * 20
        )
    lines += textwrap.wrap(NUMBERS, 98, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def _argument(parse: Callable[[str], T]) -> Callable[[str], T]:
    """A parser whose ValueError argparse shows as it is."""

    def convert(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m batch_runner.sandbox",
        description="A local look-alike of the video API: any key is good, nothing is charged.",
        epilog=fault_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_place(parser.add_argument_group("place").add_argument)
    _add_behaviour(parser.add_argument_group("behaviour").add_argument)
    _add_limits(parser.add_argument_group("limits (429 or 402 beyond)").add_argument)
    return parser


def _add_place(add: Callable[..., object]) -> None:
    port = "port (default: the last one of the state, or a free one)"
    state = "where accepted.jsonl is kept (default: a new folder)"
    parent = "end when standard input ends: with its parent"
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    add("--port", type=int, default=0, help=port)
    add("--state", type=Path, metavar="DIR", help=state)
    add("--with-parent", action="store_true", help=parent)
    add("--quiet", action="store_true", help="do not tell each request on standard error")


def _add_behaviour(add: Callable[..., object]) -> None:
    seconds = {"type": _argument(parse_seconds), "default": (2.0, 5.0), "metavar": "LOW-HIGH"}
    fault = {"type": _argument(parse_fault), "action": "append", "default": [], "dest": "faults"}
    several = "a fault, see below; may be given several times"
    variety = "answer in every shape the real service was seen to use"
    size = "how large videos are, in MB (default: a few KB)"
    lifetime = "how long links live (default: 86400)"
    add("--seconds", **seconds, help="how long tasks take (default: 2-5)")
    add("--fault", **fault, metavar="NAME[=NUMBER]", help=several)
    add("--variety", action="store_true", help=variety)
    add("--link-seconds", type=float, default=86_400.0, metavar="N", help=lifetime)
    add("--video-mb", type=float, default=0.0, metavar="N", help=size)
    add("--seed", type=int, default=0, help="of task times, variety and shares of jobs")


def _add_limits(add: Callable[..., object]) -> None:
    burst = "submits at once under --rate (default: 1)"
    balance = "balance at the start (default: 10000)"
    add("--rate", type=float, metavar="N", help="submits a second (default: no limit)")
    add("--burst", type=int, default=1, metavar="N", help=burst)
    add("--concurrency", type=int, metavar="N", help="tasks in flight (default: no limit)")
    add("--balance", type=float, default=10_000.0, metavar="USD", help=balance)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sandbox; the exit code: 0 when stopped, 2 when it cannot start."""
    parser = _parser()
    given = vars(parser.parse_args(argv))
    quiet, with_parent = given.pop("quiet"), given.pop("with_parent")
    given["state"] = given["state"] or Path(tempfile.mkdtemp(prefix="batch-runner-sandbox-"))
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    try:
        options = SandboxOptions(**{**given, "faults": tuple(given["faults"])})
        asyncio.run(_serve(options, with_parent=with_parent))
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        where = f"{given['host']}:{given['port']} with state {given['state']}"
        parser.error(f"cannot serve at {where}: {error}")
    return 0


async def _serve(options: SandboxOptions, *, with_parent: bool) -> None:
    from batch_runner.sandbox.server import Sandbox

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def halt(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, halt)
    if with_parent:
        threading.Thread(target=_await_end_of_input, args=(halt,), daemon=True).start()
    async with Sandbox(options) as box:
        ready = {"schema": 1, "origin": box.origin, "state": str(options.state)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _await_end_of_input(halt: Callable[[], None]) -> None:
    # os.read, as a thread blocked in sys.stdin would disturb the interpreter's end.
    while os.read(0, 4096):
        pass
    halt()


if __name__ == "__main__":
    sys.exit(main())
