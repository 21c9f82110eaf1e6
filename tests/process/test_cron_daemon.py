"""A real cron daemon, with a crontab of its own, starts the command at the next full minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 150.0  # seconds: a minute until it begins, and a machine that has much else to do
NEEDED = os.environ.get("BATCH_RUNNER_REQUIRE_ALL") == "1"


def can_run_cron() -> bool:
    """Whether there is a busybox that has a cron (Debian's small one has none), and we are root."""
    if sys.platform == "win32" or os.geteuid() != 0 or not shutil.which("busybox"):
        return False
    applets = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=False)
    return "crond" in applets.stdout.split()


pytestmark = [
    pytest.mark.timeout(PATIENCE * 2),
    pytest.mark.skipif(
        not NEEDED and not can_run_cron(), reason="needs busybox-static's crond, and to be root"
    ),
]


@pytest.fixture
def daemon(tmp_path: Path, cleanup: ExitStack) -> Callable[[str], None]:
    """``daemon(crontab)``: cron with this crontab and nobody else's, and no environment to speak of."""
    crontabs = tmp_path / "crontabs"
    crontabs.mkdir()

    def start(crontab: str) -> None:
        (crontabs / "root").write_text(crontab, encoding="utf-8")
        command = ["busybox", "crond", "-f", "-c", str(crontabs), "-L", str(tmp_path / "cron.log")]
        process = subprocess.Popen(command, env={"PATH": os.environ["PATH"]}, cwd="/")
        cleanup.enter_context(process)
        cleanup.callback(process.kill)

    return start


def test_a_line_of_a_crontab_makes_the_videos_silently(
    daemon: Callable[[str], None],
    sandbox: Callable[..., Any],
    make_sheet: Callable[..., Path],
    read_sheet: Callable[[Path], list[dict[str, Any]]],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """With what cron gives a process it runs to its end, prints nothing, and every row is done once."""
    box, sheet = sandbox("--seconds", "0.2"), make_sheet("campaign.csv", 3)
    said, code = tmp_path / "said", tmp_path / "code"
    settings = " ".join(f"{name}='{environment[name]}'" for name in ("HOME", "APIMART_API_KEY"))
    run = f"{sys.executable} -m batch_runner run campaign.csv --only new --quiet --max-cost 20"
    daemon(
        f"* * * * * cd '{sheet.parent}' && {settings} {run} --base-url {box.origin} "
        f">>'{said}' 2>&1; echo $? >>'{code}'\n"
    )
    until = time.monotonic() + PATIENCE
    while not (code.exists() and code.read_text()):
        assert time.monotonic() < until, "cron never ran it to its end"
        time.sleep(0.2)
    assert code.read_text().split()[0] == "0", said.read_text()
    assert said.read_text() == ""
    assert [row["status"] for row in read_sheet(sheet)] == ["succeeded"] * 3
    assert sorted(box.times_accepted().values()) == [1, 1, 1]
