"""``batch-runner serve`` as a process: its port, its end, and runs that outlive it."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process
from tests.web.house import Visitor

Start = Callable[..., Process]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _come_in(process: Process) -> Visitor:
    """Use the link that it prints."""
    assert process.stdout is not None
    found = re.search(r"http://([\d.:]+)/#enter=(\S+)", process.stdout.readline())
    assert found is not None
    visitor = Visitor(found[1])
    return visitor.came_in(visitor.ask("/enter", {"token": found[2]}))


def _events(visitor: Visitor) -> Iterator[str]:
    """What a page is told, line by line, until the server ends."""
    host, _, port = visitor.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(
            f"GET {visitor.path}events HTTP/1.1\r\nHost: {visitor.host}\r\n"
            f"Cookie: {visitor.cookie}\r\n\r\n".encode()
        )
        with line.makefile("r", encoding="utf-8") as lines:
            yield from lines


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C goes to a whole console there")
def test_ctrl_c_leaves_in_order_and_a_run_goes_on(
    sandbox: Callable[..., Any],
    start: Start,
    make_sheet: Callable[..., Path],
    states: Callable[[Path], Mapping[str, int]],
    run: Run,
) -> None:
    """The page's line ends, the exit code says why; what was started is paid once and ends well."""
    box, sheet = sandbox("--seconds", "4"), make_sheet("campaign.csv", 2)
    process = start("serve", sheet.parent, "--no-open", "--base-url", box.origin)
    visitor = _come_in(process)
    events = _events(visitor)
    mark = next(m[1] for m in (re.search(r'"id":"(\w+)"', text) for text in events) if m)
    assert visitor.private(f"sheets/{mark}/start", {}).status == 200
    next(text for text in events if '"event":"accepted"' in text)
    process.send_signal(signal.SIGINT)
    assert "HTTP" not in "".join(events)  # it ends, and with no error
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "1 of its runs goes on" in out
    assert err == ""
    while states(sheet).get("running"):
        run("status", sheet, "--watch", "--every", "0.2s")
    assert states(sheet) == {"succeeded": 2}
    assert sorted(box.times_accepted().values()) == [1, 1]


def test_a_taken_port_is_told_or_gone_past(start: Start, run: Run, tmp_path: Path) -> None:
    """A port that was asked for and is taken: exit 2 in plain words."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", tmp_path, "--no-open", "--port", port)
    assert done.returncode == 2
    assert f"the port {port} is taken by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_dashboards_find_a_port_each(start: Start, tmp_path: Path) -> None:
    """Without a port of its own the second takes the next; each knows only its own visitors."""
    one, other = (_come_in(start("serve", tmp_path, "--no-open")) for _ in range(2))
    assert one.host != other.host
    assert one.private("finish", {}).status == 200
    assert other.private("home").status == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "a password has 12 characters at least"),
        (("nowhere.csv",), "There is no such file"),
        (("--host", "203.0.113.7"), "it cannot listen at 203.0.113.7"),
    ],
)
def test_what_cannot_be_served_is_told(
    run: Run, environment: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    """Others only with a real password, and only what is there."""
    secret = "long enough for it" if "203.0.113.7" in arguments else "short"
    environment["BATCH_RUNNER_SERVE_PASSWORD"] = secret
    done = run("serve", *arguments, "--no-open")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert secret not in done.stdout + done.stderr
