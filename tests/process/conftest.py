"""Real processes: the command, the sandbox, sheets on disk; an environment of their own."""

from __future__ import annotations

import csv
import json
import os
import queue
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.process.warm import CAN_FORK, Child, Process

COMMAND = (sys.executable, "-m", "batch_runner")
HEADERS = ["Shot", "prompt", "image_urls", "duration"]
IMAGE = "https://images.example.com/cat.png"
PATIENCE = 30.0  # seconds after which a process that should have ended is a failure

Environment = dict[str, str]
Rows = list[dict[str, Any]]


@dataclass
class Box:
    """A sandbox in a process of its own."""

    process: Process
    origin: str
    state: Path
    requests: int = 0  # told on its standard error so far
    _told: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def listen(self) -> None:
        """Read what it tells, until it ends."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._told.put(line.strip())

    def next_request(self, seconds: float = PATIENCE) -> str | None:
        """The next request it answered; ``None``: there was none in this time."""
        try:
            told = self._told.get(timeout=seconds)
        except queue.Empty:
            return None
        self.requests += 1
        return told

    def after(self, told: str, times: int, child: Process) -> None:
        """Wait until it has answered so many requests of a child in this way."""
        while times:
            line = self.next_request(0.1)
            assert line is not None or child.poll() is None, f"{times} times {told!r} never came"
            times -= line == told

    def accepted(self) -> list[dict[str, Any]]:
        """Its durable log as it is on disk."""
        lines = (self.state / "accepted.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def after_accepted(self, number: int, child: Process) -> None:
        """Wait until it has accepted so many of a child's, answered or not."""
        while child.poll() is None:
            with urllib.request.urlopen(f"{self.origin}/sandbox/log", timeout=10) as answer:
                if len(json.load(answer)["accepted"]) >= number:
                    return
        raise AssertionError(f"{number} were never accepted")

    def times_accepted(self) -> Counter[str]:
        """How often each body was accepted."""
        return Counter(task["body_sha256"] for task in self.accepted())

    def stop(self) -> None:
        """End it, as a process that is killed ends."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """What a process needs and nothing of this machine's settings; any key is good here."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {"PATH", "SYSTEMROOT", "TEMP", "TMP", "PYTHONPATH", "LANG"}
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if name in kept or name.startswith("COV")
        },
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONUTF8": "1",
        "APIMART_API_KEY": "sk-process-test",
    }


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """Ends at the end of the test what it has started."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def warm() -> bool:
    """Whether commands are forks of a process that has everything loaded; a file may say no."""
    return CAN_FORK


Start = Callable[..., Process]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(tmp_path: Path, environment: Environment, cleanup: ExitStack, *, warm: bool) -> Start:
    """``start(*arguments)``: the command as a child, its output in pipes."""

    def begin(words: list[str], options: dict[str, Any]) -> Process:
        if warm and options.keys() <= {"cwd", "env", "stdin"}:
            return Child(words, **options)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*COMMAND, *words], text=True, encoding="utf-8", **{**pipes, **options}
        )

    def start(*arguments: object, **more: Any) -> Process:
        options = {"cwd": tmp_path, "env": environment, "stdin": subprocess.DEVNULL, **more}
        process = begin(list(map(str, arguments)), options)
        cleanup.enter_context(process)
        cleanup.callback(process.kill)
        return process

    return start


@pytest.fixture
def sandbox(tmp_path: Path, start: Start, cleanup: ExitStack) -> Callable[..., Box]:
    """``sandbox(*arguments)``: start one; a second one of the same test knows what the first did."""
    state = tmp_path / "service"

    def serve(*arguments: str) -> Box:
        words = ("sandbox", "--with-parent", "--state", state, *arguments)
        process = start(*words, stdin=subprocess.PIPE)
        assert process.stdout is not None
        box = Box(process, json.loads(process.stdout.readline())["origin"], state)
        listener = threading.Thread(target=box.listen)
        listener.start()
        cleanup.callback(listener.join)
        cleanup.callback(box.stop)
        return box

    return serve


@pytest.fixture
def run(start: Start) -> Run:
    """``run(*arguments)``: the command to its end."""

    def run(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **more)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.wait(), out, err)

    return run


def _write(path: Path, rows: Sequence[Sequence[object]]) -> None:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    book.close()


@pytest.fixture
def make_sheet(tmp_path: Path) -> Callable[..., Path]:
    """``make_sheet("a.csv", 6)``: a sheet of so many different rows, looked at quickly."""

    def make(name: str, rows: int = 6, config: str = "") -> Path:
        path = tmp_path / "sheets" / name
        path.parent.mkdir(exist_ok=True)
        lines = [[f"S{n}", f"The cat jumps over box {n}.", IMAGE, 5] for n in range(1, rows + 1)]
        _write(path, [HEADERS, *lines])
        poll = "poll: {first: 0.2s, min: 0.1s, max: 0.3s}\n"
        path.with_name(f"{name}.yaml").write_text(poll + config, encoding="utf-8")
        return path

    return make


def _read_csv(path: Path) -> list[list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _read_workbook(path: Path) -> list[list[Any]]:
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    book.close()
    return rows


@pytest.fixture
def read_sheet() -> Callable[[Path], Rows]:
    """``read_sheet(path)``: its rows by header; fails if the file is not whole."""

    def read(path: Path) -> Rows:
        header, *rows = _read_csv(path) if path.suffix == ".csv" else _read_workbook(path)
        assert all(len(row) == len(header) for row in rows), path
        return [dict(zip(header, row, strict=True)) for row in rows]

    return read


@pytest.fixture
def left_behind() -> Callable[[Path], list[Path]]:
    """``left_behind(folder)``: files that were only meant for a moment, everywhere below it."""

    def look(folder: Path) -> list[Path]:
        return [
            path
            for path in folder.rglob("*")
            if path.suffix in {".part", ".new"} or path.match(".*.tmp")
        ]

    return look


@pytest.fixture
def states(run: Run) -> Callable[[Path], Mapping[str, int]]:
    """``states(sheet)``: what ``status --json`` counts."""

    def ask(sheet: Path) -> Mapping[str, int]:
        done = run("status", sheet, "--json")
        assert done.returncode == 0, done.stderr
        counted: Mapping[str, int] = json.loads(done.stdout)["states"]
        return {state: n for state, n in counted.items() if n}

    return ask


@pytest.fixture
def is_video() -> Callable[[Path], bool]:
    """``is_video(path)``: whether a file is an MP4 with its index and all its pictures."""

    def look(path: Path) -> bool:
        data, names, at = path.read_bytes(), set(), 0
        while at + 8 <= len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            names.add(data[at + 4 : at + 8])
            at += max(size, 8)
        return at == len(data) and {b"ftyp", b"moov", b"mdat"} <= names

    return look
