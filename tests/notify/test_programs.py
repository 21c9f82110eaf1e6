"""A command of the user's own as a target: what it gets, and what it does not."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_runner.app.notify.tell import Told
from batch_runner.settings.notify import Program
from tests.notify.conftest import NEWS

Tell = Callable[..., Told]

NOTE = """
import json, os, sys
document = json.load(sys.stdin)
json.dump([sys.argv[2:], document, dict(os.environ)], open(sys.argv[1], "w"))
"""


def test_a_program_gets_the_document_and_its_arguments(
    tmp_path: Path, told: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON on its standard input, its arguments as they are written, and no key."""
    monkeypatch.setenv("APIMART_API_KEY", "sk-secret-0123456789")
    monkeypatch.setenv("BATCH_RUNNER_NOTIFY", "https://hooks.example.com/s3cret")
    monkeypatch.setenv("PAGER_ROOM", "9")
    note = tmp_path / "note.json"
    words = (sys.executable, "-c", NOTE, str(note), "$(touch pwned)", "; ls", "a b")
    assert told(Program(words=words)).trouble == ""
    arguments, document, environ = json.loads(note.read_text(encoding="utf-8"))
    assert arguments == ["$(touch pwned)", "; ls", "a b"]
    assert document["id"] == NEWS.id
    assert environ["PAGER_ROOM"] == "9"
    assert not {"APIMART_API_KEY", "BATCH_RUNNER_NOTIFY"} & set(environ)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("/no/such/program",), "there is no such program"),
        ((sys.executable, "-c", "raise SystemExit(7)"), "it ended with 7"),
    ],
)
def test_a_program_that_fails_is_told_about(told: Tell, words: tuple[str, ...], says: str) -> None:
    """Once: it is not known what it did before it failed."""
    assert told(Program(words=words)).trouble == says


def test_a_program_that_reads_nothing_is_well(told: Tell) -> None:
    """Whoever only wants to ring a bell need not read."""
    assert told(Program(words=(sys.executable, "-c", "pass"))).trouble == ""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path, told: Tell) -> None:
    """When the time is over, nothing of it is left running."""
    pids = tmp_path / "pids"
    hang = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n"
    )
    trouble = ""
    timeout = 1.0
    while not pids.exists():  # a busy machine may need longer to get so far
        trouble = told(Program(words=(sys.executable, "-c", hang)), timeout=timeout).trouble
        timeout *= 2
    assert trouble.startswith("not within")
    for pid in map(int, pids.read_text(encoding="utf-8").split()):
        while _runs(pid):  # a signal takes a moment; one that lives on fails by the test's timeout
            os.sched_yield()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"
