"""A ledger on disk and a service in memory, played on virtual time."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.decide import Policy
from batch_runner.core.identity import Basis, RowIdentity
from batch_runner.core.jobs import ClaimTerms, Job, RowSpec
from batch_runner.core.model import Estimate
from batch_runner.core.ports import Others, Publisher
from batch_runner.core.spend import Refused, Reservation
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.scheduler.controls import Controls
from batch_runner.scheduler.engine import Engine
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.world import Limits, World
from tests.ledger.spooled import reading
from tests.scheduler.simulated import Album, Heard, Service, VideoShelf, in_virtual_time, wall

ORIGIN = "https://api.example.com"
BASIS = Basis(columns={"prompt": ("prompt",)}, headers=("prompt",))

Play = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


async def _no_wait() -> None:
    return None


class Stage:
    """One ledger and one service, and runs over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.service = Service()
        self.heard = Heard()
        self.album = Album()
        self.shelf = VideoShelf()
        self.publisher: Publisher | None = None
        self.halt = Halt()
        self.controls: Controls  # of the run that is on
        self.account = "me"
        self.others: Others | None = None
        self.elsewhere: Callable[[Job], Awaitable[None]] | None = None
        self.before_claim: Callable[[], Awaitable[None]] = _no_wait
        self.book: Callable[[], Awaitable[None]] = _no_wait
        self.reserve: Callable[[Reservation], Refused | None] | None = None
        self.ledger = SqliteLedger.for_command(path)
        self._keys = itertools.count(1)
        self.during: Callable[[], Awaitable[None]] | None = None  # runs beside the engine

    async def sheet(
        self, rows: Sequence[str], *, high: int | None = 500_000, midway: bool = False
    ) -> Mapping[int, int]:
        """Enrol one row a text, from line 2 on."""
        scope, _ = await self.ledger.scope("", BASIS)
        specs = [
            RowSpec(
                identity=RowIdentity(row=n, row_hash=text, whole_hash=text),
                model="viduq3",
                body=text.encode(),
                estimate=Estimate(low=high, high=high),
            )
            for n, text in enumerate(rows, start=2)
        ]
        read = reading(specs, wall(), basis=BASIS, origin=ORIGIN, midway=midway)
        await self.ledger.enrol(scope, read)
        return dict(read.rows.jobs())

    async def run(
        self,
        policy: Policy | None = None,
        limits: Limits | None = None,
        cap: int | None = None,
    ) -> StopReason | None:
        """One run of the engine, as the application makes it, from start to finish."""
        policy = policy or Policy()
        self.halt = Halt()
        run = await self.ledger.start_run(wall(), host="here", pid=1, version="0")
        world = World(
            ledger=self.ledger,
            provider=self.service,
            shelf=self.shelf,
            publisher=self.publisher,
            listener=self.heard,
            now=wall,
            jitter=lambda: 0.5,
            terms=lambda: self.terms(policy, cap),
            before_claim=self.before_claim,
            book=self.book,
            pictures=self.album,
            others=self.others,
            elsewhere=self.elsewhere,
        )
        engine = Engine(world, policy, limits or Limits(), self.halt)
        self.controls = engine.controls
        beside = asyncio.ensure_future(self.during()) if self.during is not None else None
        self.during = None
        try:
            return await engine.run(frozenset({"viduq3"}))
        finally:
            if beside is not None:
                beside.cancel()
            await self.ledger.finish_run(run, wall(), 0)

    def terms(self, policy: Policy, cap: int | None = None) -> ClaimTerms:
        """Under which a job is claimed now."""
        return ClaimTerms(
            now=wall(),
            key=f"key-{next(self._keys)}",
            origin=ORIGIN,
            account=self.account,
            cap=cap,
            max_tries=policy.max_tries,
            replay=policy.replay,
            reserve=self.reserve,
        )

    async def jobs(self) -> dict[str, Job]:
        """Every job by its text."""
        return {job.row_hash: job for job in await self.ledger.jobs_of_scope(1)}

    async def states(self) -> Counter[str]:
        """How many jobs stand in the sheet in each state."""
        return Counter(str(job.state) for job in await self.ledger.jobs_in_sheet())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A fresh world; its runs share one ledger file."""
    made = Stage(tmp_path / "ledger.sqlite")
    yield made
    made.ledger.close()


@pytest.fixture
def play() -> Play:
    """Runs a coroutine function on virtual time."""
    return in_virtual_time
