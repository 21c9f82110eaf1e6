"""What holds for every file of the repository."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# Put together here, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|tmp|root|home|Users|var/folders)" + r"/[\w.-]+")
UNFINISHED = re.compile(
    r"#\s*(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|raise NotImplemented" + "Error"
)


def tracked() -> list[Path]:
    """Every file that git knows or would take in, as far as it is there."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts(*suffixes: str) -> list[tuple[Path, str]]:
    """The text files among them, with their content."""
    found = []
    for path in tracked():
        data = path.read_bytes()
        if (not suffixes or path.suffix in suffixes) and b"\0" not in data:
            found.append((path, data.decode("utf-8", "replace")))
    return found


@pytest.mark.parametrize("unwanted", [MACHINE_PATH, UNFINISHED], ids=["paths", "marks"])
def test_no_file_holds_what_belongs_to_a_machine_or_a_note(unwanted: re.Pattern[str]) -> None:
    """No paths of somebody's computer, and no marks of unfinished work."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in texts()
        for match in unwanted.finditer(text)
    ]
    assert found == []


def test_the_changelog_knows_the_version() -> None:
    """The version of pyproject.toml has its place in CHANGELOG.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_json_and_yaml_file_can_be_read() -> None:
    """Whatever is committed in these formats is whole."""
    for _, text in texts(".json"):
        json.loads(text)
    for path, text in texts(".yaml", ".yml"):
        assert all(part is not None for part in yaml.safe_load_all(text)), path


def test_every_test_says_what_it_guarantees() -> None:
    """Each test function has a docstring: its guarantee."""
    silent = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, text in texts(".py")
        if path.name.startswith("test_")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_names_of_test_files_are_unique() -> None:
    """There are no packages among the tests, so a name stands for one file."""
    names = [path.name for path in tracked() if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_files_are_short() -> None:
    """No Python file of the package reaches 300 lines: each has one idea."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path, text in texts(".py")
        if "batch_runner" in path.relative_to(ROOT).parts and (lines := text.count("\n")) >= 300
    }
    assert long == {}
