"""A run that is killed while a video is being put elsewhere: the next one does it, for nothing."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.process.conftest import PATIENCE, Environment
from tests.process.warm import Process
from tests.s3 import S3, Valve

ROUTE = "GET /files/video/{task_id}/{number}-{expires}.mp4"
BASE = "https://cdn.example.com"


def _downloads(origin: str) -> int:
    with urllib.request.urlopen(f"{origin}/sandbox/requests", timeout=10) as answer:
        return sum(json.load(answer)["requests"][ROUTE].values())


@pytest.mark.parametrize("wanted", ["kept there", "published there"])
def test_a_put_that_was_killed_half_way_is_done_by_the_next_run(
    wanted: str,
    s3: S3,
    environment: Environment,
    sandbox: Callable[..., Any],
    start: Callable[..., Process],
    run: Callable[..., subprocess.CompletedProcess[str]],
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
    left_behind: Callable[[Path], list[Path]],
) -> None:
    """Nothing half shows; the video is not downloaded again, let alone bought again."""
    box = sandbox("--seconds", "0", "--video-mb", "18")
    sheet = make_sheet("campaign.csv", 1)
    place = f"s3://{s3.bucket}/summer"
    options = ["--videos", place]
    if wanted == "published there":
        config = sheet.with_name("trusted.yaml")
        publish = json.dumps({"to": place, "base_url": BASE})
        config.write_text(f"publish: {publish}\n", encoding="utf-8")
        options = ["--config", str(config)]
    command = ("run", sheet, "--base-url", box.origin, *options)
    direct = {**environment, **s3.environ}
    with Valve(s3.port, 11_000_000) as valve:
        killed = start(*command, env={**direct, "AWS_ENDPOINT_URL": valve.url})
        assert valve.shut.wait(PATIENCE)
        killed.kill()
        killed.communicate()
    assert s3.objects() == {}
    assert s3.uploads() == 1

    last = run(*command, env=direct)

    assert last.returncode == 0, last.stderr
    (row,) = read_sheet(sheet)
    ((key, content),) = s3.objects().items()
    assert content.endswith(row["task_id"].encode())
    if wanted == "published there":
        assert row["video_url"] == f"{BASE}/{key.removeprefix('summer/')}"
        assert (sheet.parent / row["video_file"]).read_bytes() == content
    else:
        assert row["video_file"] == f"s3://{s3.bucket}/{key}"
        assert not any((sheet.with_name("campaign.csv.batch") / "incoming").iterdir())
    assert left_behind(sheet.parent) == []
    assert _downloads(box.origin) == 1
    assert len(box.accepted()) == 1
