"""Makespan and the search for limits: the real engine and ledger, a simulated service, a jumping clock.

A run's makespan is compared with the ideal: the same tasks put first-in-first-out on the
service's slots and rate, each seen the moment it ends.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import math
import random
import statistics
import sys
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from batch_runner.core.decide import Policy
from batch_runner.core.identity import Basis, RowIdentity
from batch_runner.core.jobs import ClaimTerms, Job, RowSpec
from batch_runner.core.model import Estimate
from batch_runner.core.outcomes import (
    Balance,
    FetchKind,
    FetchOutcome,
    Kept,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
    UploadKind,
    UploadOutcome,
)
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.scheduler.engine import Engine
from batch_runner.scheduler.halt import Halt
from batch_runner.scheduler.world import Limits, World
from tests.ledger.spooled import reading
from tests.scheduler.simulated import Album, Heard, in_virtual_time, wall

ORIGIN = "https://api.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A service with limits, and what is asked of it."""

    name: str
    jobs: int = 400
    median: float = 90.0  # seconds a task takes
    sigma: float = 0.3
    trip: float = 0.2  # seconds from a request to its answer
    slots: int = 10_000  # tasks in flight before it says 429
    rate: float = 0.0  # submits a second; 0: no limit
    burst: int = 1
    told: bool = False  # whether the service estimates the time of each task, exactly
    given: bool = False  # whether the limits are known to us from the start
    retry_after: float | None = None
    warm: bool = False  # whether an earlier run saw such tasks
    probes: float | None = None  # as limits.probes
    right: bool = False  # whether the estimates proved right in an earlier run
    goal: str = "<= 1.02, <= 6 requests"
    gross: float = 1.5  # a ratio beyond this is gross loss


@dataclass
class Service:
    """The service of a scene."""

    scene: Scene
    seconds: list[float]
    ends: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    tokens: float = 0.0
    filled: float = 0.0
    refused: int = 0
    looks: int = 0
    last_end: float = 0.0
    ids: itertools.count[int] = field(default_factory=itertools.count)
    busy: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = float(self.scene.burst)

    async def submit(self, body: bytes, key: str) -> SubmitOutcome:  # noqa: ARG002
        """Take a task within the limits."""
        await asyncio.sleep(self.scene.trip / 2)
        now = asyncio.get_running_loop().time()
        taken = self._take(now)
        await asyncio.sleep(self.scene.trip / 2)
        if taken is None:
            self.refused += 1
            return SubmitOutcome(
                kind=SubmitKind.LIMITED, http_status=429, retry_after=self.scene.retry_after
            )
        return SubmitOutcome(kind=SubmitKind.ACCEPTED, task_id=taken)

    def _take(self, now: float) -> str | None:
        scene = self.scene
        while self.busy and self.busy[0] <= now:
            heapq.heappop(self.busy)
        if scene.rate:
            fresh = (now - self.filled) * scene.rate
            self.tokens, self.filled = min(scene.burst, self.tokens + fresh), now
            if self.tokens < 1:
                return None
        if len(self.busy) >= scene.slots:
            return None
        self.tokens -= 1
        number = next(self.ids)
        task = f"task_{number}"
        self.took[task] = self.seconds[number]
        self.ends[task] = now + self.seconds[number]
        self.last_end = max(self.last_end, self.ends[task])
        heapq.heappush(self.busy, self.ends[task])
        return task

    async def poll(self, task_id: str) -> PollOutcome:
        """Tell whether a task is done."""
        self.looks += 1
        await asyncio.sleep(self.scene.trip / 2)
        done = self.ends[task_id] <= asyncio.get_running_loop().time()
        await asyncio.sleep(self.scene.trip / 2)
        told = self.took[task_id] if self.scene.told else None
        if not done:
            return PollOutcome(kind=PollKind.PENDING, status="processing", estimated_time=told)
        return PollOutcome(
            kind=PollKind.COMPLETED, urls=("https://v.example.com/a.mp4",), estimated_time=told
        )

    async def upload(self, content: bytes, name: str) -> UploadOutcome:
        """No scene has pictures."""
        return UploadOutcome(kind=UploadKind.REFUSED, message=f"{name}: {len(content)} bytes")

    async def fetch(self, url: str, target: Path, part: Path) -> FetchOutcome:  # noqa: ARG002
        """Nothing is downloaded here."""
        return FetchOutcome(kind=FetchKind.SAVED, path=target)

    async def balance(self) -> Balance:
        """There is always money."""
        return Balance(remaining=None)


class _Shelf:
    async def place(self, job: Job) -> Path:
        return Path(str(job.id))

    async def part(self, job: Job) -> Path:
        return Path(f"{job.id}.part")

    async def at_hand(self, job: Job) -> FetchOutcome | None:  # noqa: ARG002
        return None

    async def keep(self, job: Job, came: FetchOutcome) -> Kept:  # noqa: ARG002
        return Kept(name=str(came.path))

    async def settled(self, job: Job) -> None:
        pass


