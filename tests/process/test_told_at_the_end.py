"""Notifications of real processes that are interrupted: told after a stop, and cut short by one."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals are sent the POSIX way; Windows has none to send"
)

SUBMIT = "POST /v1/videos/generations 200"
Start = Callable[..., Process]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_told(
    sent: signal.Signals,
    code: int,
    sandbox: Callable[..., Any],
    start: Start,
    make_sheet: Callable[..., Path],
    environment: dict[str, str],
    cleanup: ExitStack,
) -> None:
    """Whoever is not there hears that it was stopped, what is paid, and how to go on."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    cleanup.callback(server.server_close)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    cleanup.callback(thread.join)
    cleanup.callback(server.shutdown)
    environment["BATCH_RUNNER_NOTIFY"] = f"http://127.0.0.1:{server.server_port}/"
    box, sheet = sandbox("--seconds", "60"), make_sheet("campaign.csv", 3)
    process = start("run", sheet, "--base-url", box.origin)
    box.after(SUBMIT, 3, process)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    (stop,) = told
    assert (stop["event"], stop["exit"], stop["states"]) == ("stop", code, {"running": 3})
    assert "3 videos are paid and still being made" in stop["text"]
    assert stop["next"].startswith("batch-runner run ")


def test_a_signal_during_the_telling_ends_only_that(
    sandbox: Callable[..., Any],
    start: Start,
    make_sheet: Callable[..., Path],
    environment: dict[str, str],
    cleanup: ExitStack,
) -> None:
    """An endpoint that never answers: Ctrl-C ends the waiting, the run stays done with 0."""
    deaf = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))
    deaf.settimeout(60)
    environment["BATCH_RUNNER_NOTIFY"] = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
    box, sheet = sandbox("--seconds", "0.1"), make_sheet("campaign.csv", 1)
    process = start("run", sheet, "--base-url", box.origin, "--quiet")
    line, _ = deaf.accept()
    cleanup.enter_context(line)
    line.settimeout(60)
    assert line.recv(4) == b"POST"  # so it is telling by now
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert err == "Not everybody was told of this run: it was interrupted.\n"
