"""Ctrl-C and SIGTERM: the first one ends a run in order, the second at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals are sent the POSIX way; Windows has none to send"
)

SUBMIT = "POST /v1/videos/generations 200"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., Process]
States = Callable[[Path], Mapping[str, int]]


def stopped(process: Process, sent: signal.Signals) -> str:
    """Send a signal and wait until it says that it heard; the line it said."""
    process.send_signal(sent)
    assert process.stderr is not None
    return next(line for line in process.stderr if line.startswith("Stopping"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("sent", "code"), SIGNALS)
def test_first_signal_saves_all_and_the_next_run_goes_on(
    kind: str,
    sent: signal.Signals,
    code: int,
    sandbox: Callable[..., Any],
    start: Start,
    run: Run,
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
    left_behind: Callable[[Path], list[Path]],
) -> None:
    """130 or 143, what is being made stands in the sheet; run again, all is fetched, none paid twice."""
    box = sandbox("--seconds", "2")
    sheet = make_sheet(f"campaign.{kind}", 6)
    command = ("run", sheet, "--base-url", box.origin)
    process = start(*command, "--concurrency", "3")
    box.after(SUBMIT, 3, process)
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Stopping" in err
    assert "3 videos are paid and still being made" in out
    assert f"Next: batch-runner run sheets/campaign.{kind}" in out
    shown = read_sheet(sheet)
    assert [row["status"] for row in shown] == ["running"] * 3 + ["queued"] * 3
    assert [row["task_id"] for row in shown[:3]] == [task["task_id"] for task in box.accepted()]

    last = run(*command)
    assert last.returncode == 0, last.stderr
    assert {row["status"] for row in read_sheet(sheet)} == {"succeeded"}
    assert sorted(box.times_accepted().values()) == [1] * 6
    assert left_behind(sheet.parent) == []


@pytest.mark.parametrize(("sent", "code"), SIGNALS)
def test_answers_on_their_way_are_waited_for(
    sent: signal.Signals,
    code: int,
    sandbox: Callable[..., Any],
    start: Start,
    make_sheet: Callable[..., Path],
    states: States,
) -> None:
    """A signal between a POST and its late answer: the task's id is kept, nothing is unknown."""
    box = sandbox("--seconds", "60", "--fault", "slow=2")
    sheet = make_sheet("campaign.csv", 4)
    process = start("run", sheet, "--base-url", box.origin, "--concurrency", "4")
    box.after_accepted(4, process)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert states(sheet) == {"running": 4}


@pytest.mark.parametrize(("sent", "code"), SIGNALS)
def test_second_signal_leaves_at_once_and_is_still_safe(
    sent: signal.Signals,
    code: int,
    sandbox: Callable[..., Any],
    start: Start,
    run: Run,
    make_sheet: Callable[..., Path],
    states: States,
) -> None:
    """It does not wait for answers or write anything more; what is unclear is never sent again."""
    box = sandbox("--seconds", "0.2", "--fault", "slow=60")
    sheet = make_sheet("campaign.csv", 3)
    command = ("run", sheet, "--base-url", box.origin)
    process = start(*command, "--concurrency", "3")
    box.after_accepted(3, process)
    assert "Once more ends it at once" in stopped(process, sent)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Left at once" in err
    assert "was cut off" in run("status", sheet).stdout

    last = run(*command)
    assert last.returncode == 1
    assert states(sheet) == {"unknown": 3}
    assert "batch-runner resolve" in last.stdout
    assert len(box.accepted()) == 3


def test_a_signal_stops_sheets_that_run_together(
    sandbox: Callable[..., Any],
    start: Start,
    run: Run,
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
) -> None:
    """One Ctrl-C ends both in order, their tasks in the sheets; run again, none is paid twice."""
    box = sandbox("--seconds", "2")
    sheets = make_sheet("first.csv", 2), make_sheet("second.csv", 2)
    sheets[1].write_text(
        sheets[0].read_text(encoding="utf-8").replace("cat", "dog"), encoding="utf-8"
    )
    process = start("run", *sheets, "--base-url", box.origin)
    box.after(SUBMIT, 4, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.count("Stopping") == 1
    assert {row["status"] for sheet in sheets for row in read_sheet(sheet)} == {"running"}
    assert run("run", *sheets, "--base-url", box.origin).returncode == 0
    assert sorted(box.times_accepted().values()) == [1] * 4


def test_a_signal_stops_all_sheets(
    sandbox: Callable[..., Any], start: Start, make_sheet: Callable[..., Path]
) -> None:
    """Whoever stops a run over several sheets stops all of them: the second is not begun."""
    box = sandbox("--seconds", "60")
    first, second = make_sheet("first.csv", 2), make_sheet("second.csv", 2)
    second.write_text(first.read_text(encoding="utf-8").replace("cat", "dog"), encoding="utf-8")
    process = start("run", first, second, "--base-url", box.origin, "--at-once", "1")
    box.after(SUBMIT, 2, process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(box.accepted()) == 2
    assert not Path(f"{second}.batch").exists()
