"""``python -m tests.bench``: every figure of ``RESULTS.md``, as ratios within one run.

Contenders of one round run one after the other on the same machine, so what else it does hits
all of them; the table has the medians over the rounds. ``--small`` is for CI: few jobs, few
rounds, and exit 1 only where a ratio is lost by far.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import pacing, reading

HERE = Path(__file__).parent
LONGEST = 900  # seconds that one contender may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    what: str
    measured: str
    goal: str
    gross: bool = False  # so far off that CI fails


def run(module: str, *args: object) -> dict[str, float]:
    """Run a module in a process of its own; the JSON of its last line.

    What it spends goes into books of its own, never into those of whoever measures.
    """
    with tempfile.TemporaryDirectory() as books:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{module}", *map(str, args)],
            capture_output=True,
            text=True,
            check=True,
            timeout=LONGEST,
            env={**os.environ, "APIMART_API_KEY": "sk-bench", "BATCH_RUNNER_DATA": books},
        )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


@contextmanager
def service(*options: str) -> Iterator[str]:
    """The service, for as long as the block runs; its origin."""
    command = [sys.executable, "-m", "tests.bench.server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def ratios(
    names: Sequence[str], jobs: int, rounds: int, folder: Path
) -> dict[str, tuple[float, float]]:
    """Name -> jobs a second and CPU a job, each over the bare loop of the same round."""
    speed: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    with service() as origin:
        for _ in range(rounds):
            bare = run("contenders", "bare", origin, jobs, 50, folder)
            for name in names:
                one = run("contenders", name, origin, jobs, 50, folder)
                speed[name].append(bare["seconds"] / one["seconds"])
                cpu[name].append(one["cpu"] / bare["cpu"])
    median = statistics.median
    return {name: (median(speed[name]), median(cpu[name])) for name in names}


def throughput(jobs: int, rounds: int, folder: Path) -> Iterator[Line]:
    """Journal and engine beside the bare loop."""
    found = ratios(("journal", "journal_one_by_one", "engine", "gather"), jobs, rounds, folder)
    goals = {
        "journal": ("journal, group commit", ">= 0.85x, <= 1.15x CPU"),
        "journal_one_by_one": ("journal, a commit a change", "half of the group commit"),
        "engine": ("whole run, sheet to sheet", ">= 0.65x, <= 1.5x CPU"),
        "gather": ("gather script, keeps nothing", "(for comparison)"),
    }
    for name, (speed, cpu) in found.items():
        what, goal = goals[name]
        gross = name == "engine" and cpu > 12
        yield Line(what=what, measured=f"{speed:.2f}x, {cpu:.2f}x CPU", goal=goal, gross=gross)


def peers(jobs: int, rounds: int, folder: Path) -> Iterator[Line]:
    """What people use instead, each beside our whole run with full durability."""
    goals = {"threads": 2.0, "httpx_gather": 10.0, "cookbook": 1.5, "curl": 10.0}
    with service() as origin:
        for name, goal in goals.items():
            times = []
            for _ in range(rounds):
                ours = run("contenders", "engine", origin, jobs, 50, folder)
                other = run("contenders", name, origin, jobs, 50, folder)
                times.append(other["seconds"] / ours["seconds"])
            measured = f"we are {statistics.median(times):.2f}x as fast"
            yield Line(what=f"beside {name}", measured=measured, goal=f">= {goal:g}x")


def scheduling(seeds: int) -> Iterator[Line]:
    """Makespan and the search for limits, on virtual time."""
    for scene in pacing.SCENES:
        told = pacing.measure(scene, seeds)
        measured = (
            f"{told['ratio']:.3f} of ideal, {told['looks']:.2f} looks, "
            f"{told['refused']:.2f} 429s a job"
        )
        yield Line(
            what=scene.name, measured=measured, goal=scene.goal, gross=told["ratio"] > scene.gross
        )


def sheets(rows: int, rounds: int, folder: Path) -> Iterator[Line]:
    """Reading, beside bare calamine and what scripts do."""
    text, book = reading.make(folder, rows)
    pairs = (
        ("XLSX over bare calamine", "ours", "calamine", book, "<= 2.5"),
        ("pandas with openpyxl over ours", "pandas_openpyxl", "ours", book, ">= 4"),
        ("CSV over pandas.read_csv", "ours", "pandas_csv", text, "(for comparison)"),
    )
    for what, over, under, path, goal in pairs:
        found = []
        for _ in range(rounds):
            one, other = run("reading", over, path), run("reading", under, path)
            found.append(one["seconds"] / other["seconds"])
        measured = f"{statistics.median(found):.2f}x at {rows} rows"
        yield Line(what=what, measured=measured, goal=goal)
    above = run("reading", "ours", text)["above"]
    yield Line(what="CSV, memory above imports", measured=f"{above:.0f} MB", goal="<= 100 at 1M")


def table(lines: Sequence[Line]) -> str:
    """The figures as a table of Markdown."""
    rows = [f"| {line.what} | {line.measured} | {line.goal} |" for line in lines]
    return "\n".join(["| what | measured | goal |", "|---|---|---|", *rows])


def main() -> int:
    """Measure, print, and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few jobs and rounds, for CI")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--write", type=Path, help="where the table is kept")
    given = parser.parse_args()
    if given.small:
        given.rounds, given.jobs, given.rows = 1, 2_000, 5_000
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        parts = [
            scheduling(1 if given.small else 3),
            throughput(given.jobs, given.rounds, folder),
            sheets(given.rows, given.rounds, folder),
        ]
        if not given.small:
            parts.append(peers(1_000, given.rounds, folder))
        for part in parts:
            for line in part:
                lines.append(line)
                sys.stdout.write(f"{line.what:36} {line.measured:48} {line.goal}\n")
                sys.stdout.flush()
    if given.write is not None:
        machine = (
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        )
        head = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}, {given.rounds} rounds."
        given.write.write_text(f"{head}\n\n{table(lines)}\n", encoding="utf-8")
    return int(any(line.gross for line in lines))


if __name__ == "__main__":
    sys.exit(main())
