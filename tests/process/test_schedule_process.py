"""``schedule`` as a process: runs by itself, reads its file again, ends in order."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way")


@pytest.fixture
def nightly(make_sheet: Callable[..., Path], tmp_path: Path) -> Path:
    """A batch file with one sheet, to be run once a year; last year's run was missed."""
    sheet = make_sheet("campaign.csv", 3)
    path = tmp_path / "nightly.yaml"
    path.write_text(
        f"sheets: [{sheet.relative_to(tmp_path)}]\nschedule: {{cron: '0 2 1 1 *'}}\n", "utf-8"
    )
    return path


def _until(process: Process, said: str) -> None:
    assert process.stdout is not None
    assert any(said in line for line in process.stdout), said


def _pretend_a_year_went_by(home: Mapping[str, str]) -> None:
    (note,) = Path(home["BATCH_RUNNER_DATA"]).glob("schedules/*/last.json")
    told = json.loads(note.read_text("utf-8"))
    told["last"] = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    note.write_text(json.dumps(told), "utf-8")


def test_its_whole_life(
    nightly: Path,
    sandbox: Callable[..., Any],
    start: Callable[..., Any],
    run: Callable[..., Any],
    environment: dict[str, str],
    tmp_path: Path,
    states: Callable[[Path], Mapping[str, int]],
) -> None:
    """Waits; a second one is refused; SIGHUP, SIGTERM; what was missed runs; a stop ends the run, too."""
    box = sandbox("--seconds", "2")
    home = {
        **environment,
        "BATCH_RUNNER_DATA": str(tmp_path / "data"),
        "APIMART_BASE_URL": box.origin,
        "PYTHONUNBUFFERED": "1",
    }
    waiting = start("schedule", nightly, env=home)
    _until(waiting, "Next run: ")
    second = run("schedule", nightly, env=home)
    assert (second.returncode, str(waiting.pid) in second.stderr) == (75, True)
    waiting.send_signal(signal.SIGHUP)
    _until(waiting, "read again")
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(30) == 143

    _pretend_a_year_went_by(home)
    stopped = start("schedule", nightly, env=home)
    box.after("POST /v1/videos/generations 200", 3, stopped)
    stopped.send_signal(signal.SIGTERM)
    out, err = stopped.communicate(timeout=30)
    assert stopped.returncode == 143, err
    assert "ended with exit code 143" in out

    again = start("schedule", nightly, "--quiet", env=home)
    _until(again, "ended with exit code 0")
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 130
    assert sorted(box.times_accepted().values()) == [1, 1, 1]
