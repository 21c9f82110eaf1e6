"""Live control between real processes: one runs, another one tells it what to do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_runner.app.ctl.ask import ask
from batch_runner.app.ctl.orders import parse_words
from tests.process.warm import Process

SUBMIT = "POST /v1/videos/generations 200"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., Process]
States = Callable[[Path], Mapping[str, int]]


def told(sheet: Path, words: str) -> dict[str, Any]:
    """What a run answers to an order, asked from here: a process takes long to start."""
    answer = ask(sheet.with_name(f"{sheet.name}.batch"), parse_words(words.split()))
    assert answer is not None
    return answer


def test_a_run_is_paused_changed_and_resumed(
    sandbox: Callable[..., Any],
    start: Start,
    run: Run,
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
) -> None:
    """Paused it sends nothing and stays; a withdrawn row is skipped, the rest is sent after it."""
    box = sandbox("--seconds", "1")
    sheet = make_sheet("campaign.csv", 12)
    command = ("run", sheet, "--base-url", box.origin)
    process = start(*command, "--concurrency", "1")
    box.after(SUBMIT, 1, process)
    assert run("ctl", sheet, "pause").stdout.startswith("Paused: nothing new is sent until")
    sent = len(box.accepted())
    shown = json.loads(run("ctl", sheet, "--json").stdout)["run"]
    while shown["in_flight"]:
        assert shown["paused"]
        shown = told(sheet, "show")["run"]
    assert process.poll() is None
    assert len(box.accepted()) == sent < 12

    withdrawn = run("ctl", sheet, "cancel", "13")
    assert withdrawn.returncode == 0
    assert "row 13 is not sent by this run" in withdrawn.stdout.lower()
    assert "nothing to cancel" in told(sheet, "cancel 2")["say"]
    assert "at most 5 at once (given)" in told(sheet, "set concurrency=5")["say"]
    assert run("ctl", sheet, "resume").stdout == "Resumed: rows are sent again.\n"
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "From another shell: paused" in err
    assert "From another shell: resumed" in err
    assert len(box.accepted()) == 11
    last = read_sheet(sheet)[-1]
    assert last["status"] == "skipped"
    assert last["error"].startswith("withdrawn:")

    assert run(*command).returncode == 0
    assert read_sheet(sheet)[-1]["status"] == "succeeded"
    assert sorted(box.times_accepted().values()) == [1] * 12


@pytest.mark.parametrize(
    ("order", "code", "seconds", "left"),
    [
        ("drain", 3, "4", {"succeeded", "queued"}),
        ("stop", 130, "60", {"running", "queued"}),
    ],
)
def test_a_run_is_ended_from_another_shell(
    order: str,
    code: int,
    seconds: str,
    left: set[str],
    sandbox: Callable[..., Any],
    start: Start,
    run: Run,
    make_sheet: Callable[..., Path],
    states: States,
) -> None:
    """``drain`` waits for what is being made, ``stop`` does not; both can be resumed."""
    box = sandbox("--seconds", seconds)
    sheet = make_sheet("campaign.csv", 30)
    process = start("run", sheet, "--base-url", box.origin, "--concurrency", "2")
    box.after(SUBMIT, 2, process)
    ordered = run("ctl", sheet, order)
    assert ordered.returncode == 0
    if order == "drain":  # it is still there, and cannot be talked out of it
        assert told(sheet, "resume")["ok"] is False
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert f"it was told to {'stop' if order == 'stop' else 'send nothing more'}" in out
    assert "Next: batch-runner run sheets/campaign.csv" in out
    assert set(states(sheet)) == left
    assert not (sheet.with_name("campaign.csv.batch") / "control.json").exists()


def test_without_a_run_there_is_nobody_to_tell(
    sandbox: Callable[..., Any], start: Start, run: Run, make_sheet: Callable[..., Path]
) -> None:
    """Before any run, and after one was killed: one sentence and exit 2."""
    sheet = make_sheet("campaign.csv", 2)
    before = run("ctl", sheet, "pause")
    assert (before.returncode, before.stdout) == (2, "")
    assert "no run is at work on this sheet" in before.stderr

    box = sandbox("--seconds", "60")
    process = start("run", sheet, "--base-url", box.origin)
    box.after(SUBMIT, 2, process)
    process.kill()
    process.wait()
    assert (sheet.with_name("campaign.csv.batch") / "control.json").exists()
    after = run("ctl", sheet, "pause")
    assert after.returncode == 2
    assert "no run is at work on this sheet" in after.stderr
