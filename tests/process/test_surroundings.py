"""Whatever the surroundings: start-up, an empty environment, a strict umask, readers that leave."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_runner import __version__

HEAVY = ("aiohttp", "numpy", "openpyxl", "pandas", "pydantic")
SLOW = ("asyncio", "email", "importlib.metadata", "sqlite3", "yaml")  # not heavy, but slower
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Rows = Callable[[Path], list[dict[str, Any]]]
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells and rights")


@pytest.fixture
def warm() -> bool:
    """Here each command starts from nothing: how it does is the point."""
    return False


@pytest.mark.parametrize(
    ("option", "without"), [("--help", (*HEAVY, *SLOW)), ("--version", HEAVY)]
)
def test_help_and_version_load_nothing_heavy(
    option: str, without: tuple[str, ...], environment: dict[str, str]
) -> None:
    """They answer at once: no table, workbook, network or validation library is imported."""
    script = (
        "import sys; from batch_runner.cli.main import cli; code = cli(sys.argv[1:]); "
        f"print(sorted(set(sys.modules) & set({without!r}))); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, option],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_is_the_command(run: Run) -> None:
    """``python -m batch_runner`` has the same name, help and version as ``batch-runner``."""
    assert run("--version").stdout == f"batch-runner, version {__version__}\n"
    assert run("--help").stdout.startswith("Usage: batch-runner [OPTIONS] COMMAND")


def test_a_mistyped_command_is_told_plainly(run: Run) -> None:
    """Exit 2 with the nearest name, on standard error, no traceback."""
    done = run("chek")
    assert (done.returncode, done.stdout) == (2, "")
    assert "check" in done.stderr
    assert "Traceback" not in done.stderr


@posix
def test_the_shell_completes_commands(environment: dict[str, str]) -> None:
    """The script that bash is given completes ``batch-runner re`` to its commands."""
    here = {**environment, "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
    asked = {"COMP_WORDS": "batch-runner re", "COMP_CWORD": "1"}
    variable = "_BATCH_RUNNER_COMPLETE"
    for value, expected in (
        ("bash_source", "complete -o nosort -F _batch_runner_completion batch-runner"),
        ("bash_complete", "plain,retry\nplain,redo\nplain,resolve\nplain,restore\nplain,report\n"),
    ):
        done = subprocess.run(
            ["batch-runner"],
            env={**here, **asked, variable: value},
            capture_output=True,
            text=True,
            check=True,
        )
        assert expected in done.stdout


@posix
@pytest.mark.parametrize(("kind", "absolute"), [("csv", True), ("xlsx", False)])
def test_a_run_needs_nothing_but_a_path(
    kind: str,
    absolute: bool,  # noqa: FBT001 - a parameter of the test
    environment: dict[str, str],
    run: Run,
    make_sheet: Callable[..., Path],
    read_sheet: Rows,
    tmp_path: Path,
) -> None:
    """No home, no settings, umask 077, another folder: all succeeds, and only the user can read it."""
    bare = {name: environment[name] for name in ("PATH", "PYTHONPATH") if name in environment}
    sheet, elsewhere = make_sheet(f"campaign.{kind}", 1), tmp_path / "elsewhere"
    elsewhere.mkdir()
    named = sheet if absolute else os.path.relpath(sheet, elsewhere)
    done = run("run", named, "--sandbox", env=bare, umask=0o077, cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    copy = sheet.with_name(f"campaign.sandbox.{kind}")
    (row,) = read_sheet(copy)
    assert row["status"] == "succeeded"
    video = copy.parent / row["video_file"]
    assert video.stat().st_mode & 0o077 == 0
    assert video.parent.stat().st_mode & 0o077 == 0
    assert list(elsewhere.iterdir()) == []


def _bound_by_rights() -> list[str]:
    """What goes before a command so that read-only folders are so even for root."""
    if os.geteuid() != 0:
        return []
    found = shutil.which("setpriv")
    if found is None:
        pytest.skip("root may write everywhere, and there is no setpriv to change that")
    return [found, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@posix
def test_a_sheet_in_a_read_only_folder_needs_a_place_for_its_state(
    sandbox: Callable[..., Any],
    environment: dict[str, str],
    make_sheet: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """Without one: exit 2, what to set, nothing sent. With one, and --output: all is done."""
    box, sheet = sandbox("--seconds", "0.1"), make_sheet("campaign.csv", 1)
    command = [
        *_bound_by_rights(),
        *(sys.executable, "-m", "batch_runner", "run", str(sheet), "--base-url", box.origin),
    ]
    elsewhere = {**environment, "BATCH_RUNNER_STATE": str(tmp_path / "state")}
    sheet.parent.chmod(0o555)
    try:
        for env, more, code in (
            (environment, [], 2),
            (elsewhere, ["--output", str(tmp_path / "out.csv")], 0),
        ):
            done = subprocess.run(
                [*command, *more],
                cwd=sheet.parent,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == code, done.stderr
            assert code == 0 or "BATCH_RUNNER_STATE" in done.stderr
            assert len(box.accepted()) == (code == 0)
    finally:
        sheet.parent.chmod(0o755)


@posix
def test_off_a_terminal_nothing_moves_the_cursor(
    sandbox: Callable[..., Any], run: Run, make_sheet: Callable[..., Path]
) -> None:
    """No colour, bar or other control character in what a log or mail gets, several sheets or one."""
    box = sandbox("--seconds", "2.5")
    sheets = make_sheet("one.csv", 1), make_sheet("other.xlsx", 1)
    done = run("run", *sheets, "--base-url", box.origin)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^0/[12] · sent [12], being made [12]", done.stderr, flags=re.MULTILINE)
    for text in (done.stdout, done.stderr):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x9b]", text)


@posix
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_leaves_does_not_end_a_run(
    stream: str,
    sandbox: Callable[..., Any],
    start: Start,
    make_sheet: Callable[..., Path],
    read_sheet: Rows,
) -> None:
    """``batch-runner run sheet | head -n 0``: the videos are made all the same, exit 0."""
    box, sheet = sandbox("--seconds", "3"), make_sheet("campaign.csv", 2)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    process = start("run", sheet, "--base-url", box.origin, **{other: subprocess.DEVNULL})
    reader = getattr(process, stream)
    reader.close()
    assert process.wait(60) == 0
    assert {row["status"] for row in read_sheet(sheet)} == {"succeeded"}


@posix
def test_streams_may_be_closed_before_the_start(
    run: Run, make_sheet: Callable[..., Path], environment: dict[str, str]
) -> None:
    """``<&- >&- 2>&-``, as some schedulers start things: it works in silence."""
    sheet, shell = make_sheet("campaign.csv", 1), shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [
            shell,
            "-c",
            '"$0" -m batch_runner run "$1" --sandbox <&- >&- 2>&-',
            sys.executable,
            sheet,
        ],
        env=environment,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "1 succeeded" in run("status", sheet.with_name("campaign.sandbox.csv")).stdout
