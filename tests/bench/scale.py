"""``python -m tests.bench.scale --rows 1000000``: one campaign, killed and resumed on the way.

Each run is ``batch-runner run`` in a process of its own, against a service whose tasks are done at
once, without downloads. What it costs is what the system says of the process when it has ended;
``--kills`` runs are ended by SIGKILL on the way. At last the service says how much it was asked,
so that nothing was paid twice and nothing was left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HEADERS = ("model", "prompt", "image_urls", "duration", "resolution", "note")
LOOK = 0.5  # seconds between two looks at how far it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took."""

    code: int
    sent: int  # submits that the service saw
    first_poll: float  # seconds from the start of the process
    seconds: float
    cpu: float
    peak: float  # MB


def make_sheet(path: Path, rows: int) -> None:
    """A CSV with a row a video; one in a thousand has a line end in its prompt."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for n in range(rows):
            words = 'she said "go"\nand they went' if n % 1000 == 0 else "a boat on a lake at dawn"
            image = f"https://cdn.example.com/p/{n}.jpg"
            writer.writerow(("viduq3", f"{words}, take {n}", image, 5, "720p", f"note {n}"))


@contextmanager
def service() -> Iterator[str]:
    """The service, for as long as the block runs; its origin."""
    command = [sys.executable, "-m", "tests.bench.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def told(origin: str) -> dict[str, int]:
    """What the bench's own service has seen."""
    with urllib.request.urlopen(f"{origin}/told", timeout=10) as answer:
        seen: dict[str, int] = json.loads(answer.read())
    return seen


def run(sheet: Path, origin: str, *options: str, kill_after: int | None = None) -> Cost:
    """One run to its end, or killed when so many submits were made in it."""
    books = sheet.parent / "books"
    env = {**os.environ, "APIMART_API_KEY": "sk-bench", "BATCH_RUNNER_DATA": str(books)}
    command = [sys.executable, "-m", "batch_runner", "run", str(sheet), "--base-url", origin]
    command += ["--no-download", "--concurrency", "64", "--rate", "100000/s", "--yes", *options]
    before = told(origin)
    begun = time.monotonic()
    with (sheet.parent / "out.txt").open("ab") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
    first_poll, code, used = 0.0, None, None
    while code is None:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            break
        seen = told(origin)
        if not first_poll and seen["looks"] > before["looks"]:
            first_poll = time.monotonic() - begun
        if kill_after is not None and seen["submits"] - before["submits"] >= kill_after:
            process.send_signal(signal.SIGKILL)
            kill_after = None
        time.sleep(LOOK)
    process.returncode = code
    assert used is not None
    return Cost(
        code=code,
        sent=told(origin)["submits"] - before["submits"],
        first_poll=first_poll,
        seconds=time.monotonic() - begun,
        cpu=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss / 1024,
    )


def campaign(rows: int, kills: int) -> dict[str, object]:
    """All runs of one campaign; what they cost together, a row."""
    with tempfile.TemporaryDirectory() as folder, service() as origin:
        sheet = Path(folder) / "campaign.csv"
        make_sheet(sheet, rows)
        share = rows // (kills + 1)
        runs = [run(sheet, origin, kill_after=share) for _ in range(kills)]
        runs.append(run(sheet, origin))
        again = run(sheet, origin)  # nothing is left to do
        seen = told(origin)
        with sheet.open(encoding="utf-8", newline="") as file:
            done = sum(row["status"] == "succeeded" for row in csv.DictReader(file))
        ledger = Path(f"{sheet}.batch") / "ledger.sqlite"
        return {
            "rows": rows,
            "codes": [one.code for one in runs],
            "submits": seen["submits"],
            "succeeded in the sheet": done,
            "seconds": round(sum(one.seconds for one in runs), 1),
            "CPU us a row": round(sum(one.cpu for one in runs) / rows * 1e6),
            "peak MB of each run": [round(one.peak) for one in runs],
            "seconds to the first look": [round(one.first_poll, 1) for one in runs],
            "nothing to do: seconds, CPU us a row, MB": [
                round(again.seconds, 1),
                round(again.cpu / rows * 1e6),
                round(again.peak),
            ],
            "ledger MB": round(ledger.stat().st_size / 1e6),
            "sheet MB": round(sheet.stat().st_size / 1e6),
        }


def main() -> None:
    """Print what was measured, one JSON document a size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--kills", type=int, default=2)
    given = parser.parse_args()
    for rows in given.rows:
        sys.stdout.write(json.dumps(campaign(rows, given.kills)) + "\n")
        sys.stdout.flush()
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"(the measuring process itself: {limit:.0f} MB)\n")


if __name__ == "__main__":
    main()
