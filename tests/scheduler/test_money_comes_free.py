"""A budget kept in books outside of the ledger: no run gives up while its own money comes free."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from batch_runner.core.jobs import Claim, ClaimTerms
from batch_runner.core.outcomes import SubmitKind, SubmitOutcome
from batch_runner.core.spend import Refused, Reservation
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.scheduler.world import Limits
from tests.scheduler.conftest import Play, Stage

PRICE = 500_000
EVERY = 0.35  # seconds from one group of claims to the next
REJECTED = SubmitOutcome(kind=SubmitKind.REJECTED, http_status=400, message="no")


@dataclass
class Books:
    """Reservations of a budget; what became of them is known when it is booked, not before."""

    stage: Stage
    budget: int
    holds: dict[str, int] = field(default_factory=dict)  # idempotency key -> micro-dollars

    def reserve(self, wish: Reservation) -> Refused | None:
        """Reserve, or refuse."""
        if sum(self.holds.values()) + wish.micros > self.budget:
            return Refused("the budget is used up.")
        self.holds[wish.key] = wish.micros
        return None

    async def book(self) -> None:
        """Take over all that was settled so far."""
        for job, change in self.stage.heard.changes:
            if change.hold is not None:
                self.holds[job.idempotency_key] = change.hold


class BusyLedger(SqliteLedger):
    """Claims are made in groups, as on a slow disk."""

    async def claim(self, terms: ClaimTerms) -> Claim:
        """Wait for the next group, then claim."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(EVERY - now % EVERY)
        return await super().claim(terms)


@pytest.mark.parametrize("slots", [None, 2, 3])
@pytest.mark.parametrize(("rate", "latency"), [(20.0, 0.1), (100.0, 0.3)])
def test_a_claim_refused_by_books_of_yesterday_ends_no_run(
    stage: Stage, play: Play, slots: int | None, rate: float, latency: float
) -> None:
    """Whatever is settled while other claims are on their way: the next row gets the money."""
    stage.ledger.close()
    stage.ledger = BusyLedger.for_command(stage.path)
    books = Books(stage, PRICE)
    stage.book, stage.reserve = books.book, books.reserve
    stage.service.latency = latency
    stage.service.faults = {1: REJECTED, 2: REJECTED}

    async def story() -> None:
        await stage.sheet(["first", "second", "third"], high=PRICE)
        assert await stage.run(limits=Limits(slots=slots, rate=rate)) is None
        assert await stage.states() == {"failed": 2, "succeeded": 1}

    play(story)
