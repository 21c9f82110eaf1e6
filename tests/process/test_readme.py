"""What the README says is what happens: its own lines are executed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
Run = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="these lines are for a POSIX shell"
)


def section(heading: str) -> str:
    """What stands below a heading, up to the next of its level."""
    return re.split(r"^## ", README.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]


def lines(heading: str, language: str = "sh") -> list[str]:
    """The lines of a section's code blocks."""
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```$", section(heading), flags=re.MULTILINE | re.DOTALL
    )
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str], cleanup: ExitStack) -> Callable[..., Any]:
    """``shell(line)``: a line of the README in a shell, in the test's folder."""
    scripts = Path(sys.executable).parent

    def start(line: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=tmp_path,
            env={**environment, "PATH": f"{scripts}:{environment['PATH']}", **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        cleanup.enter_context(process)
        cleanup.callback(process.kill)
        return process

    return start


def test_the_way_of_an_own_sheet(
    shell: Callable[..., Any], sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    """init, check, run and status, as they stand there, one after the other: each ends with 0."""
    box = sandbox("--seconds", "0.2")
    said = ""
    for line in lines("Run your own sheet"):
        process = shell(line, APIMART_BASE_URL=box.origin)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, f"{line}\n{said}"
    assert len(box.accepted()) == 2
    assert "2 succeeded" in said
    assert (tmp_path / "videos.xlsx.batch" / "videos").is_dir()


def test_plans_choices_and_pilots(
    shell: Callable[..., Any], sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    """Each line ends with 0; a plan sends nothing, the pilot two that stand for the rest."""
    box = sandbox("--seconds", "0.2")
    shutil.copy(ROOT / "samples" / "choices.csv", tmp_path)
    for line in lines("Plan, choose, try a few"):
        process = shell(line, APIMART_BASE_URL=box.origin)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, f"{line}\n{said}"
    assert sorted(task["body"]["model"] for task in box.accepted()) == ["viduq3", "viduq3-mix"]


def test_an_export_of_a_shop(shell: Callable[..., Any], tmp_path: Path) -> None:
    """The sample export makes a video of each product, as its config says."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    (line,) = (text for text in lines("What you can put in a row") if "shopify" in text)
    process = shell(line)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "3 succeeded" in said


def test_looking_at_the_videos(
    shell: Callable[..., Any],
    sandbox: Callable[..., Any],
    make_sheet: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """The gallery, the file of its decisions and the archive: each line ends with 0."""
    box = sandbox("--seconds", "0.2")
    shutil.copy(make_sheet("campaign.xlsx", 2), tmp_path)
    ask = "batch-runner run campaign.xlsx --yes"
    for line in (ask, *lines("Look at the videos")):
        process = shell(line, APIMART_BASE_URL=box.origin)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, f"{line}\n{said}"
        if " report " in line:
            page = (tmp_path / "campaign.xlsx.batch" / "report.html").read_text(encoding="utf-8")
            (campaign,) = re.findall(r'"campaign":"(\w+)"', page)
            (tmp_path / "campaign.xlsx.decisions.json").write_text(
                '{"format": "batch-runner-decisions", "version": 1, '
                f'"campaign": "{campaign}", "decisions": []}}',
                encoding="utf-8",
            )
    assert (tmp_path / "campaign.share.zip").is_file()


def test_the_two_lines_of_a_rehearsal(
    shell: Callable[..., Any], make_sheet: Callable[..., Path], tmp_path: Path
) -> None:
    """A sandbox in one window, a run against it in another; its 429 only slow it down."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    (tmp_path / "demo").mkdir()
    shutil.copy(make_sheet("campaign.xlsx", 2), tmp_path / "demo")
    first, second = (line.replace("8765", port) for line in lines("Rehearse with the sandbox"))
    sandbox = shell(f"exec {first}")
    assert f"http://127.0.0.1:{port}" in sandbox.stdout.readline()
    process = shell(second, APIMART_API_KEY="")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "2 succeeded" in said


def test_the_config_can_be_used(run: Run, tmp_path: Path) -> None:
    """The example is accepted as it stands: its names, units and values are right."""
    sheet = tmp_path / "campaign.csv"
    sheet.write_text(
        "Shot no.,Storyboard text,Photo A,Photo B\n"
        "S1,The cat jumps.,https://images.example.com/a.jpg,https://images.example.com/b.jpg\n",
        encoding="utf-8",
    )
    config = sheet.with_name("campaign.yaml")  # taken by itself
    config.write_text("\n".join(lines("Config", "yaml")), encoding="utf-8")
    done = run("check", sheet)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No problems found" in done.stdout


def test_the_samples_show_what_it_says(run: Run) -> None:
    """The sheet of mistakes has some, and the sample campaign none."""
    assert run("check", ROOT / "samples" / "mistakes.csv").returncode == 1
    assert run("check", ROOT / "samples" / "campaign.xlsx").returncode == 0


def test_models_are_shown(run: Run) -> None:
    """``models`` lists the two of the README's table, ``models NAME`` tells their rules."""
    listed = run("models")
    assert listed.returncode == 0
    for name in ("viduq3", "viduq3-mix"):
        assert re.search(rf"^{name} ", listed.stdout, flags=re.MULTILINE)
        assert "aspect_ratio" in run("models", name).stdout


def test_completion_is_switched_on_by_its_line(shell: Callable[..., Any]) -> None:
    """After the line bash knows how to complete the command."""
    (line,) = [line for line in lines("Install") if "_COMPLETE" in line]
    said, _ = shell(f"{line} && complete -p batch-runner").communicate(timeout=60)
    assert "_batch_runner_completion" in said


def test_every_command_and_no_other_is_listed(run: Run) -> None:
    """The table of commands and the help name the same ones."""
    listed = re.findall(r"^\| `([a-z]+)[^`]*` \|", section("Commands"), flags=re.MULTILINE)
    known = re.findall(r"^  ([a-z]+)  ", run("--help").stdout, flags=re.MULTILINE)
    assert sorted(listed) == sorted(known)


def test_every_option_of_the_tables_exists(run: Run) -> None:
    """No option is promised that ``--help`` does not know."""
    options = set(re.findall(r"--[a-z][a-z-]+", section("Commands")))
    commands = re.findall(r"^\| `([a-z]+)", section("Commands"), flags=re.MULTILINE)
    helped = "".join(run(command, "--help").stdout for command in commands)
    assert options - {"--help"} <= set(re.findall(r"--[a-z][a-z-]+", helped))


def test_the_cron_line_is_silent_when_all_is_well(
    shell: Callable[..., Any],
    sandbox: Callable[..., Any],
    make_sheet: Callable[..., Path],
    environment: Mapping[str, str],
) -> None:
    """The line of the crontab, its paths being there: exit 0 and no output to be mailed."""
    box = sandbox("--seconds", "0.2")
    (line,) = (text for text in lines("Every night by cron", "") if text.startswith("0 2"))
    home = Path(environment["HOME"])
    (home / "campaigns").mkdir()
    shutil.copy(make_sheet("campaign.xlsx", 2), home / "campaigns")
    (home / ".local" / "bin").mkdir(parents=True)
    installed = Path(sys.executable).with_name("batch-runner")
    (home / ".local" / "bin" / "batch-runner").symlink_to(installed)
    process = shell(line.removeprefix("0 2 * * * "), APIMART_BASE_URL=box.origin)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert len(box.accepted()) == 2


def test_the_dashboard_opens_the_browser(
    shell: Callable[..., Any], make_sheet: Callable[..., Path], tmp_path: Path
) -> None:
    """The line as it stands there: the browser is given the very link that is printed."""
    make_sheet("campaign.csv", 1).parent.rename(tmp_path / "campaigns")
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n', encoding="utf-8")
    browser.chmod(0o755)
    (line,) = lines("In the browser")
    process = shell(line, BROWSER=f"{browser} %s")
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.split()[-1] == opened.read_text(encoding="utf-8").strip()
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143
