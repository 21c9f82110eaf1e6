"""The README's first line in a fresh clone, as a new user types it. Needs pip's network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds; pip may have to fetch everything

pytestmark = [
    pytest.mark.timeout(2 * PATIENCE),
    pytest.mark.skipif(sys.platform == "win32", reason="the line is for a POSIX shell"),
]


def call(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run something as a new user would: with pip's settings, but no key and no environment."""
    mine = ("APIMART_", "BATCH_RUNNER_", "COV_", "COVERAGE_", "PYTEST_", "PYTHON", "VIRTUAL_ENV")
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(mine)},
            "PIP_COMPILE": "0",  # thousands of files, of which a few are needed
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def told(*command: object, cwd: Path) -> str:
    """What a command says that must succeed."""
    done = call(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout
    return done.stdout


def make_clone(clone: Path) -> None:
    """A repository with the files of this one as they are now, all committed."""
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, told("git", *listed, cwd=ROOT).split("\0")):
        if (ROOT / name).exists():
            place = clone / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
    who = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.com")
    for words in (("init", "-q"), ("add", "--all"), ("commit", "-q", "-m", "As it is now")):
        told("git", *who, *words, cwd=clone)


def the_line() -> str:
    """What stands under ``Try it``."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Try it\n")[1]
    found = re.search(r"^```sh\n(.*)\n```$", section, flags=re.MULTILINE)
    assert found is not None
    return found[1]


def result_rows(sheet: Path) -> list[dict[Any, Any]]:
    """The rows that have a status: header -> cell."""
    book = openpyxl.load_workbook(sheet)
    rows = list(book.worksheets[0].iter_rows())
    book.close()
    start = next(i for i, row in enumerate(rows) if "video_url" in {cell.value for cell in row})
    names = [cell.value for cell in rows[start]]
    found: list[dict[Any, Any]] = [dict(zip(names, row, strict=True)) for row in rows[start + 1 :]]
    return [row for row in found if row["status"].value]


def test_one_line_in_a_fresh_clone_makes_all_videos(
    tmp_path: Path, is_video: Callable[[Path], bool]
) -> None:
    """Each row has all that was promised, the clone is clean, and the same line again buys nothing."""
    clone = tmp_path / "clone"
    make_clone(clone)
    first = told("bash", "-c", the_line(), cwd=clone)
    sheet = clone / "demo" / "campaign.sandbox.xlsx"
    rows = result_rows(sheet)
    assert f"{len(rows)} succeeded" in first
    assert "being made" in first  # progress
    assert "Everything is done." in first
    for row in rows:
        assert row["status"].value == "succeeded"
        assert row["task_id"].value
        assert row["cost_usd"].value > 0
        assert row["video_url"].hyperlink.target == row["video_url"].value
        assert row["video_file"].hyperlink.target == row["video_file"].value
        assert is_video(sheet.parent / row["video_file"].value)

    again = told("bash", "-c", the_line(), cwd=clone)
    assert "Everything is done." in again
    log = Path(f"{sheet}.batch") / "sandbox" / "accepted.jsonl"
    assert len(log.read_text(encoding="utf-8").splitlines()) == len(rows)
    assert told("git", "status", "--porcelain", cwd=clone) == ""
