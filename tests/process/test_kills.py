"""Power cuts: the run is killed at any moment, again and again, and then goes on."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process

KILLS = int(os.environ.get("BATCH_RUNNER_KILLS", "2"))  # in each of the four cases
SEED = os.environ.get("BATCH_RUNNER_SEED", "1")
ROWS = 8
FAULTS = ("--fault", "429=0.4", "--fault", "cut-download=0.4", "--fault", "502-after-accept=0.3")


def kill_at_random(process: Process, box: Any, dice: random.Random) -> bool:
    """Kill it after some requests and a moment; false: it came to its end before."""
    moment = box.requests + dice.randint(1, 3 * ROWS)
    while box.requests < moment and process.poll() is None:
        box.next_request(0.05)
    with suppress(subprocess.TimeoutExpired):
        process.wait(dice.uniform(0, 0.15))
    process.kill()
    process.communicate()
    return process.wait() < 0


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["calm", "faults"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.timeout(300)
def test_killed_at_any_moment_it_pays_once_and_loses_nothing(
    kind: str,
    faults: tuple[str, ...],
    sandbox: Callable[..., Any],
    start: Callable[..., Process],
    run: Callable[..., subprocess.CompletedProcess[str]],
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
    left_behind: Callable[[Path], list[Path]],
    states: Callable[[Path], Mapping[str, int]],
    is_video: Callable[[Path], bool],
) -> None:
    """After each kill -9 the sheet is whole; at the end each row is paid once, and linked or unknown."""
    dice = random.Random(f"{SEED} {kind} {faults}")
    box = sandbox("--seconds", "0.2-0.8", *faults)
    sheet = make_sheet(f"campaign.{kind}", ROWS)
    before = read_sheet(sheet)
    command = ("run", sheet, "--base-url", box.origin, "--save-every", "1")

    for _ in range(KILLS):
        killed = kill_at_random(start(*command), box, dice)
        now = read_sheet(sheet)
        assert [{name: row[name] for name in before[0]} for row in now] == before
        if not killed:
            break

    last = run(*command)
    rows, accepted = read_sheet(sheet), box.accepted()
    assert max(box.times_accepted().values()) == 1
    by_status = {status: [r for r in rows if r["status"] == status] for status in states(sheet)}
    assert by_status.keys() <= {"succeeded", "unknown"}, last.stdout + last.stderr
    unknown = {row["prompt"] for row in by_status.get("unknown", ())}
    linked = {row["task_id"]: row["prompt"] for row in by_status.get("succeeded", ())}
    assert len(linked) + len(unknown) == ROWS
    for task in accepted:
        prompt = task["body"]["prompt"]
        assert linked.get(task["task_id"]) == prompt or prompt in unknown
    assert last.returncode == (1 if unknown else 0), last.stdout + last.stderr
    assert all(is_video(sheet.parent / r["video_file"]) for r in by_status["succeeded"])
    assert left_behind(sheet.parent) == []
