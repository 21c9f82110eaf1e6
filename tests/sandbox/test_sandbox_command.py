"""``python -m batch_runner.sandbox`` as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from batch_runner.sandbox.__main__ import fault_help
from batch_runner.sandbox.faults import FAULTS

COMMAND = [sys.executable, "-m", "batch_runner.sandbox"]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command at work; killed at the end if it still is."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> dict[str, str]:
    """The first line of standard output."""
    assert process.stdout is not None
    document: dict[str, str] = json.loads(process.stdout.readline())
    return document


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_serves_and_ends_on_a_signal(
    tmp_path: Path, sent: signal.Signals
) -> None:
    """One JSON line first; it answers there; a signal ends it with code 0."""
    with running(
        "--state", str(tmp_path / "s"), "--seconds", "0", "--fault", "429=0.5"
    ) as process:
        document = ready(process)
        assert document.keys() == {"schema", "origin", "state"}
        with urllib.request.urlopen(document["origin"] + "/sandbox/log", timeout=10) as answer:
            assert json.load(answer) == {"schema": 1, "accepted": []}
        process.send_signal(sent)
        assert process.wait(10) == 0
    assert (tmp_path / "s" / "accepted.jsonl").exists()


def test_it_ends_with_its_parent_if_asked(tmp_path: Path) -> None:
    """--with-parent: the end of standard input is its end, so a killed parent leaves no orphan."""
    with running("--state", str(tmp_path), "--with-parent", "--quiet") as process:
        ready(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_requests_are_told_on_standard_error(tmp_path: Path) -> None:
    """Without --quiet each request is one line."""
    with running("--state", str(tmp_path), "--with-parent") as process:
        origin = ready(process)["origin"]
        request = urllib.request.Request(
            origin + "/v1/models", headers={"Authorization": "Bearer k"}
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
        _, told = process.communicate(timeout=10)
        assert told == "GET /v1/models 200\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fault", "stcuk"), "Did you mean 'stuck'?"),
        (("--seconds", "5-2"), "LOW <= HIGH"),
        (("--rate", "0"), "above 0"),
        (("--port", "65536"), "0 to 65535"),
    ],
)
def test_a_wrong_option_is_told_plainly(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Exit 2, the reason, no traceback."""
    command = [*COMMAND, "--state", str(tmp_path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told_plainly(tmp_path: Path) -> None:
    """A port that was asked for is taken or refused, never exchanged for another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*COMMAND, "--state", str(tmp_path), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert f"cannot serve at 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_port_of_last_time_is_left_alone_if_it_is_taken(tmp_path: Path) -> None:
    """Where no port was asked for, a taken one means another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "port").write_text(str(port), encoding="ascii")
        with running("--state", str(tmp_path), "--with-parent") as process:
            origin = ready(process)["origin"]
    assert origin.startswith("http://127.0.0.1:")
    assert not origin.endswith(f":{port}")


def test_the_help_lists_every_fault() -> None:
    """Each name with its sentence, wrapped."""
    text = " ".join(fault_help().split())
    assert all(f"{name} {sentence}" in text for name, sentence in FAULTS.items())
