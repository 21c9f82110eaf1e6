"""A whole campaign against a provider that counts: any order of answers, edits, deaths and wishes.

The ledger, the life of a job and the decisions are the real ones; sheet, provider, user and clock
are a model, which knows what the program cannot: what was really accepted.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from batch_runner.core import decide
from batch_runner.core.again import retried, should_retry
from batch_runner.core.decide import Policy
from batch_runner.core.errors import LockedError
from batch_runner.core.fetching import Fetching, after_fetch, kept
from batch_runner.core.identity import RowIdentity
from batch_runner.core.jobs import Change, Job, RowSpec
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.outcomes import (
    FetchKind,
    FetchOutcome,
    Kept,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
)
from batch_runner.core.takes import Redo, take_of
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.lock import hold
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.sqlite import SqliteLedger
from tests.ledger.conftest import START, Book, postgres_book, spec

PRICE = 500
CAPS = [1_200, 2_600, 1_000_000]
WORDS = "abcde"
REFUSED = {
    "429": SubmitOutcome(kind=SubmitKind.LIMITED, http_status=429, retry_after=30.0),
    "402": SubmitOutcome(kind=SubmitKind.NO_BALANCE, http_status=402),
    "503": SubmitOutcome(kind=SubmitKind.UNAVAILABLE, http_status=503),
    "rejected": SubmitOutcome(kind=SubmitKind.REJECTED, http_status=400, message="no"),
    "not sent": SubmitOutcome(kind=SubmitKind.NOT_SENT, code="not_connected"),
}
LOST = SubmitOutcome(kind=SubmitKind.UNKNOWN, code="connection_lost")
AT_WORK = SubmitOutcome(kind=SubmitKind.IN_PROGRESS, http_status=409)
ANSWERS = [*REFUSED, *["accepted"] * 4, "accepted, lost", "lost", "at work"]
ENDS = ["pending", "done", "done", "failed", "not known", "no link", "no answer"]


@dataclass
class Task:
    """What the provider has accepted; it is paid unless it fails."""

    key: str
    id: str
    cost: int
    ended: str = ""  # the end it came to, which stays

    @property
    def paid(self) -> int:
        """What it really costs."""
        return 0 if self.ended == "failed" else self.cost


class CampaignMachine(RuleBasedStateMachine):
    """One sheet, its ledger, and everybody around it."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.book = self.fresh()
        self.run = self.stack.enter_context(ExitStack())  # what a dead process lets go of
        self.tasks: dict[str, Task] = {}
        self.keys: dict[str, int] = {}  # idempotency key -> the job it was sent for
        self.asked: Counter[int] = Counter()  # job -> further videos that somebody wished for
        self.closed: set[str] = set()  # keys of rows that the user gave up
        self.lines: list[str] = []

    def fresh(self) -> Book:
        """A ledger with nothing in it."""
        return Book(self.folder / "ledger.sqlite")

    def reading(self) -> Ledger:
        """The ledger, for somebody who only looks."""
        return SqliteLedger.for_reading(self.book.path)

    @initialize(honours=st.booleans())
    def begin(self, *, honours: bool) -> None:
        """A sheet is run for the first time, at a provider that honours keys or ignores them."""
        self.honours = honours
        self.policy = Policy(replay=honours, failed_tasks=1)
        self.lines = list("aab")  # two rows are equal
        self.start()

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.book.ledger.close()
        self.stack.close()

    def start(self) -> None:
        """A run begins: lock, ledger, rows."""
        self.run.enter_context(hold(self.folder, host="here", pid=1, at=self.book.at))
        self.book.start()
        self.enrol(midway=False)

    def enrol(self, *, midway: bool) -> None:
        """Read the sheet as it is."""
        seen: Counter[str] = Counter()
        specs: list[RowSpec] = []
        for row, text in enumerate(self.lines, start=2):
            seen[text] += 1
            identity = RowIdentity(row=row, row_hash=f"{text}{seen[text]}", whole_hash=text)
            specs.append(spec(row, text, identity=identity))
        self.book.enrol(specs, midway=midway)

    def jobs(self) -> list[Job]:
        """All jobs, also of rows that are gone."""
        return list(self.book.do(self.book.ledger.jobs_of_scope(1)))

    def in_state(self, *states: State) -> list[Job]:
        """Those that stand there."""
        return [job for job in self.jobs() if job.state in states]

    def keep(self, job: Job, change: Change | None) -> None:
        """Let the ledger have it."""
        if change is not None:
            self.book.do(self.book.ledger.record(job, change))

    # -- the sheet ---------------------------------------------------------------------

    @rule(
        how=st.sampled_from(["insert", "delete", "sort", "edit", "copy"]),
        at=st.integers(0, 9),
        word=st.sampled_from(WORDS),
        midway=st.booleans(),
    )
    def edit(self, how: str, at: int, word: str, *, midway: bool) -> None:
        """Somebody works in the sheet, while a run is on or between two."""
        place = at % (len(self.lines) or 1)
        if how == "insert" or not self.lines:
            self.lines.insert(place, word)
        elif how == "delete":
            del self.lines[place]
        elif how == "sort":
            self.lines.reverse()
        elif how == "edit":
            self.lines[place] = word
        elif len(self.lines) < 8:
            self.lines.append(self.lines[place])
        self.enrol(midway=midway)

    # -- the provider ------------------------------------------------------------------

    def accept(self, job: Job, cost: int) -> SubmitOutcome:
        """Take the work; under a key that is honoured only once."""
        known = next((t for t in self.tasks.values() if t.key == job.idempotency_key), None)
        if known is None or not self.honours:
            known = Task(job.idempotency_key, f"task_{len(self.tasks) + 1}", cost)
            self.tasks[known.id] = known
            replayed = False
        else:
            replayed = True
        return SubmitOutcome(kind=SubmitKind.ACCEPTED, task_id=known.id, replayed=replayed)

    def claim(self, cap: int) -> Job | None:
        """The next job to send, if the ledger hands one out."""
        job = self.book.claim(cap=cap, replay=self.policy.replay).job
        if job is not None:
            assert self.keys.setdefault(job.idempotency_key, job.id) == job.id
            assert job.idempotency_key not in self.closed
            assert self.book.held() <= cap or job.replay
        return job

    @rule(answer=st.sampled_from(ANSWERS), cap=st.sampled_from(CAPS), cost=st.integers(0, PRICE))
    def send(self, answer: str, cap: int, cost: int) -> None:
        """A submit and its answer, or the lack of one."""
        job = self.claim(cap)
        if job is None:
            return
        outcome = LOST
        if answer.startswith("accepted"):
            outcome = self.accept(job, cost)
        if answer == "accepted, lost":
            outcome = LOST
        elif answer == "at work":
            outcome = AT_WORK
        elif answer in REFUSED:
            outcome = REFUSED[answer]
        self.keep(job, decide.after_submit(job, outcome, self.policy, self.book.at, 0.5))

    @rule(reached=st.booleans(), cap=st.sampled_from(CAPS), cost=st.integers(0, PRICE))
    def die_while_sending(self, *, reached: bool, cap: int, cost: int) -> None:
        """The process dies between the intent and the answer; the POST may have arrived."""
        job = self.claim(cap)
        if job is not None and reached:
            self.accept(job, cost)
        self.die()

    @rule(end=st.sampled_from(ENDS), pick=st.integers(0, 9))
    def look(self, end: str, pick: int) -> None:
        """A look at a task that was accepted; what has ended once stays so."""
        jobs = self.in_state(State.RUNNING)
        if not jobs:
            return
        job = jobs[pick % len(jobs)]
        task = self.tasks[job.task_id or ""]
        if end in {"done", "failed", "no link"}:
            task.ended = task.ended or ("failed" if end == "failed" else "done")
        word = task.ended or end
        link = () if end == "no link" else ("https://v.example.com/1.mp4",)
        outcome = {
            "done": PollOutcome(kind=PollKind.COMPLETED, urls=link, cost=task.cost),
            "failed": PollOutcome(kind=PollKind.FAILED, cost=0, message="no"),
            "not known": PollOutcome(kind=PollKind.NOT_FOUND),
            "no answer": PollOutcome(kind=PollKind.UNAVAILABLE),
        }.get(word, PollOutcome(kind=PollKind.PENDING))
        self.keep(job, decide.after_poll(job, outcome, self.policy, self.book.at, 4))
        job = self.book.do(self.book.ledger.job(job.id))
        if job.state is State.FAILED and should_retry(job, self.policy):
            self.retry(job)

    @rule(kind=st.sampled_from(FetchKind), pick=st.integers(0, 9))
    def fetch(self, kind: FetchKind, pick: int) -> None:
        """A download, whole or not."""
        jobs = self.in_state(State.FETCHING)
        if not jobs:
            return
        job = jobs[pick % len(jobs)]
        came = FetchOutcome(kind=kind)
        if kind is FetchKind.SAVED:
            place = Kept(name=f"{job.id}_{job.attempt}.mp4")
            self.keep(job, kept(job, came, place, self.book.at))
            return
        so_far = Fetching(tries=9, fresh_links=9)
        self.keep(job, after_fetch(job, came, self.book.at, so_far, 0.5).change)

    # -- the user ----------------------------------------------------------------------

    def retry(self, job: Job) -> None:
        """One more video is wished for."""
        self.keep(job, retried(job, self.book.at))
        self.asked[job.id] += 1

    @rule(pick=st.integers(0, 9))
    def try_failed_again(self, pick: int) -> None:
        """The user, or a setting, asks for another attempt."""
        jobs = self.in_state(State.FAILED)
        if jobs:
            self.retry(jobs[pick % len(jobs)])

    @rule(pick=st.integers(0, 9), seen=st.booleans())
    def make_anew(self, pick: int, *, seen: bool) -> None:
        """The user wants another take of any job, in whatever state it is."""
        jobs = self.jobs()
        job = jobs[pick % len(jobs)] if jobs else None
        if job is None:
            return
        fresh = job.state in {State.SUCCEEDED, State.FAILED}
        asked = self.book.do(
            self.book.ledger.redo(
                job.id,
                lambda a: take_of(a, Redo(), None),
                self.book.at,
                seen=job.attempt if seen else None,
            )
        )
        assert asked is None or fresh or job.state is State.QUEUED
        self.asked[job.id] += fresh and asked is not None

    @rule(pick=st.integers(0, 9))
    def take_back(self, pick: int) -> None:
        """The user does not want a take any more; once it was sent it is too late."""
        jobs = self.in_state(State.QUEUED)
        if not jobs:
            return
        job = jobs[pick % len(jobs)]
        if self.book.do(self.book.ledger.withdraw_take(job.id, self.book.at)):
            self.asked[job.id] -= 1

    @rule(pick=st.integers(0, 9), close=st.booleans())
    def resolve(self, pick: int, *, close: bool) -> None:
        """The user looks at the provider's console, and says what is true."""
        jobs = self.in_state(State.UNKNOWN)
        if not jobs:
            return
        job = jobs[pick % len(jobs)]
        task = next((t for t in self.tasks.values() if t.key == job.idempotency_key), None)
        at = self.book.at
        change = Change(job=job.id, attempt=job.attempt, event=Event.GIVEN_UP, at=at)
        if close:
            self.closed.add(job.idempotency_key)
        elif task is not None:
            change = Change(
                job=job.id, attempt=job.attempt, event=Event.ADOPTED, at=at, task_id=task.id
            )
        else:
            change = Change(job=job.id, attempt=job.attempt, event=Event.RELEASED, at=at, hold=0)
        self.keep(job, change)

    # -- the machine -------------------------------------------------------------------

    @rule()
    def die(self) -> None:
        """The process is killed; the next run begins."""
        sending = {job.id for job in self.in_state(State.SUBMITTING)}
        self.book.ledger.close()
        self.run.close()
        self.book.ledger = self.book.open(self.book.path)
        self.start()
        assert all(job.state is State.UNKNOWN for job in self.jobs() if job.id in sending)

    @rule(hours=st.sampled_from([-30.0, -1.0, 0.05, 1.0, 23.5, 200.0]))
    def set_clock(self, hours: float) -> None:
        """Time passes, or the clock is set back."""
        self.book.later(hours=hours)
        self.book.at = max(self.book.at, START)

    @rule()
    def second_process(self) -> None:
        """Another run is refused; somebody who only looks sees what is durable."""
        with pytest.raises(LockedError), hold(self.folder, host="x", pid=2, at=self.book.at):
            pass
        looking = self.reading()
        seen = {job.id: job.state for job in self.book.do(looking.jobs_of_scope(1))}
        looking.close()
        assert seen == {job.id: job.state for job in self.jobs()}

    # -- the promises ------------------------------------------------------------------

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """One task an attempt, and no more videos of a job than somebody asked for."""
        keys = Counter(task.key for task in self.tasks.values())
        assert set(keys.values()) <= {1}
        bought = Counter(self.keys[key] for key in keys)
        assert all(count <= 1 + self.asked[job] for job, count in bought.items())

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each accepted task is linked, or its row is held as unknown."""
        linked = self.book.do(self.book.ledger.task_ids())
        held = {job.idempotency_key for job in self.in_state(State.UNKNOWN, State.SUBMITTING)}
        for task in self.tasks.values():
            assert task.id in linked or task.key in held | self.closed

    @invariant()
    def the_books_never_show_too_little(self) -> None:
        """What is held covers what was really charged."""
        assert self.book.held() >= sum(task.paid for task in self.tasks.values())

    @invariant()
    def a_video_that_was_there_is_shown_again(self) -> None:
        """A job that failed never had a good take; one that succeeded shows a task that is its."""
        for job in self.in_state(State.FAILED):
            attempts = self.book.do(self.book.ledger.attempts(job.id))
            assert all(attempt.finished_at is None for attempt in attempts)
        for job in self.in_state(State.SUCCEEDED):
            task = self.tasks[job.task_id or ""]
            assert self.keys[task.key] == job.id
            assert task.key == job.idempotency_key

    @invariant()
    def each_line_is_one_job(self) -> None:
        """The rows of the sheet and the jobs in it are one to one."""
        rows = [job.row for job in self.jobs() if job.row is not None]
        assert sorted(rows) == list(range(2, len(self.lines) + 2))


def test_no_campaign_pays_twice_or_loses_a_task() -> None:
    """Whatever provider, user, clock and machine do, in whatever order."""
    run_state_machine_as_test(
        CampaignMachine, settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )


def test_nor_does_any_whose_ledger_is_in_postgresql(fleet: Fleet) -> None:
    """The promises are the same in the other database; a few stories show it."""

    class OverPostgres(CampaignMachine):
        def fresh(self) -> Book:
            return postgres_book(fleet)

        def reading(self) -> Ledger:
            return self.book.open(self.book.path)

    run_state_machine_as_test(
        OverPostgres, settings=settings(max_examples=4, stateful_step_count=25, deadline=None)
    )
