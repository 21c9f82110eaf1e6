"""``python -m tests.bench.fleet_simulation``: a large fleet on virtual time. What gives first?

Nobody here has 100 machines. What their common ledger has to do for a row is known, though: one
claim, which holds the bucket of the account while it is made, and a few changes that do not; and
each worker tells its lease and meets the others a few times a second. With what these cost on one
machine (``--claim-ms`` ..., measured by ``tests.bench.fleet``) the days of such a fleet pass here
in seconds: a queue for the bucket, a queue for the cores of the database, and tasks that take as long
as those of video models do.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from batch_runner.app.fleet.member import FLEET_MEET
from batch_runner.app.run.pool import pause_among
from batch_runner.ledger.postgres.workers import LEASE

MEDIAN, SIGMA = 90.0, 0.5  # seconds that a task takes: log-normal
SETTLED = 900.0  # virtual seconds before anything is counted
COUNTED = 1800.0  # and those in which it is
CHANGES = 4  # of a row after its claim: accepted, ready, stored, and what was looked at between
SIGNS = 1 / 5  # of life a second of each worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is simulated."""

    workers: int
    rate: float  # submits a second that the provider bears
    slots: int  # tasks in flight that it bears
    in_flight: int = 500  # of one worker at most
    claim: float = 0.003  # seconds that a claim holds the bucket
    change: float = 0.0012  # seconds of one core of the database for a change
    meet: float = 0.001  # seconds of a core for a meeting, and so much more for each other worker:
    met: float = 0.00002
    cores: int = 4  # of the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How it went."""

    rows: float  # a second
    bucket: float  # part of the time in which a claim holds it
    cores: float  # part of the database's cores in use
    claim_wait: float  # seconds that half of all claims waited for the bucket at most

    @property
    def limited_by(self) -> str:
        """What was used up first."""
        if max(self.bucket, self.cores) < 0.8:
            return "the provider, or what the workers may have in flight"
        return "the bucket of the account" if self.bucket > self.cores else "the database's cores"


class _Queue:
    """Servers that take one piece of work at a time each, first come, first served."""

    def __init__(self, servers: int) -> None:
        self._free = [0.0] * servers
        self.busy = 0.0

    @property
    def free_at(self) -> float:
        """When the next piece of work can begin."""
        return self._free[0]

    def serve(self, at: float, seconds: float) -> float:
        """When work that comes now is done."""
        begun = max(at, heapq.heappop(self._free))
        heapq.heappush(self._free, begun + seconds)
        self.busy += seconds
        return begun + seconds


def simulate(fleet: Fleet, dice: random.Random) -> Seen:
    """Let it run until it is as it stays, then count."""
    bucket, cores = _Queue(1), _Queue(fleet.cores)
    slots = min(fleet.slots, fleet.workers * fleet.in_flight)
    ends: list[float] = []  # when the tasks in flight are over
    claims = 0
    waits: list[float] = []
    now, next_send = 0.0, 0.0
    signs = _signs(fleet)
    sign_at, of_core, of_bucket = next(signs)
    begun = 0.0, 0.0
    while now < SETTLED + COUNTED:
        if now < SETTLED:
            begun = bucket.busy, cores.busy
        while sign_at <= now:
            cores.serve(sign_at, of_core)
            bucket.serve(sign_at, of_bucket)  # what an account bears is divided by one at a time
            sign_at, of_core, of_bucket = next(signs)
        while ends and ends[0] <= now:
            heapq.heappop(ends)
        at = max(now, next_send, ends[0] if len(ends) >= slots else 0.0)
        done = bucket.serve(at, fleet.claim)
        cores.serve(done - fleet.claim, fleet.claim)
        for _ in range(CHANGES):
            done = max(done, cores.serve(done, fleet.change))
        task = MEDIAN * math.exp(dice.gauss(0, SIGMA))
        heapq.heappush(ends, done + task)
        next_send = at + 1 / fleet.rate
        if now >= SETTLED:
            claims += 1
            waits.append(max(0.0, done - at - fleet.claim - CHANGES * fleet.change))
        now = max(at, bucket.free_at)  # no worker queues for more than that
    span = now - SETTLED
    waits.sort()
    return Seen(
        rows=claims / span,
        bucket=(bucket.busy - begun[0]) / span,
        cores=(cores.busy - begun[1]) / span / fleet.cores,
        claim_wait=waits[len(waits) // 2],
    )


def _signs(fleet: Fleet) -> Iterator[tuple[float, float, float]]:
    """When workers speak up beside their rows; seconds of a core and of the bucket it takes."""
    meetings = 1 / max(FLEET_MEET, pause_among(fleet.workers, LEASE))
    each = SIGNS + meetings
    meeting = meetings * (fleet.meet + fleet.met * fleet.workers) / each
    step = 1 / (each * fleet.workers)
    for n in itertools.count():
        yield n * step, SIGNS * fleet.change / each + meeting, meeting


def main() -> None:
    """Print what fleets of several sizes reach, and how long ten million rows take them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--claim-ms", type=float, default=3.0)
    parser.add_argument("--change-ms", type=float, default=1.2)
    parser.add_argument("--meet-ms", type=float, default=1.0)
    parser.add_argument("--met-ms", type=float, default=0.02)
    parser.add_argument("--cores", type=int, default=4)
    given = parser.parse_args()
    costs = Fleet(
        workers=1,
        rate=1.0,
        slots=1,
        claim=given.claim_ms / 1000,
        change=given.change_ms / 1000,
        meet=given.meet_ms / 1000,
        met=given.met_ms / 1000,
        cores=given.cores,
    )
    say = sys.stdout.write
    say("| workers | provider bears | rows/s | days | bucket | database | used up first |\n")
    say("|---|---|---|---|---|---|---|\n")
    for workers, rate in itertools.product((4, 20, 100, 400), (10.0, 100.0, 1000.0)):
        fleet = replace(costs, workers=workers, rate=rate, slots=int(rate * 150))
        seen = simulate(fleet, random.Random(1))
        days = given.rows / seen.rows / 86400
        say(
            f"| {workers} | {rate:.0f}/s, {fleet.slots:,} tasks | {seen.rows:.1f} | {days:.1f} "
            f"| {seen.bucket:.0%} | {seen.cores:.0%} | {seen.limited_by} |\n"
        )


if __name__ == "__main__":
    main()
