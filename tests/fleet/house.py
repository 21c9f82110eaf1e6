"""A sandbox, a sheet, and processes of the fleet around one database."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "batch_runner")
PATIENCE = 60.0  # seconds after which a process that should have ended is a failure
IMAGE = "https://images.example.com/cat.png"
_KEPT = {"PATH", "SYSTEMROOT", "TEMP", "TMP", "PYTHONPATH", "LANG"}

Process = subprocess.Popen[str]


@dataclass
class House:
    """Everything of one test; each machine has a home and a folder of its own."""

    folder: Path
    database: str
    origin: str = ""
    processes: list[Process] = field(default_factory=list)

    def environment(self, machine: str, **more: str) -> dict[str, str]:
        """What a process on a machine needs, and nothing of this one's settings."""
        home = self.folder / machine / "home"
        home.mkdir(parents=True, exist_ok=True)
        kept = {n: v for n, v in os.environ.items() if n in _KEPT or n.startswith("COV")}
        return {
            **kept,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "BATCH_RUNNER_DATA": str(home / "data"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONUTF8": "1",
            "APIMART_API_KEY": "sk-fleet-test",
            "APIMART_BASE_URL": self.origin,
            "BATCH_RUNNER_LEDGER": self.database,
            **more,
        }

    def start(self, *words: str, machine: str = "one", **more: str) -> Process:
        """A command in a process of its own."""
        log = (self.folder / f"{words[0]}-{len(self.processes)}.log").open("w+")
        process = subprocess.Popen(
            [*COMMAND, *words],
            env=self.environment(machine, **more),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def run(self, *words: str, machine: str = "one", **more: str) -> tuple[int, str]:
        """A command to its end: its exit code, and all that it said."""
        process = self.start(*words, machine=machine, **more)
        code = process.wait(PATIENCE)
        number = self.processes.index(process)
        return code, (self.folder / f"{words[0]}-{number}.log").read_text(encoding="utf-8")

    def worker(self, *words: str, **more: str) -> Process:
        """One more worker."""
        return self.start("worker", *words, machine=f"worker{len(self.processes)}", **more)

    def sheet(self, rows: int, machine: str = "one", name: str = "campaign.csv") -> Path:
        """A sheet on a machine; the same rows on each."""
        path = self.folder / machine / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["prompt", "duration", "image_urls"])
            writer.writerows([f"Scene {n}.", 5, IMAGE] for n in range(rows))
        return path

    @staticmethod
    def until(true: Callable[[], bool]) -> None:
        """Wait for what other processes do."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def accepted(self) -> list[dict[str, Any]]:
        """The sandbox's durable log."""
        lines = (self.folder / "service" / "accepted.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def times_accepted(self) -> Counter[str]:
        """How often each body was accepted."""
        return Counter(task["body_sha256"] for task in self.accepted())


@contextmanager
def house_at(folder: Path, database: str, *sandbox: str) -> Iterator[House]:
    """A house with its sandbox; whatever was started in it is ended at the end."""
    house = House(folder, database)
    box = subprocess.Popen(
        [*COMMAND, "sandbox", "--with-parent", "--state", str(folder / "service"), *sandbox],
        env=house.environment("service"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with box:
        try:
            assert box.stdout is not None
            house.origin = json.loads(box.stdout.readline())["origin"]
            yield house
        finally:
            for process in (*house.processes, box):
                process.kill()
                process.wait()


def cells(sheet: Path) -> list[dict[str, str]]:
    """The rows of a sheet as it is now."""
    with sheet.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def most_at_once(tasks: Sequence[dict[str, Any]]) -> int:
    """How many tasks were at work at the same time at most."""
    ends = chain.from_iterable(
        ((task["at"], 1), (task["at"] + task["seconds"], -1)) for task in tasks
    )
    at_work = most = 0
    for _, step in sorted(ends):
        at_work += step
        most = max(most, at_work)
    return most


def most_within(tasks: Sequence[dict[str, Any]], seconds: float) -> int:
    """How many were accepted at most in any window of so many seconds."""
    times = sorted(task["at"] for task in tasks)
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
