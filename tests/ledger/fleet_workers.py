"""Workers of a fleet as its tests need them: each with connections of its own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.postgres import campaigns, workers
from batch_runner.ledger.postgres.bucket import Bounds, Desk
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.postgres.ledger import PostgresLedger
from tests.ledger.conftest import BASIS, ORIGIN, TERMS, spec
from tests.ledger.spooled import reading


@dataclass
class Hand:
    """One worker on one campaign."""

    name: str
    token: str
    ledger: PostgresLedger
    desk: Desk
    jobs: dict[int, Job] = field(default_factory=dict)  # that it believes to have


@dataclass
class Crew:
    """A campaign and those who work on it."""

    fleet: Fleet
    campaign: str
    bounds: Bounds = field(default_factory=lambda: Bounds(rate=1e6, slots=1000))
    hands: list[Hand] = field(default_factory=list)
    _keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _open: ExitStack = field(default_factory=ExitStack)

    @classmethod
    async def gather(cls, url: str, texts: list[str], *names: str) -> Crew:
        """A fresh campaign with these rows and workers."""
        fleet = await Fleet.open(url)
        campaign = await fleet.change(campaigns.make, "sheet.csv", ORIGIN)
        await fleet.change(campaigns.set_active, campaign, active=True)
        crew = cls(fleet, campaign)
        crew._open.enter_context(closing(fleet))
        with closing(await fleet.ledger(campaign)) as ledger:
            scope, _ = await ledger.scope("", BASIS)
            rows = [spec(n, text) for n, text in enumerate(texts, start=2)]
            await ledger.enrol(scope, reading(rows, TERMS.now, basis=BASIS, origin=ORIGIN))
        for name in names:
            await crew.hire(name)
        return crew

    async def hire(self, name: str) -> Hand:
        """One more worker, of the same account as all."""
        token = await self.fleet.change(
            workers.register, host=name, pid=1, role="worker", origin=ORIGIN
        )
        ledger = await self.fleet.ledger(self.campaign)
        self._open.enter_context(closing(ledger))
        desk = Desk(token=token, account=f"of {self.campaign}", origin=ORIGIN)
        ledger.join(desk, lambda: self.bounds)
        self.hands.append(Hand(name, token, ledger, desk))
        return self.hands[-1]

    def close(self) -> None:
        """All go."""
        self._open.close()

    async def claim(self, hand: Hand, **terms: Any) -> Claim:
        """One worker asks for a job."""
        wanted: ClaimTerms = replace(TERMS, key=f"key-{next(self._keys)}", **terms)
        claim = await hand.ledger.claim(wanted)
        if claim.job is not None:
            hand.jobs[claim.job.id] = claim.job
        return claim

    async def take(self, hand: Hand) -> Job:
        """One worker asks for a job, and there is one."""
        job = (await self.claim(hand)).job
        assert job is not None
        return job

    async def die(self, hand: Hand) -> None:
        """One worker is silent for too long and removed; what it has is free."""
        await self.silence(hand)
        await self.fleet.change(workers.bury, 0.0)
        await self.hands[0].ledger.rescue(datetime.now(UTC))

    async def silence(self, hand: Hand) -> None:
        """One worker's time is over."""
        await self.fleet.change(
            lambda c: c.execute("UPDATE workers SET until = 0 WHERE token = ?", (hand.token,))
        )


async def tell(hand: Hand, job: Job, event: Event, **more: Any) -> Job:
    """A worker keeps what happened to a job, as it believes it to be."""
    change = Change(job=job.id, attempt=job.attempt, event=event, at=datetime.now(UTC), **more)
    return await hand.ledger.record(job, change)


async def looked_at(crew: Crew, job: int) -> Job:
    """A job as somebody sees it who only looks."""
    with closing(await crew.fleet.ledger(crew.campaign)) as ledger:
        return await ledger.job(job)


def play(story: Any) -> Any:
    """Run a story to its end."""
    return asyncio.run(story)
