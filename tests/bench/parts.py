"""Where a run's processor time goes: ``python -m tests.bench.parts [ROWS]`` (needs ``py-spy``).

The whole run of the bench is sampled from outside; each sample belongs to the innermost frame
that one of the parts names. A part's share of the samples is its share of the process's CPU. The
bare loop is run before and after, for what a microsecond is worth on this machine just then.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.bench.__main__ import run, service

PARTS = (
    ("start: imports, settings, profiles", r"importlib|/settings/|pydantic|yaml"),
    ("log", r"app/(listen|run_log)\.py|logging/"),
    ("answers into typed outcomes", r"core/(wire|answer|redact|dialect|outcomes)"),
    ("HTTP: aiohttp and our client", r"aiohttp|provider/|yarl|multidict"),
    ("commit", r"(\b_commit|committed) \(batch_runner/ledger/commit"),
    ("read, judge, enrol", r"loader/|app/(intake|reading|choose|plan)|ledger/enrol|core/(rules|check|draft|identity|columns|values|body|prompts|hints)"),
    ("results into the sheet", r"reporter/|app/(sheet_sync|projection)|core/(outcolumns|celltext)"),
    ("ledger: claim, accepted, done", r"ledger/(claims|changes|history|rows|sqlite|commit|runs|views)|core/effects"),
    ("user's books", r"ledger/(spend|charges)|app/(spending|follow_ledgers)"),
    ("scheduler", r"scheduler/|core/(decide|pace|expect|again)"),
    ("event loop", r"asyncio/"),
)  # fmt: skip
_IDLE = re.compile(r"^(_worker|wait|get|select|_wait_for_tstate_lock) ")


def part_of(stack: str) -> str | None:
    """The part that a sample belongs to; ``None``: a thread that waits."""
    frames = stack.split(";")
    if _IDLE.match(frames[-1]):
        return None
    for frame in reversed(frames):
        for name, pattern in PARTS[:-1]:
            if re.search(pattern, frame):
                return name
    return PARTS[-1][0] if "asyncio/" in stack else "rest"


def sampled(rows: int, origin: str, folder: Path) -> tuple[Counter[str], float]:
    """Samples of each part, and the CPU seconds of all."""
    raw = folder / "samples.txt"
    environment = {**os.environ, "APIMART_API_KEY": "sk-bench", "BATCH_RUNNER_DATA": str(folder)}
    done = subprocess.run(
        ["py-spy", "record", "--rate", "250", "--threads", "--format", "raw", "-o", raw, "--",
         sys.executable, "-m", "tests.bench.contenders", "engine", origin, str(rows), "50",
         folder],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    samples: Counter[str] = Counter()
    for line in raw.read_text(encoding="utf-8").splitlines():
        stack, count = line.rsplit(" ", 1)
        part = part_of(stack)
        if part is not None:
            samples[part] += int(count)
    return samples, float(told["cpu"])


def main() -> None:
    """Measure and print the table."""
    if shutil.which("py-spy") is None:
        sys.exit("py-spy is missing: pip install py-spy")
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as made, service() as origin:
        folder = Path(made)
        bare = run("contenders", "bare", origin, rows, 50, folder)["cpu"]
        samples, cpu = sampled(rows, origin, folder)
        bare = (bare + run("contenders", "bare", origin, rows, 50, folder)["cpu"]) / 2
    sys.stdout.write(f"{rows} rows; the bare loop: {bare / rows * 1e6:.0f} us a row\n")
    sys.stdout.write("| part | us a row | of the bare loop |\n|---|---|---|\n")
    for name in [*(name for name, _ in PARTS), "rest", "all"]:
        share = 1.0 if name == "all" else samples[name] / samples.total()
        sys.stdout.write(
            f"| {name} | {share * cpu / rows * 1e6:.0f} | {share * cpu / bare:.2f}x |\n"
        )


if __name__ == "__main__":
    main()
