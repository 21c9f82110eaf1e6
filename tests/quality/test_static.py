from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent


def run_tool(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment and keep what it says."""
    program = shutil.which(command[0], path=str(SCRIPTS))
    assert program, f"{command[0]} is not installed beside {sys.executable}"
    return subprocess.run(
        [program, *command[1:]],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "command",
    [
        ("mypy",),
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("lint-imports", "--no-cache"),
    ],
    ids=lambda command: "-".join(command[:2]).rstrip("-."),
)
def test_static_check_has_no_complaints(command: tuple[str, ...]) -> None:
    """Lint, format, types and import contracts hold for the whole repository."""
    done = run_tool(*command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/upward.py", "import batch_runner.ledger"),
        ("core/impure.py", "import sqlite3"),
        ("ledger/sideways.py", "import batch_runner.reporter"),
        ("scheduler/speaks.py", "import batch_runner.provider"),
        ("sandbox/borrows.py", "import batch_runner.core"),
        ("provider/plays.py", "import batch_runner.sandbox"),
        ("unplaced/__init__.py", '"""A package that no layer names."""'),
    ],
)
def test_import_contract_objects(tmp_path: Path, module: str, line: str) -> None:
    """An import that points up, sideways or out of the core breaks the contract."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "batch_runner"
    shutil.copytree(ROOT / "batch_runner", package, ignore=shutil.ignore_patterns("__pycache__"))
    place = package / module
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"{line}\n", encoding="utf-8")
    done = run_tool("lint-imports", "--no-cache", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    culprit = place.stem if place.stem != "__init__" else place.parent.name
    assert culprit in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_readme_command_is_one_line(heading: str) -> None:
    """The README's two commands stand alone in one shell block of exactly one line each."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", readme.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    assert blocks[0].count("\n") == 1