def _memory() -> Path | None:
    """A folder in memory, where there is one: no time passes here, so no disk is waited for."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else None


def ideal(scene: Scene, seconds: list[float]) -> float:
    """The makespan of a perfect client, from its first request on."""
    slots: list[float] = []
    last = 0.0
    for number, took in enumerate(seconds):
        start = scene.trip / 2
        if scene.rate and number >= scene.burst:
            start = max(start, scene.trip / 2 + (number - scene.burst + 1) / scene.rate)
        if len(slots) >= scene.slots:
            start = max(start, heapq.heappop(slots))
        heapq.heappush(slots, start + took)
        last = max(last, start + took)
    return last + scene.trip / 2


def play(scene: Scene, seed: int) -> dict[str, float]:
    """One run: makespan over ideal, looks and refusals a job."""
    dice = random.Random(seed)
    seconds = [scene.median * math.exp(dice.gauss(0, scene.sigma)) for _ in range(scene.jobs)]
    service = Service(scene, seconds)
    known = [scene.median * math.exp(dice.gauss(0, scene.sigma)) for _ in range(100)]
    made = 0.0

    async def story() -> None:
        nonlocal made
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            ledger = SqliteLedger.for_command(Path(folder) / "ledger.sqlite")
            await _enrol(ledger, scene.jobs)
            engine = _engine(scene, service, ledger)
            if scene.warm:
                engine._crew.learned["viduq3"] = sorted(known)
            if scene.right:
                engine._crew.right["viduq3"] = 3
            await engine.run()
            made = asyncio.get_running_loop().time()
            assert len(service.ends) == scene.jobs, len(service.ends)
            ledger.close()

    in_virtual_time(story)
    return {
        "ratio": made / ideal(scene, seconds),
        "looks": service.looks / scene.jobs,
        "refused": service.refused / scene.jobs,
    }


async def _enrol(ledger: SqliteLedger, jobs: int) -> None:
    basis = Basis(columns={}, headers=())
    scope, _ = await ledger.scope("", basis)
    specs = [
        RowSpec(
            identity=RowIdentity(row=n, row_hash=str(n), whole_hash=str(n)),
            model="viduq3",
            body=b"{}",
            estimate=Estimate(low=1, high=1),
        )
        for n in range(2, jobs + 2)
    ]
    await ledger.enrol(scope, reading(specs, wall(), basis=basis, origin=ORIGIN))
    await ledger.start_run(wall(), host="here", pid=1, version="0")


def _engine(scene: Scene, service: Service, ledger: SqliteLedger) -> Engine:
    keys, dice = itertools.count(), random.Random(7)

    async def nothing() -> None:
        return None

    def terms() -> ClaimTerms:
        now: datetime = wall()
        return ClaimTerms(
            now=now, key=f"k{next(keys)}", origin=ORIGIN, account="me", max_tries=999
        )

    world = World(
        ledger=ledger,
        provider=service,
        shelf=_Shelf(),
        listener=Heard(),
        now=wall,
        jitter=dice.random,
        terms=terms,
        before_claim=nothing,
        book=nothing,
        pictures=Album(),
    )
    given = (scene.rate or 1e4, scene.slots) if scene.given else (None, None)
    limits = Limits(rate=given[0], slots=given[1], probes=scene.probes)
    return Engine(world, Policy(download=False, max_tries=999), limits, Halt())


_SHORT = Scene(name="", jobs=500, median=4.0, sigma=0.2, trip=0.1, slots=50, rate=10.0)
SCENES = (
    Scene(name="50 slots found", slots=50, warm=True),
    Scene(name="50 slots found, model never seen", slots=50),
    Scene(name="20 slots found", slots=20, warm=True),
    Scene(name="50 slots given", slots=50, given=True, warm=True),
    Scene(name="50 slots given, probes: 1/s", slots=50, given=True, warm=True, probes=1.0),
    Scene(
        name="50 slots given, exact estimates",
        slots=50,
        given=True,
        told=True,
        right=True,
        goal="<= 1.006, <= 1.05 looks",
    ),
    Scene(
        name="50 slots given, all tasks alike",
        slots=50,
        given=True,
        sigma=0.0,
        warm=True,
        goal="<= 1.02, <= 1.05 looks",
    ),
    replace(_SHORT, name="10/s burst 10, not known", burst=10, goal="<= 1.05, <= 0.1 429s"),
    replace(_SHORT, name="10/s burst 1, not known", goal="<= 1.5, <= 0.06 429s", gross=3.0),
    replace(
        _SHORT,
        name="slots only, not known, no probes",
        median=20.0,
        rate=0.0,
        probes=0.0,
        goal="<= 1.12, <= 0.05 429s",
    ),
    replace(
        _SHORT,
        name="10/s burst 10, Retry-After",
        burst=10,
        retry_after=1.0,
        goal="(for comparison)",
    ),
)


def measure(scene: Scene, seeds: int = 3) -> dict[str, float]:
    """Medians over some seeds."""
    played = [play(scene, seed) for seed in range(seeds)]
    return {name: statistics.median(one[name] for one in played) for name in played[0]}


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for scene in SCENES:
        if not wanted or any(word in scene.name for word in wanted):
            told = {name: round(value, 3) for name, value in measure(scene).items()}
            sys.stdout.write(f"{scene.name:36} {json.dumps(told)}\n")
            sys.stdout.flush()
