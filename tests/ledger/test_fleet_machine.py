"""Workers that claim, answer, die and come back in any order: nothing is paid twice, no task lost."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import Event, IllegalTransitionError, State
from batch_runner.ledger.postgres import workers
from batch_runner.ledger.postgres.bucket import Bounds
from tests.ledger.fleet_workers import Crew, Hand, tell

ROWS = 6
SLOTS = 4
WHAT = (
    ("claims",) * 5
    + ("accepted",) * 4
    + ("deferred", "lost", "ends", "ends", "adopts")
    + (
        "dies",
        "leaves",
    )
)
STEP = st.tuples(st.sampled_from(WHAT), st.integers(0, 2), st.integers(0, ROWS))


class Play:
    """Three workers on one campaign; each is replaced once it knows that it was taken for dead."""

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self.do: Callable[[Any], Any] = runner.run
        names = [f"worker {n}" for n in range(3)]
        texts = [f"row {n}" for n in range(ROWS)]
        self.crew: Crew = self.do(Crew.gather(url, texts, *names))
        self.crew.bounds = Bounds(rate=1e9, slots=SLOTS)
        self.sent: Counter[str] = Counter()  # keys that may have been taken, and how often
        self.tasks: set[str] = set()  # that the provider gave and the ledger was told
        self.flights = 0  # of the account; those that came to light late may be too many
        self.numbers = itertools.count(1)

    def step(self, what: str, who: int, which: int) -> None:
        """Something happens to a worker."""
        hand = self.crew.hands[who]
        if what == "claims":
            self.claim(hand, who)
        elif what == "adopts":
            hand.jobs |= {job.id: job for job in self.do(hand.ledger.adopt(2))}
        elif what == "dies":  # it goes on all the same, and does not know
            self.do(self.crew.die(hand))
        elif what == "leaves":
            self.do(hand.ledger.release(datetime.now(UTC)))
            self.do(self.crew.fleet.change(workers.leave, hand.token))
            hand.jobs.clear()
        elif hand.jobs:
            self.answer(what, hand, list(hand.jobs.values())[which % len(hand.jobs)])

    def claim(self, hand: Hand, who: int) -> None:
        """A worker asks for a job; one that was removed is replaced."""
        try:
            claim = self.do(self.crew.claim(hand))
        except LedgerError:
            self.do(self.crew.hire(f"{hand.name} again"))
            self.crew.hands[who] = self.crew.hands.pop()
            return
        if claim.job is not None:
            assert self.flights < SLOTS, "a job was handed out though all slots were taken"
            self.sent[claim.job.idempotency_key] += 1

    def answer(self, what: str, hand: Hand, job: Job) -> None:
        """A worker tells of a job that it believes to have; it may be fenced off, or be wrong."""
        task = f"task {next(self.numbers)}"
        told: dict[str, tuple[Event, dict[str, Any]]] = {
            "accepted": (Event.ACCEPTED, {"task_id": task}),
            "deferred": (Event.DEFERRED, {}),
            "lost": (Event.LOST, {}),
            "ends": (Event.FINISHED, {"hold": 100, "cost": 100}),
        }
        event, more = told[what]
        try:
            hand.jobs[job.id] = self.do(tell(hand, job, event, **more))
        except (LedgerError, IllegalTransitionError):
            del hand.jobs[job.id]
            return
        if event is Event.ACCEPTED:
            self.tasks.add(task)
        elif event is Event.DEFERRED:  # certainly not taken: its key may be sent again
            self.sent[job.idempotency_key] -= 1

    def holds(self) -> None:
        """What must never be otherwise."""
        assert set(self.sent.values()) <= {0, 1}, "a key was handed out twice"
        schema = f"campaign_{self.crew.campaign}"
        jobs, attempts, flights, living = self.do(
            self.crew.fleet.ask(
                lambda connection: [
                    connection.execute(sql).fetchall()
                    for sql in (
                        f"SELECT id, state, owner FROM {schema}.jobs",
                        f"SELECT job, key, task_id, outcome FROM {schema}.attempts",
                        f"""SELECT f.job FROM flights f JOIN campaigns c ON c.number = f.campaign
                            WHERE c.id = '{self.crew.campaign}'""",
                        "SELECT token FROM workers",
                    )
                ]
            )
        )
        assert {row["key"] for row in attempts} == set(self.sent)
        assert self.tasks <= {row["task_id"] for row in attempts}, "an accepted task is lost"
        told = Counter(row["job"] for row in attempts if row["task_id"] is not None)
        assert set(told.values()) <= {1}, "a job was paid twice"
        busy = {row["id"] for row in jobs if row["state"] in {State.SUBMITTING, State.RUNNING}}
        assert {row["job"] for row in flights} <= busy
        self.flights = len(flights)
        owners = {row["owner"] for row in jobs if row["state"] == State.SUBMITTING}
        assert owners <= {row["token"] for row in living}
        settled = [row for row in jobs if row["id"] not in busy and row["state"] != State.FETCHING]
        assert {row["owner"] for row in settled} <= {None}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=10, max_size=30))
def test_no_order_of_deaths_pays_twice_or_loses_a_task(
    fleet_database: str, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever workers do, in any order, with some of them dead and answering late."""
    with asyncio.Runner() as runner:
        play = Play(fleet_database, runner)
        try:
            for step in steps:
                play.step(*step)
                play.holds()
        finally:
            play.crew.close()
