"""The examples for schedulers can be used as they stand."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from batch_runner.cli.run import command
from batch_runner.settings.batch import read_batch

CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLES = CONFIGS / "schedule"


def _commands(path: Path) -> list[str]:
    """What a file has ``batch-runner`` do."""
    text = path.read_text("utf-8")
    windows = re.search(r"<Arguments>(.*?)</Arguments>", text)
    return [windows[1]] if windows else re.findall(r"batch-runner (run .*)", text)


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_their_commands_are_understood(path: Path) -> None:
    """Each command has only options that there are, with values that they take."""
    commands = _commands(path)
    assert len(commands) == (0 if path.suffix == ".timer" else 1)
    for words in map(shlex.split, commands):
        arguments = words[1 : words.index(">") if ">" in words else None]
        with command.make_context("run", arguments) as context:
            assert context.params["only"] == "new"


def test_the_batch_file_can_be_read(tmp_path: Path) -> None:
    """As it stands, and with all that is switched off in it switched on."""
    assert read_batch(CONFIGS / "nightly.yaml").schedule is None
    full = tmp_path / "full.yaml"
    text = (CONFIGS / "nightly.yaml").read_text("utf-8")
    full.write_text(re.sub(r"^#(?=\S| {2}\S)", "", text, flags=re.MULTILINE), "utf-8")
    read = read_batch(full)
    assert read.schedule is not None
    assert read.schedule.time_zone == "Europe/Berlin"
    assert (read.limits.concurrency, read.budget.run_usd, read.done) == (20, 50_000_000, "done")
    assert len(read.sheets) == 3


def test_workflow_and_task_are_what_they_should_be() -> None:
    """Valid YAML that runs on a machine that stays; valid XML that never starts a second one."""
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text("utf-8"))
    assert workflow["jobs"]["run"]["runs-on"] == "self-hosted"
    task = ET.parse(EXAMPLES / "windows-task.xml")
    place = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    policy = task.find(f"{place}Settings/{place}MultipleInstancesPolicy")
    assert policy is not None
    assert policy.text == "IgnoreNew"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze") and os.environ.get("BATCH_RUNNER_REQUIRE_ALL") != "1",
    reason="there is no systemd here",
)
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """``systemd-analyze verify`` finds nothing to say about service and timer."""
    for path in EXAMPLES.glob("batch-runner.*"):
        text = path.read_text("utf-8").replace("%h/.local/bin/batch-runner", "/bin/true")
        (tmp_path / path.name).write_text(text, "utf-8")
    units = [str(tmp_path / name) for name in ("batch-runner.service", "batch-runner.timer")]
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "batch-runner" in line]
    assert (done.returncode, ours) == (0, [])
