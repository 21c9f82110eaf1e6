"""Processes of one account on one computer share what it bears, and what they are told."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROUTE = "POST /v1/videos/generations"
Start = Callable[..., Any]
MakeSheet = Callable[..., Path]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed as on POSIX")


def _answers(box: Any) -> Mapping[str, int]:
    with urllib.request.urlopen(f"{box.origin}/sandbox/requests", timeout=10) as answer:
        counts: Mapping[str, int] = json.load(answer)["requests"].get(ROUTE, {})
    return counts


@pytest.fixture
def two(make_sheet: MakeSheet) -> tuple[Path, Path]:
    """Two sheets whose rows are all different."""
    one, other = make_sheet("one.csv", 8), make_sheet("other.csv", 8)
    other.write_text(one.read_text("utf-8").replace("cat", "dog"), "utf-8")
    return one, other


def test_two_processes_keep_to_one_limit(
    sandbox: Callable[..., Any], start: Start, two: tuple[Path, Path]
) -> None:
    """Each told 4 tasks in flight, where 4 is all there is: no 429, both done, none waits for the end."""
    box = sandbox("--seconds", "0.4", "--concurrency", "4")
    options = ("--base-url", box.origin, "--concurrency", "4", "--rate", "100/s", "--no-download")
    processes = [start("run", sheet, *options) for sheet in two]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err
    assert _answers(box) == {"200": 16}
    firsts = [prompt.split()[1] for prompt in (t["body"]["prompt"] for t in box.accepted())]
    assert {"cat", "dog"} <= set(firsts[:10])  # neither had to wait for the other's end


def test_a_killed_process_leaves_its_share(
    sandbox: Callable[..., Any], start: Start, two: tuple[Path, Path]
) -> None:
    """The other goes on with all slots once the dead one's lease is over; nobody stalls."""
    box = sandbox("--seconds", "0.3")
    options = ("--base-url", box.origin, "--concurrency", "2", "--no-download")
    dead = start("run", two[0], *options)
    box.after(f"{ROUTE} 200", 2, dead)
    dead.kill()
    alive = start("run", two[1], *options)
    out, err = alive.communicate(timeout=60)
    assert alive.returncode == 0, out + err
