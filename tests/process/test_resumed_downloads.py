"""A download that is killed half way is continued by the next run."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import Process

ROUTE = "GET /files/video/{task_id}/{number}-{expires}.mp4"


def _answers(origin: str) -> Mapping[str, int]:
    with urllib.request.urlopen(f"{origin}/sandbox/requests", timeout=10) as answer:
        counted: Mapping[str, int] = json.load(answer)["requests"][ROUTE]
    return counted


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_download_goes_on_where_the_last_run_was_ended(
    how: str,
    sandbox: Callable[..., Any],
    start: Callable[..., Process],
    run: Callable[..., subprocess.CompletedProcess[str]],
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
    left_behind: Callable[[Path], list[Path]],
    is_video: Callable[[Path], bool],
) -> None:
    """What came is kept, shown nowhere, continued under If-Range, and gone when the video is there."""
    box = sandbox("--seconds", "0", "--video-mb", "20", "--fault", "stall-download")
    sheet = make_sheet("campaign.csv", 1)
    command = ("run", sheet, "--base-url", box.origin)
    ended = start(*command)
    videos = sheet.with_name("campaign.csv.batch") / "videos"
    while not any(videos.glob("*.notes.part")):
        assert ended.poll() is None
        time.sleep(0.02)
    getattr(ended, how)()
    ended.communicate()

    assert len(left_behind(videos)) == 2
    assert read_sheet(sheet)[0].get("video_file", "") == ""
    last = run(*command)

    assert last.returncode == 0, last.stderr
    (row,) = read_sheet(sheet)
    assert left_behind(sheet.parent) == []
    assert is_video(sheet.parent / row["video_file"])
    assert (sheet.parent / row["video_file"]).read_bytes().endswith(row["task_id"].encode())
    assert _answers(box.origin).get("206") == 1
