"""``status --watch`` beside a real run: until it ends, on a terminal and off one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process

SUBMIT = "POST /v1/videos/generations 200"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., Process]
pytestmark = pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")


def test_off_a_terminal_it_is_a_line_each_time_until_the_run_ends(
    sandbox: Callable[..., Any], start: Start, run: Run, make_sheet: Callable[..., Path]
) -> None:
    """What the ledger knows and what the run says of itself; then its exit code, and 0."""
    box, sheet = sandbox("--seconds", "8"), make_sheet("campaign.csv", 2)
    process = start("run", sheet, "--base-url", box.origin)
    box.after(SUBMIT, 2, process)
    watched = run("status", sheet, "--watch", "--every", "0.2s")
    assert process.wait(60) == 0
    assert watched.returncode == 0, watched.stderr
    first, *_, last = watched.stdout.splitlines()
    assert "campaign.csv: 2 running; " in first
    assert "sent 2, being made 2" in first
    assert "2 succeeded" in last
    assert "The last run ended with exit 0" in last
    assert "\x1b" not in watched.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX")
def test_on_a_terminal_it_is_drawn_in_place_and_ctrl_c_ends_only_the_watching(
    sandbox: Callable[..., Any],
    start: Start,
    make_sheet: Callable[..., Path],
    environment: dict[str, str],
    cleanup: ExitStack,
    tmp_path: Path,
) -> None:
    """The picture again and again in the same place; the run does not notice."""
    import pexpect  # type: ignore[import-untyped]  # as in test_terminal

    box, sheet = sandbox("--seconds", "60"), make_sheet("campaign.csv", 2)
    process = start("run", sheet, "--base-url", box.origin)
    box.after(SUBMIT, 2, process)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "batch_runner", "status", str(sheet), "--watch", "--every", "0.2s"],
        cwd=str(tmp_path),
        env={**environment, "TERM": "xterm"},  # type: ignore[arg-type,unused-ignore]
        encoding="utf-8",
        dimensions=(24, 80),
        timeout=30,
        # Started in a shell's background, this process ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    cleanup.callback(child.close, force=True)
    child.expect(r"◐ 2 running")
    child.expect("In flight 2 of")
    child.expect("accepted")
    child.expect(r"\x1b\[1A")  # back to where it began
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert process.poll() is None


def test_a_sheet_at_rest_is_told_once(
    sandbox: Callable[..., Any], run: Run, make_sheet: Callable[..., Path]
) -> None:
    """There is nothing to wait for."""
    box, sheet = sandbox("--seconds", "0.1"), make_sheet("campaign.csv", 1)
    assert run("run", sheet, "--base-url", box.origin).returncode == 0
    watched = run("status", sheet, "--watch")
    assert watched.returncode == 0
    assert len(watched.stdout.splitlines()) == 1
