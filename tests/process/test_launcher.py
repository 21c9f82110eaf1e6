"""``init --launcher``: a double click opens the dashboard of the folder that the file is in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from batch_runner.app.launcher import write_launcher
from batch_runner.core.errors import UsageError

ODD = 'a 100% "strange" $HOME `name`\'s folder'


def _words(value: str) -> list[str]:
    """A line of ``Exec`` as a desktop reads it, by the Desktop Entry Specification."""
    text, words, quoted = value.replace("\\\\", "\\"), [""], False
    letters = iter(text)
    for letter in letters:
        if letter == '"':
            quoted = not quoted
        elif letter == "\\" and quoted:
            words[-1] += next(letters)
        elif letter == " " and not quoted:
            words.append("")
        else:
            words[-1] += letter
    assert not quoted
    return [word.replace("%%", "%") for word in words]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a name that shells trip over, and in it a program that says where it runs."""
    place = tmp_path / ODD
    place.mkdir()
    program = place / "python"
    program.write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return place


@pytest.mark.skipif(sys.platform == "win32", reason="the launchers for shells")
@pytest.mark.parametrize("system", ["darwin", "linux"])
def test_it_opens_the_folder_it_is_in(folder: Path, tmp_path: Path, system: str) -> None:
    """From wherever it is started, and whatever the folder and the program are called."""
    path = write_launcher(folder, system, str(folder / "python"))
    command = [str(path)]
    if system == "linux":
        lines = path.read_text(encoding="utf-8").splitlines()
        (value,) = (line.removeprefix("Exec=") for line in lines if line.startswith("Exec="))
        command = [str(path) if word == "%k" else word for word in _words(value)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(folder), "-m", "batch_runner", "serve", "."]


def test_for_windows_it_is_a_batch_file(tmp_path: Path) -> None:
    """In the lines and with the signs that cmd.exe understands."""
    path = write_launcher(tmp_path, "win32", r"C:\100%\python.exe")
    text = path.read_bytes().decode()
    assert path.suffix == ".cmd"
    assert 'cd /d "%~dp0"\r\n"C:\\100%%\\python.exe" -m batch_runner serve .\r\n' in text


def test_it_is_never_written_over_a_file(tmp_path: Path) -> None:
    """What is there stays, and a sentence says so."""
    path = write_launcher(tmp_path)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="there already"):
        write_launcher(tmp_path)
    assert path.read_text(encoding="utf-8") == "mine"
