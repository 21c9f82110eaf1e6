"""What is shipped: built by pip, whose network it needs, and at work without a checkout.

That what it depends on is all declared is shown by ``tests/process/test_try_it.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds; pip may have to fetch everything


def told(*command: object, cwd: Path) -> str:
    """What a command says that must succeed; it knows pip's settings, and nothing of this project."""
    mine = ("APIMART_", "BATCH_RUNNER_", "COV_", "COVERAGE_", "PYTEST_", "PYTHON", "VIRTUAL_ENV")
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith(mine)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(2 * PATIENCE)
def test_the_wheel_holds_all_it_needs_and_works_anywhere(tmp_path: Path) -> None:
    """Installed into a fresh environment, its commands work in a folder that knows no checkout."""
    pip = (sys.executable, "-m", "pip")
    told(*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    profiles = [path.name for path in (ROOT / "configs" / "models").glob("*.yaml")]
    assert names >= {f"batch_runner/configs/models/{name}" for name in profiles}
    assert names >= {
        "batch_runner/assets/dashboard/index.html",
        "batch_runner/assets/tokens.css",
        "batch_runner/configs/campaign.schema.json",
        "batch_runner/configs/campaign.yaml",
        "batch_runner/configs/languages/ja.yaml",
        "batch_runner/configs/languages/zh.yaml",
        "batch_runner/configs/models/viduq3.yaml",
        "batch_runner/py.typed",
        "batch_runner/sandbox/media/sample.jpg",
        "batch_runner/sandbox/media/sample.mp4",
    }
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"batch_runner"}

    place = tmp_path / "venv"
    venv.create(place)
    names_of = {"base": str(place), "platbase": str(place)}
    scripts = Path(sysconfig.get_path("scripts", "venv", names_of))
    (Path(sysconfig.get_path("purelib", "venv", names_of)) / "lent.pth").write_text(
        sysconfig.get_path("purelib")  # what it depends on, but nothing that is there by a .pth
    )
    told(*pip, "--python", scripts / "python", "install", "-q", "--no-deps", wheel, cwd=tmp_path)
    where = told(
        scripts / "python", "-c", "import batch_runner; print(batch_runner.__file__)", cwd=tmp_path
    )
    assert Path(where).is_relative_to(tmp_path)
    assert "viduq3-mix" in told(scripts / "batch-runner", "models", cwd=tmp_path)
    told(scripts / "batch-runner", "init", "x.xlsx", cwd=tmp_path)
    told(scripts / "batch-runner", "run", "x.xlsx", "--sandbox", cwd=tmp_path)
    status = told(scripts / "batch-runner", "status", "x.sandbox.xlsx", "--json", cwd=tmp_path)
    assert json.loads(status)["states"]["succeeded"] == 2
