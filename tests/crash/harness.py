"""What crash tests work with: the warm process, the sandbox, and a campaign with its promises."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import openpyxl

from tests.crash.points import Stop

ROOT = Path(__file__).parents[2]
KEY = "sk-crash-test-0123456789"
IMAGE = "https://images.example.com/cat.png"
HEADERS = ["Shot", "prompt", "image_urls", "Note"]
OUT = ["status", "video_url", "video_file", "task_id", "cost_usd", "error", "finished_at", "job"]
POLL = "poll: {first: 5ms, min: 5ms, max: 20ms}\n"
CONFIG = POLL + "limits: {rate: 200/s, concurrency: 3}\nretry: {failed_tasks: 1}\n"

Rows = list[dict[str, str]]


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a process needs and nothing of this machine's settings."""
    kept = {"PATH", "TMPDIR", "LANG", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"}
    return {
        **{name: value for name, value in os.environ.items() if name in kept},
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONUTF8": "1",
        "OPENBLAS_NUM_THREADS": "1",  # a warm process must have one thread only
        "APIMART_API_KEY": KEY,
        **more,
    }


class _Process:
    """A child that is ended with its block."""

    def __init__(self, words: Sequence[str], home: Path) -> None:
        self._words = words
        self._home = home

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, *self._words],
            cwd=ROOT,
            env=environment(self._home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    code: int  # minus the signal if it was killed
    out: str
    err: str
    points: list[str]  # all it came by, in order

    @property
    def said(self) -> str:
        """Standard output and error."""
        return self.out + self.err


class Zygote(_Process):
    """The warm process that runs commands in forks, one at a time."""

    def __init__(self, scratch: Path) -> None:
        self.home = scratch / "home"
        super().__init__(["-m", "tests.crash.child"], self.home)

    def run(self, folder: Path, *words: object, **more: Any) -> Ran:
        """A command from its beginning to its end, whatever that is; see :meth:`begin`."""
        self.begin(folder, *words, **more)
        return self.end()

    def begin(
        self,
        folder: Path,
        *words: object,
        stop: Stop | None = None,
        environment: Mapping[str, str] | None = None,
        file_size: int | None = None,
        ordinary: bool = False,
    ) -> None:
        """Start a command.

        Args:
            folder: where it works; it hears of files below it.
            words: its arguments.
            stop: where it is to be ended.
            environment: more of it.
            file_size: bytes beyond which no file may grow.
            ordinary: without the rights that only root has.
        """
        assert self.process.stdin is not None
        request = {
            "folder": str(folder),
            "words": [str(word) for word in words],
            "stop": None if stop is None else asdict(stop),
            "environment": dict(environment or {}),
            "file_size": file_size,
            "ordinary": ordinary,
        }
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def end(self) -> Ran:
        """What became of the command that was started."""
        told = self._answer()
        return Ran(told["code"], told["out"], told["err"], told["points"].split())


class Service(_Process):
    """A sandbox in a process of its own, and its durable log."""

    def __init__(self, state: Path, *words: str) -> None:
        serve = ["-m", "batch_runner.sandbox", "--quiet", "--with-parent", "--state", str(state)]
        super().__init__([*serve, *words], state / "home")
        self._log = state / "accepted.jsonl"
        self._read = 0
        self._tasks: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        super().__enter__()
        self.origin = self._answer()["origin"]
        return self

    def accepted(self, of: str = "") -> list[dict[str, Any]]:
        """All that was accepted and is paid, with this text in the prompt."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        self._tasks += [json.loads(line) for line in whole.splitlines()]
        return [task for task in self._tasks if of in task["body"]["prompt"]]


@dataclass
class Campaign:
    """One sheet with a row of each fate, and what was promised about it."""

    folder: Path
    kind: str
    prompts: list[str]
    config: str = CONFIG
    origin: str = ""

    def __post_init__(self) -> None:
        """Make the sheet; its folder holds nothing else."""
        self.folder.mkdir(parents=True)
        self.sheet = self.folder / f"campaign.{self.kind}"
        lines = [[f"00{n}", text, IMAGE, "=1+1 "] for n, text in enumerate(self.prompts, 1)]
        self.save([HEADERS, *lines])
        (self.folder / "campaign.yaml").write_text(self.config)
        self.first_bytes = self.sheet.read_bytes()
        self._before = sorted(map(str, lines))

    @property
    def sidecar(self) -> Path:
        """The folder beside the sheet."""
        return self.folder / f"{self.sheet.name}.batch"

    @property
    def ledger(self) -> Path:
        """Where its ledger is."""
        return self.sidecar / "ledger.sqlite"

    def files(self) -> list[Path]:
        """All that lies in its folder."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    @property
    def words(self) -> tuple[object, ...]:
        """The command, each time the same."""
        return ("run", self.sheet, "--base-url", self.origin, "--save-every", "0.05")

    def grid(self) -> list[list[Any]]:
        """All lines of the sheet; fails if it is not whole."""
        if self.kind == "csv":
            text = self.sheet.read_bytes().decode("utf-8")
            assert text.endswith("\n")
            return [list(line) for line in csv.reader(io.StringIO(text, newline=""))]
        book = openpyxl.load_workbook(io.BytesIO(self.sheet.read_bytes()))
        lines = [list(line) for line in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
        return lines

    def save(self, grid: Sequence[Sequence[Any]]) -> None:
        """Save it as another program does: whole."""
        fresh = self.folder / f"saved-{self.sheet.name}"
        if self.kind == "csv":
            with fresh.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(grid)
        else:
            book = openpyxl.Workbook()
            page = book.worksheets[0]
            for line in grid:
                page.append(list(line))
            for cells in page.iter_rows(min_row=2, min_col=4, max_col=4):
                cells[0].data_type = "s"  # a note that looks like a formula
            book.save(fresh)
        fresh.replace(self.sheet)

    def turn(self) -> None:
        """Somebody sorts the rows the other way round."""
        head, *lines = self.grid()
        self.save([head, *reversed(lines)])
        if not any(self.sidecar.glob("original.*")):
            self.first_bytes = self.sheet.read_bytes()

    def rows(self) -> Rows:
        """Header -> text of every line; blank is ``""``."""
        head, *lines = self.grid()
        return [
            {
                str(name): "" if cell is None else str(cell)
                for name, cell in zip(head, line, strict=False)
            }
            for line in lines
        ]

    def is_whole(self) -> None:
        """At any moment: the sheet opens, and the user's cells are what they were."""
        head, *lines = self.grid()
        assert head == HEADERS or head == HEADERS + OUT
        assert sorted(str(list(line[: len(HEADERS)])) for line in lines) == self._before
