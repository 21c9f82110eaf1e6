"""A ledger against a model of it: runs, crashes, edits and answers in any order."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.ledger.postgres.fleet import Fleet
from tests.ledger.conftest import Book, postgres_book, spec

CAPS = [1_200, 1_000_000]
PRICE = 500
ROWS = "abcd"
HAPPENS = {
    State.SUBMITTING: (Event.ACCEPTED, Event.DEFERRED, Event.REJECTED, Event.LOST),
    State.RUNNING: (
        Event.READY,
        Event.FINISHED,
        Event.TASK_FAILED,
        Event.UNOBTAINABLE,
        Event.FORGOTTEN,
    ),
    State.FETCHING: (Event.STORED, Event.UNOBTAINABLE, Event.READY),
    State.SUCCEEDED: (Event.REDONE,),
    State.FAILED: (Event.RETRIED, Event.REDONE),
    State.UNKNOWN: (Event.RELEASED,),
}
WISHED = frozenset({Event.RETRIED, Event.REDONE, Event.RELEASED})


class LedgerMachine(RuleBasedStateMachine):
    """What the provider would have seen, beside what the ledger says."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.book = self.fresh()
        self.sends: dict[str, set[int]] = {}  # key -> jobs it was handed out for
        self.first: dict[str, tuple[bytes, str, datetime]] = {}  # key -> what was first sent, when
        self.accepted: dict[int, str] = {}  # job -> the task the ledger was told of
        self.task_of: dict[tuple[int, int], str] = {}  # the same by attempt
        self.unasked: set[int] = set()  # accepted or lost, and nobody asked for another
        self.holds: dict[tuple[int, int], int] = {}  # (job, attempt) -> reserved or charged
        self.over: dict[int, int] = {}  # job -> attempt that is not to be sent again
        self.tasks = 0

    def fresh(self) -> Book:
        """A ledger with nothing in it."""
        return Book(Path(self.folder.name) / "ledger.sqlite")

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.book.ledger.close()
        self.folder.cleanup()

    def jobs(self) -> list[Job]:
        """All jobs as the ledger has them."""
        return list(self.book.do(self.book.ledger.jobs_of_scope(1)))

    def step(self, job: Job, event: Event, **more: object) -> None:
        """Record, and keep the model's account."""
        kept = self.book.record(job, event, **more)
        if kept.attempt < job.attempt:  # the take before it is shown again
            assert kept.state is State.SUCCEEDED
            self.accepted[job.id] = self.task_of[job.id, kept.attempt]
        hold = more.get("hold")
        if isinstance(hold, int):
            self.holds[job.id, job.attempt] = hold

    @initialize()
    def begin(self) -> None:
        """The first run of a campaign."""
        self.book.sheet(*ROWS)
        self.book.start()

    @rule(rows=st.permutations(ROWS), data=st.data(), midway=st.booleans())
    def edit(self, *, rows: list[str], data: st.DataObject, midway: bool) -> None:
        """The sheet is saved with other rows, or rules and filter change; also during a run."""
        kept = rows[: data.draw(st.integers(1, len(ROWS)))]
        ways: list[dict[str, object]] = [
            {},
            {},
            {"wanted": False},
            {"body": None, "problem": "no"},
        ]
        specs = [
            spec(n, text, **data.draw(st.sampled_from(ways))) for n, text in enumerate(kept, 2)
        ]
        self.book.enrol(specs, midway=midway)

    @rule(
        times=st.integers(1, 4),
        replay=st.booleans(),
        account=st.sampled_from(["me", "you"]),
        cap=st.sampled_from(CAPS),
    )
    def claims(self, *, times: int, replay: bool, account: str, cap: int) -> None:
        """A run with some settings asks for the next jobs."""
        for _ in range(times):
            self.claim(replay=replay, account=account, cap=cap)

    def claim(self, *, replay: bool, account: str, cap: int) -> None:
        """The next job, if there is one."""
        before = {job.id: job for job in self.jobs()}
        job = self.book.claim(replay=replay, account=account, cap=cap).job
        if job is None:
            return
        was = before[job.id]
        if job.replay:
            assert was.state is State.UNKNOWN
            assert not self.accepted.get(job.id)
            assert job.attempt == was.attempt
            assert job.idempotency_key in self.first
        else:
            assert was.state is State.QUEUED
            assert job.id not in self.unasked
            self.holds[job.id, job.attempt] = PRICE
        now = (job.body, account, self.book.at)
        body, sender, at = self.first.setdefault(job.idempotency_key, now)
        assert (body, sender) == (job.body, account)
        assert self.book.at - at < timedelta(hours=24)
        assert job.attempt > self.over.get(job.id, 0)
        self.sends.setdefault(job.idempotency_key, set()).add(job.id)
        assert self.sends[job.idempotency_key] == {job.id}
        assert sum(self.holds.values()) <= cap

    @rule(data=st.data(), times=st.integers(1, 5), cost=st.integers(0, PRICE))
    def things_happen(self, data: st.DataObject, times: int, cost: int) -> None:
        """Some answers, ends of tasks, downloads or wishes, to whatever jobs may have them."""
        for _ in range(times):
            self.something_happens(data, cost)

    def something_happens(self, data: st.DataObject, cost: int) -> None:
        """One of them."""
        may = [(job, event) for job in self.jobs() for event in HAPPENS.get(job.state, ())]
        if not may:
            return
        job, event = data.draw(st.sampled_from(may))
        if event is Event.ACCEPTED:
            self.tasks += 1
            self.accepted[job.id] = self.task_of[job.id, job.attempt] = f"task_{self.tasks}"
            self.step(job, event, task_id=f"task_{self.tasks}")
        elif event in {Event.LOST, Event.FORGOTTEN}:
            self.step(job, event, error="unknown", error_code=str(event))
        elif event in {Event.DEFERRED, Event.REJECTED, Event.RELEASED}:
            self.step(job, event, hold=0)
        elif job.state is State.RUNNING:
            self.step(job, event, cost=cost, hold=cost)
        else:
            self.step(job, event)
        self.account_for(job, event)

    def account_for(self, job: Job, event: Event) -> None:
        """Who may be sent again, as a person would say it."""
        if event in {Event.ACCEPTED, Event.LOST}:
            self.unasked.add(job.id)
        elif event in {Event.DEFERRED, Event.REJECTED, *WISHED}:
            self.unasked.discard(job.id)
        if event in WISHED:
            self.accepted.pop(job.id, None)
            self.over[job.id] = job.attempt

    @rule(hours=st.sampled_from([0.1, 1.0, 24.0]), crash=st.booleans())
    def time_passes(self, *, hours: float, crash: bool) -> None:
        """Keys grow old; the process may die, and another run begins."""
        self.book.later(hours=hours)
        if not crash:
            return
        caught = {job.id for job in self.jobs() if job.state is State.SUBMITTING}
        self.book.reopen()
        self.book.start()
        self.unasked |= caught
        assert all(job.state is State.UNKNOWN for job in self.jobs() if job.id in caught)

    @invariant()
    def what_is_held_is_the_sum_of_the_attempts(self) -> None:
        """The running total is exact."""
        assert self.book.held() == sum(self.holds.values())

    @invariant()
    @precondition(lambda self: bool(self.unasked))
    def nothing_sent_is_queued_unasked(self) -> None:
        """A job that may be paid never goes back into the queue by itself."""
        states = {job.id: job.state for job in self.jobs()}
        assert all(states[job] is not State.QUEUED for job in self.unasked)

    @invariant()
    def each_accepted_task_is_known(self) -> None:
        """The task of a job stands in it, and no task id is ever forgotten."""
        for job in self.jobs():
            if job.id in self.accepted:
                assert job.task_id == self.accepted[job.id]
        assert self.book.do(self.book.ledger.task_ids()) == {
            f"task_{n}" for n in range(1, self.tasks + 1)
        }


def test_no_order_of_events_pays_twice_or_loses_a_task() -> None:
    """Whatever happens in whatever order, the ledger keeps its promises."""
    run_state_machine_as_test(
        LedgerMachine, settings=settings(max_examples=50, stateful_step_count=30, deadline=None)
    )


def test_nor_does_any_in_postgresql(fleet: Fleet) -> None:
    """The promises are the same in the other database; a few stories show it."""

    class OverPostgres(LedgerMachine):
        def fresh(self) -> Book:
            return postgres_book(fleet)

    run_state_machine_as_test(
        OverPostgres, settings=settings(max_examples=4, stateful_step_count=20, deadline=None)
    )
