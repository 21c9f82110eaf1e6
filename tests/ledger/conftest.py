"""A ledger on a real file, and the little that its tests say again and again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from batch_runner.core.identity import Basis, RowIdentity
from batch_runner.core.jobs import Adoption, Change, Claim, ClaimTerms, Job, RowSpec
from batch_runner.core.lifecycle import Event
from batch_runner.core.model import Estimate
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.postgres import campaigns
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.sqlite import SqliteLedger
from tests.ledger.spooled import reading
from tests.postgres import Server

T = TypeVar("T")

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ORIGIN = "https://api.example.com"
BASIS = Basis(columns={"prompt": ("prompt",)}, headers=("prompt",))
TERMS = ClaimTerms(now=START, key="", origin=ORIGIN, account="me")


def spec(row: int, text: str, **more: Any) -> RowSpec:
    """A row that asks for one text; ``body`` None makes it invalid."""
    identity = RowIdentity(row=row, row_hash=text, whole_hash=text)
    made = RowSpec(
        identity=identity,
        model="viduq3",
        body=text.encode(),
        estimate=Estimate(low=100, high=500),
    )
    return replace(made, **more)


@dataclass
class Book:
    """A ledger with the clock, the keys and the sheet that go with it."""

    path: Path
    at: datetime = START
    terms: ClaimTerms = TERMS
    open: Callable[[Path], Ledger] = SqliteLedger.for_command
    ledger: Ledger = field(init=False)
    _keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.ledger = self.open(self.path)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for one thing."""
        return asyncio.run(work)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)

    def reopen(self) -> None:
        """As another process would."""
        self.ledger.close()
        self.ledger = self.open(self.path)

    def enrol(self, specs: Sequence[RowSpec], *, midway: bool = False) -> dict[int, int]:
        """Bring in the one worksheet."""
        scope, _ = self.do(self.ledger.scope("", BASIS))
        read = reading(specs, self.at, basis=BASIS, origin=ORIGIN, midway=midway)
        self.do(self.ledger.enrol(scope, read))
        return dict(read.rows.jobs())

    def sheet(self, *texts: str, midway: bool = False) -> dict[int, int]:
        """Enrol plain rows from line 2 on."""
        return self.enrol([spec(n, text) for n, text in enumerate(texts, start=2)], midway=midway)

    def start(self) -> int:
        """Open a run."""
        return self.do(self.ledger.start_run(self.at, host="here", pid=1, version="0"))

    @property
    def terms_now(self) -> ClaimTerms:
        """The terms of this moment."""
        return replace(self.terms, now=self.at)

    def claim(self, **terms: Any) -> Claim:
        """Ask for the next job, under a fresh key."""
        key = terms.pop("key", f"key-{next(self._keys)}")
        wanted = replace(self.terms, now=self.at, key=key, **terms)
        return self.do(self.ledger.claim(wanted))

    def take(self, **terms: Any) -> Job:
        """Claim the next job; there must be one."""
        job = self.claim(**terms).job
        assert job is not None
        return job

    def record(self, job: Job, event: Event, **more: Any) -> Job:
        """Keep a change and give the job as it is then."""
        change = Change(job=job.id, attempt=job.attempt, event=event, at=self.at, **more)
        told = self.do(self.ledger.record(self.do(self.ledger.job(job.id)), change))
        kept = self.do(self.ledger.job(job.id))
        assert told == kept, "what a change makes of a job is what the ledger has of it"
        return kept

    def job(self, text: str) -> Job:
        """The job of a row, in the sheet or not."""
        jobs = self.do(self.ledger.jobs_of_scope(1))
        return next(job for job in jobs if job.row_hash == text)

    def held(self) -> int:
        """What counts against the budget."""
        return self.do(self.ledger.totals()).held

    def adopted(self, row: int, text: str, kind: Adoption, task: str | None = None) -> RowSpec:
        """A row that shows results."""
        plain = spec(row, text, adopt=kind)
        return replace(plain, identity=replace(plain.identity, shown_task=task))


@pytest.fixture(scope="session")
def fleet_database(postgres: Server) -> str:
    """A PostgreSQL database in which each test has a campaign of its own."""
    return postgres.make_database("campaigns")


@pytest.fixture(scope="session")
def fleet(fleet_database: str) -> Iterator[Fleet]:
    """The shared tables of that database."""
    opened = asyncio.run(Fleet.open(fleet_database))
    yield opened
    opened.close()


def postgres_book(fleet: Fleet) -> Book:
    """A ledger in PostgreSQL, of a fresh campaign."""
    campaign = asyncio.run(fleet.change(campaigns.make, "sheet.csv", ORIGIN))
    return Book(Path(campaign), open=lambda _: asyncio.run(fleet.ledger(campaign)))


@pytest.fixture(params=["sqlite", "postgres"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Book]:
    """A fresh ledger, in each kind of database."""
    made = (
        Book(tmp_path / "ledger.sqlite")
        if request.param == "sqlite"
        else postgres_book(request.getfixturevalue("fleet"))
    )
    yield made
    made.ledger.close()


@pytest.fixture
def fleet_book(fleet: Fleet) -> Iterator[Book]:
    """A fresh ledger in PostgreSQL."""
    made = postgres_book(fleet)
    yield made
    made.ledger.close()


@pytest.fixture
def file_book(tmp_path: Path) -> Iterator[Book]:
    """A fresh ledger in a file."""
    made = Book(tmp_path / "ledger.sqlite")
    yield made
    made.ledger.close()
