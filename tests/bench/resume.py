"""``python -m tests.bench.resume --jobs 1000000``: a big ledger's run until it looks at a task.

The ledger holds as many jobs as that, done but for a thousand that are being made. Timed is the
way from a fresh process to the first request to the service, without reading a sheet.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.scale import service

OPEN = 1000  # tasks that are being made
BODY = b'{"model":"viduq3","prompt":"a boat on a lake at dawn, take 123456","duration":5}'


def make(path: Path, jobs: int) -> None:
    """A ledger as a run leaves it that was killed near its end."""
    from batch_runner.ledger.connection import connect
    from batch_runner.ledger.schema import migrate

    every = max(1, jobs // OPEN)
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, path)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO scopes (worksheet, basis) VALUES ('', '{}')")
        connection.executemany(
            """INSERT INTO jobs (scope, row, row_hash, whole_hash, state, wanted, attempt, model,
                   body, estimate_low, estimate_high, task_id, urls, video_file, cost, created_at,
                   updated_at)
               VALUES (1, ?, ?, ?, ?, 1, 1, 'viduq3', ?, 1, 1, ?, '["https://v/1"]', ?, 1, 1, 1)""",
            (_job(n, every) for n in range(1, jobs + 1)),
        )
        connection.execute(
            """INSERT INTO attempts (job, n, key, body, body_hash, origin, account, model,
                   first_sent_at, last_sent_at, task_id, accepted_at, duration, cost)
               SELECT id, 1, printf('%032d', id), body, '', 'o', 'a', model, 1, 1, task_id, 1,
                   iif(state = 'running', NULL, 60.0), 1 FROM jobs"""
        )
        for event in ("claimed", "accepted", "stored"):
            connection.execute(
                """INSERT INTO events (at, run, job, attempt, event, state)
                   SELECT 1, 1, id, 1, ?, 'succeeded' FROM jobs""",
                (event,),
            )
        connection.execute("COMMIT")


def _job(n: int, every: int) -> tuple[object, ...]:
    digest = hashlib.sha256(str(n).encode()).hexdigest()
    running = n % every == 0
    state, video = ("running", None) if running else ("succeeded", f"videos/{n}.mp4")
    return n + 1, digest, digest, state, BODY, f"task_{n}", video


async def look(path: Path, origin: str) -> None:
    """Open the ledger and work on it as a run does, until a first look is sent."""
    from batch_runner.core.decide import Policy
    from batch_runner.core.jobs import ClaimTerms
    from batch_runner.core.outcomes import PollOutcome
    from batch_runner.ledger.sqlite import SqliteLedger
    from batch_runner.provider.client import HttpProvider
    from batch_runner.scheduler.engine import Engine
    from batch_runner.scheduler.halt import Halt, StopReason
    from batch_runner.scheduler.world import Limits, World
    from tests.scheduler.simulated import Album, Heard, VideoShelf

    halt = Halt()
    found: list[tuple[float, float]] = []

    class Looking(HttpProvider):
        async def poll(self, task_id: str) -> PollOutcome:
            found.append((time.monotonic(), time.process_time()))
            halt.leave(StopReason(code="looked", message="that is all"))
            return await super().poll(task_id)

    async def nothing() -> None:
        pass

    ledger = SqliteLedger.for_run(path)
    await ledger.start_run(datetime.now(UTC), host="here", pid=1, version="0")
    known, soon = await ledger.models()
    await ledger.totals()
    async with Looking(origin=origin, key="sk-bench") as provider:
        world = World(
            ledger=ledger,
            provider=provider,
            shelf=VideoShelf(),
            listener=Heard(),
            now=lambda: datetime.now(UTC),
            jitter=lambda: 0.5,
            terms=lambda: ClaimTerms(now=datetime.now(UTC), key="k", origin="o", account="a"),
            before_claim=nothing,
            book=nothing,
            pictures=Album(),
        )
        await Engine(world, Policy(download=False), Limits(), halt).run(known | soon)
    ledger.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    at, cpu = found[0]
    told = {"seconds": at - float(sys.argv[3]), "CPU seconds": cpu, "peak MB": peak}
    sys.stdout.write(json.dumps(told) + "\n")


def measure(jobs: int, rounds: int) -> None:
    """Make a ledger, resume it again and again."""
    with tempfile.TemporaryDirectory() as folder, service() as origin:
        path = Path(folder) / "ledger.sqlite"
        make(path, jobs)
        for _ in range(rounds):
            command = [sys.executable, "-m", "tests.bench.resume", str(path), origin]
            done = subprocess.run(
                [*command, str(time.monotonic())], capture_output=True, text=True, check=True
            )
            size = path.stat().st_size / 1e6
            sys.stdout.write(f"{jobs} jobs, {size:.0f} MB: {done.stdout}")
            sys.stdout.flush()


def main() -> None:
    """Measure, or be the one that is measured."""
    if len(sys.argv) == 4:
        asyncio.run(look(Path(sys.argv[1]), sys.argv[2]))
        return
    parser = argparse.ArgumentParser(prog="python -m tests.bench.resume", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    measure(given.jobs, given.rounds)


if __name__ == "__main__":
    main()
