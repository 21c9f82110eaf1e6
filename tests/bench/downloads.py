"""Downloads beside ``curl -Z``: ours are durable, checked, hashed and can be continued; its are not.

``python -m tests.bench.downloads [ROUNDS]`` prints each round; one process a contender, in turn.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILES, SIZE, AT_ONCE = 60, 5_000_000, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be fetched, and where to."""

    origin: str
    files: int
    at_once: int
    folder: Path

    def links(self) -> Iterator[str]:
        """One link a file."""
        return (f"{self.origin}/{number}.mp4" for number in range(self.files))


def ours(errand: Errand) -> None:
    """As a run does it: synced, renamed, the folder synced, before the next thing happens."""
    from batch_runner.core.outcomes import FetchKind
    from batch_runner.provider.client import HttpProvider
    from batch_runner.scheduler.gates import Turns

    async def work() -> None:
        turns = Turns(errand.at_once)

        async def one(link: str) -> None:
            target = errand.folder / link.rpartition("/")[2].removesuffix(".mp4")
            async with turns.turn(None):
                outcome = await provider.fetch(link, target, target.with_suffix(".part"))
            assert outcome.kind is FetchKind.SAVED, outcome

        async with HttpProvider(origin=errand.origin, key="k") as provider:
            await asyncio.gather(*map(one, errand.links()))

    asyncio.run(work())


def curl(errand: Errand) -> None:
    """``curl -Z``: nothing is synced, checked or hashed."""
    config = "".join(f'url = "{link}"\nremote-name\n' for link in errand.links())
    at_once = ("--parallel-max", str(errand.at_once))
    subprocess.run(
        ["curl", "-Z", *at_once, "--no-progress-meter", "-K", "-"],
        input=config,
        text=True,
        check=True,
        cwd=errand.folder,
    )


CONTENDERS: dict[str, Callable[[Errand], None]] = {"ours": ours, "curl": curl}


def run(name: str, origin: str, files: int, at_once: int) -> dict[str, float]:
    """One contender in a process of its own, in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        os.sync()  # what the one before left to be written is not this one's burden
        words = [name, origin, files, at_once, folder]
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.downloads", *map(str, words)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert len(list(Path(folder).iterdir())) == files
    told: dict[str, float] = json.loads(done.stdout)
    return told


def compare(
    origin: str, rounds: int, *, files: int = FILES, at_once: int = AT_ONCE
) -> tuple[float, float]:
    """Our throughput and CPU a file, each over curl's of the same round; medians."""
    speed, cpu = [], []
    for _ in range(rounds):
        other = run("curl", origin, files, at_once)
        mine = run("ours", origin, files, at_once)
        speed.append(other["seconds"] / mine["seconds"])
        cpu.append(mine["cpu"] / other["cpu"])
        mb = files * SIZE / 1e6
        sys.stderr.write(
            f"curl {mb / other['seconds']:.0f} MB/s {1000 * other['cpu'] / files:.1f} ms CPU, "
            f"ours {mb / mine['seconds']:.0f} MB/s {1000 * mine['cpu'] / files:.1f} ms CPU a file\n"
        )
    return statistics.median(speed), statistics.median(cpu)


def _measure_one(name: str, origin: str, files: str, at_once: str, folder: str) -> None:
    errand = Errand(origin=origin, files=int(files), at_once=int(at_once), folder=Path(folder))
    import batch_runner.provider.client  # noqa: F401 - a run has it loaded long before

    begun, cpu = time.perf_counter(), time.process_time()
    CONTENDERS[name](errand)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu += children.ru_utime + children.ru_stime
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu}) + "\n")


def main() -> None:
    """One contender, as the process that is measured; or all rounds."""
    if len(sys.argv) > 2:
        _measure_one(*sys.argv[1:])
        return
    from tests.bench.__main__ import service

    if shutil.which("curl") is None:
        sys.exit("curl is needed to compare with")
    with service("--video", str(SIZE)) as origin:
        for at_once in (AT_ONCE, 32):
            speed, cpu = compare(origin, int(sys.argv[1]) if sys.argv[1:] else 5, at_once=at_once)
            sys.stdout.write(f"{at_once} at once: {speed:.2f}x of curl -Z, {cpu:.2f}x CPU\n")


if __name__ == "__main__":
    main()
