"""A file beside the sheet that opens the dashboard by a double click, for those without a shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase

_UNIX = """\
#!/bin/sh
# Opens the batch-runner dashboard for the folder that this file is in.
cd "$(dirname "$0")" || exit 1
exec {python} -m batch_runner serve .
"""
_WINDOWS = """\
@echo off
rem Opens the batch-runner dashboard for the folder that this file is in.
cd /d "%~dp0"
"{python}" -m batch_runner serve .
if errorlevel 1 pause
"""
_DESKTOP = """\
[Desktop Entry]
Type=Application
Name=batch-runner
Comment=Opens the dashboard for the sheets of this folder
Exec=sh -c {script} sh %k {python}
Terminal=true
"""
_SCRIPT = 'cd "$(dirname "$1")" && exec "$2" -m batch_runner serve .'


def write_launcher(folder: Path, system: str = sys.platform, python: str = sys.executable) -> Path:
    """Make it, for this system; what is there already stays.

    Raises:
        UsageError: a file of its name is there, or the folder cannot be written.
    """
    name, text = _launcher(system, python)
    path = folder / name
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        path.chmod(0o755)
    except FileExistsError:
        raise UsageError(
            phrase("this file is there already; it was not changed."),
            code="file_exists",
            where=str(path),
            hint=phrase("Delete it first if it is to be made anew."),
        ) from None
    except OSError as error:
        raise UsageError(
            phrase("this file cannot be written ({reason}).", reason=error.strerror or error),
            code="not_writable",
            where=str(path),
            hint=phrase("Name a folder that you may write."),
        ) from error
    return path


def _launcher(system: str, python: str) -> tuple[str, str]:
    """Its name and what it says."""
    if system == "win32":
        safe = python.replace("%", "%%")
        return "Open batch-runner.cmd", _WINDOWS.format(python=safe).replace("\n", "\r\n")
    if system == "darwin":
        return "Open batch-runner.command", _UNIX.format(python=shlex.quote(python))
    words = {"script": _desktop_word(_SCRIPT), "python": _desktop_word(python)}
    return "Open batch-runner.desktop", _DESKTOP.format(**words)


def _desktop_word(text: str) -> str:
    """One word of an ``Exec`` line, by the rules of the Desktop Entry Specification."""
    escaped = text.replace("\\", "\\\\")
    for sign in '"`$':
        escaped = escaped.replace(sign, f"\\{sign}")
    # The value of a key is unescaped once before the line is split into words.
    return '"' + escaped.replace("\\", "\\\\").replace("%", "%%") + '"'
