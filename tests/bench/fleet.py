"""``python -m tests.bench.fleet``: what one common ledger in PostgreSQL bears on one machine.

Claims a second of a campaign in which ``--rows`` rows are enrolled, with all that comes after
each (accepted, finished), by one to four processes; the server syncs each commit to the disk. The
provider is left out, so all that is measured is the ledger: its bucket, its budget, its journal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import secrets
import statistics
import sys
import time
from collections.abc import Awaitable
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

from batch_runner.core.identity import Basis
from batch_runner.core.jobs import Change, ClaimTerms, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.postgres import campaigns, workers
from batch_runner.ledger.postgres.bucket import Bounds, Desk
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.postgres.ledger import PostgresLedger
from tests.postgres import Server, programs

T = TypeVar("T")

ORIGIN, ACCOUNT = "https://api.example.com", "bench"
AT_ONCE = 16  # jobs that each process has under way
SECONDS = 10.0  # of each measurement
DURABLE = ("fsync=on", "synchronous_commit=on", "max_wal_size=4GB")


async def prepare(url: str, rows: int) -> str:
    """A campaign with so many rows that wait; its id."""
    with closing(await Fleet.open(url)) as fleet:
        campaign = await fleet.change(campaigns.make, "bench.csv", ORIGIN)
        with closing(await fleet.ledger(campaign)) as ledger:
            scope, _ = await ledger.scope("", Basis(columns={"prompt": ("prompt",)}, headers=()))
            await ledger._change(  # enrolling them row by row is another measurement
                lambda c: c.execute(
                    """INSERT INTO jobs (scope, row, row_hash, whole_hash, state, wanted, model,
                           body, estimate_low, estimate_high, created_at, updated_at)
                       SELECT ?, n + 1, md5(n::text), md5(n::text), 'queued', TRUE, 'viduq3',
                           convert_to('{"prompt": "take ' || n || '"}', 'UTF8'), 400000, 400000, 0, 0
                       FROM generate_series(1, ?) AS n""",
                    (scope, rows),
                )
            )
            await ledger._change(lambda c: c.execute("ANALYZE jobs"))
        await fleet.change(campaigns.set_active, campaign, active=True)
    return campaign


async def work(url: str, campaign: str, seconds: float) -> list[float]:
    """Take rows and see them to their end for so long; the seconds that each claim took."""
    with closing(await Fleet.open(url)) as fleet, closing(await fleet.ledger(campaign)) as ledger:
        token = await fleet.change(
            workers.register, host="bench", pid=1, role="worker", origin=ORIGIN
        )
        desk = Desk(token=token, account=ACCOUNT, origin=ORIGIN)
        ledger.join(desk, lambda: Bounds(rate=1e6, slots=10_000))
        claims: list[float] = []
        until = time.monotonic() + seconds
        await asyncio.gather(*(_lane(ledger, until, claims) for _ in range(AT_ONCE)))
        await fleet.change(workers.leave, token)
        return claims


async def _lane(ledger: PostgresLedger, until: float, claims: list[float]) -> None:
    while time.monotonic() < until:
        terms = ClaimTerms(
            now=datetime.now(UTC), key=secrets.token_hex(16), origin=ORIGIN, account=ACCOUNT
        )
        claim, took = await _timed(ledger.claim(terms))
        if claim.job is None:  # its turn has not come
            continue
        job = await _tell(ledger, claim.job, Event.ACCEPTED, task_id=claim.job.idempotency_key)
        await _tell(ledger, job, Event.FINISHED, cost=400_000, hold=400_000)
        claims.append(took)


async def _tell(ledger: PostgresLedger, job: Job, event: Event, **more: object) -> Job:
    change = Change(job=job.id, attempt=job.attempt, event=event, at=datetime.now(UTC), **more)  # type: ignore[arg-type]
    return await ledger.record(job, change)


async def _timed(question: Awaitable[T]) -> tuple[T, float]:
    begun = time.monotonic()
    answer = await question
    return answer, time.monotonic() - begun


def _process(url: str, campaign: str, seconds: float) -> list[float]:
    return asyncio.run(work(url, campaign, seconds))


async def _connections(url: str) -> int:
    with closing(await Fleet.open(url)) as fleet:
        return await fleet.ask(
            lambda c: c.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            ).fetchone()[0]
        )


def measure(url: str, campaign: str, processes: int, seconds: float) -> dict[str, object]:
    """So many processes at once."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        begun = pool.starmap_async(_process, [(url, campaign, seconds)] * processes)
        time.sleep(seconds * 0.7)
        connections = asyncio.run(_connections(url)) - 1
        claims = sorted(chain.from_iterable(begun.get()))
    return {
        "processes": processes,
        "rows a second": round(len(claims) / seconds),
        "median claim, ms": round(statistics.median(claims) * 1000, 1),
        "99 % of claims within, ms": round(claims[len(claims) * 99 // 100] * 1000, 1),
        "connections": connections,
    }


def main() -> None:
    """Print what was measured, one JSON line each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    found = programs()
    assert found is not None, "apt-get install postgresql"
    with Server(found, *DURABLE) as server:
        url = server.make_database("bench")
        begun = time.monotonic()
        campaign = asyncio.run(prepare(url, given.rows))
        sys.stdout.write(f"{given.rows:,} rows made in {time.monotonic() - begun:.0f} s\n")
        for processes in (1, 2, 4):
            sys.stdout.write(json.dumps(measure(url, campaign, processes, given.seconds)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
