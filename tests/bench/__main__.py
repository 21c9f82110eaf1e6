"""``python -m tests.bench``: every figure of ``RESULTS.md``, as ratios within one run.

Contenders of one round run one after the other on the same machine, so what else it does hits
all of them; the table has the medians over the rounds. Exit 1 only where a ratio is lost by far:
``--small`` asks for that with few jobs and rounds, and so does ``test_gross_loss.py`` in CI.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import downloads, pacing, reading

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


Told = dict[str, float]


def rounds_of(names: Sequence[str], jobs: int, rounds: int, folder: Path) -> list[dict[str, Told]]:
    """What each contender took in each round, one after the other."""
    with service() as origin:
        return [
            {name: run("contenders", name, origin, jobs, 50, folder) for name in names}
            for _ in range(rounds)
        ]


def over(played: Sequence[dict[str, Told]], one: str, other: str, what: str) -> float:
    """The median of a ratio within the rounds."""
    return statistics.median(told[one][what] / told[other][what] for told in played)


BESIDE_BARE = {
    "journal": ("journal, group commit", ">= 0.85x, <= 1.15x CPU"),
    "engine": ("whole run, sheet to sheet", ">= 0.65x, <= 1.5x CPU"),
    "journal_one_by_one": ("journal, a commit a change", "half of the group commit"),
    "gather": ("gather script, keeps nothing", "(for comparison)"),
}
GROSS = {"journal": 4.0, "engine": 16.0}  # times the CPU of the bare loop, at 1,000 jobs and more


def throughput(
    jobs: int, rounds: int, folder: Path, names: Sequence[str] = tuple(BESIDE_BARE)
) -> Iterator[Line]:
    """Journal and engine beside the bare loop."""
    played = rounds_of(["bare", *names], jobs, rounds, folder)
    for name in names:
        what, goal = BESIDE_BARE[name]
        speed, cpu = over(played, "bare", name, "seconds"), over(played, name, "bare", "cpu")
        measured = f"{speed:.2f}x, {cpu:.2f}x CPU at {jobs} jobs"
        gross = cpu > GROSS.get(name, float("inf"))
        yield Line(what=what, measured=measured, goal=goal, gross=gross)


PEERS = {  # name -> how many times as fast we want to be, and of how many jobs
    "threads": (2.0, 2_000),
    "cookbook": (1.5, 2_000),
    "httpx_gather": (10.0, 1_000),
    "curl": (10.0, 500),
}


def peers(rounds: int, folder: Path) -> Iterator[Line]:
    """What people use instead, each beside our whole run with full durability."""
    for name, (goal, jobs) in PEERS.items():
        played = rounds_of(["engine", name], jobs, rounds, folder)
        speed, cpu = over(played, name, "engine", "seconds"), over(played, "engine", name, "cpu")
        measured = f"{speed:.2f}x as fast, {cpu:.2f}x CPU at {jobs} jobs"
        yield Line(what=f"beside {name}", measured=measured, goal=f">= {goal:g}x")


def start(rounds: int, folder: Path) -> Iterator[Line]:
    """What a command costs before it does anything, as processor time."""
    sheet = folder / "ten.csv"
    line = "A boat at dawn,https://cdn.example.com/p.jpg,viduq3"
    sheet.write_text("prompt,image_urls,model\n" + f"{line}\n" * 10, encoding="utf-8")
    ours = ("-m", "batch_runner")
    pairs = (
        ("--help over bare Python", (*ours, "--help"), ("-c", "pass"), "<= 6"),
        ("check of 10 rows over import pandas", (*ours, "check", sheet), ("-c", "import pandas"), "<= 2"),
    )  # fmt: skip
    for what, one, other, goal in pairs:
        found = [spent(*one) / spent(*other) for _ in range(rounds)]
        yield Line(what=what, measured=f"{statistics.median(found):.1f}x", goal=goal)


def spent(*words: object) -> float:
    """CPU seconds of Python with these words."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *map(str, words)], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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


def videos(rounds: int) -> Iterator[Line]:
    """Downloads, durable and checked, beside curl's, which are not."""
    if shutil.which("curl") is None:
        return
    with service("--video", str(downloads.SIZE)) as origin:
        for at_once in (8, 32):
            speed, cpu = downloads.compare(origin, rounds, at_once=at_once)
            yield Line(
                what=f"downloads over curl -Z, {at_once} at once",
                measured=f"{speed:.2f}x, {cpu:.2f}x CPU",
                goal=">= 0.75x" if at_once == 8 else "(for comparison)",
            )


def table(lines: Sequence[Line]) -> str:
    """The figures as a table of Markdown."""
    rows = [f"| {line.what} | {line.measured} | {line.goal} |" for line in lines]
    return "\n".join(["| what | measured | goal |", "|---|---|---|", *rows])


def main() -> int:
    """Measure, print, and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few jobs and rounds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", nargs="+", help="some parts: start, throughput, peers ...")
    parser.add_argument("--write", type=Path, help="where the table is kept")
    given = parser.parse_args()
    if given.small:
        given.rounds, given.jobs, given.rows = 1, 2_000, 5_000
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        parts = {
            "scheduling": scheduling(1 if given.small else 3),
            "start": start(given.rounds, folder),
            "throughput": throughput(given.jobs, given.rounds, folder),
            "sheets": sheets(given.rows, given.rounds, folder),
            "videos": videos(given.rounds),
            "peers": peers(given.rounds, folder),
        }
        for name, part in parts.items():
            if name not in (given.only or parts) or (given.small and name == "peers"):
                continue
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
