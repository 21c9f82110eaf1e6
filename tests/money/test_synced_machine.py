"""Two computers take turns at one sheet, and die at the worst moments: no order of it pays twice.

The ledgers, the files and the decisions are the real ones; the provider is a model that knows what
was really accepted. The folder is synchronised between the turns.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

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

from batch_runner.app.place.neighbours import SharedSheet
from batch_runner.app.settle import Verdict, change_for
from batch_runner.core.again import retried
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lease import Lease
from batch_runner.core.lifecycle import Event, State
from batch_runner.ledger.sent_file import PATTERN, SentFiles
from tests.ledger.conftest import START, Book, spec

ROWS = ["one", "two", "same", "same"]
REFUSED = {"429": Event.DEFERRED, "400": Event.REJECTED}
DEATHS = ["before it is told", "before it is sent", "after it is accepted"]
ANSWERS = [*["accepted"] * 3, "accepted, lost", "lost", *REFUSED, *DEATHS]


@dataclass
class Task:
    """What the provider has of an accepted request."""

    key: str
    text: str
    fails: bool


class Computer:
    """One of the two."""

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / name
        self.folder.mkdir()
        self.machine = name * 16
        self.book = Book(self.folder / "ledger.sqlite")
        self.said: list[str] = []

    def sheet(self) -> SharedSheet:
        """What a run does about the other one."""
        at = self.book.at
        lease = Lease(machine=self.machine, host=self.machine[0], user="u", since=at, beat=at)
        files = SentFiles(self.folder, self.machine)
        say = self.said.append
        return SharedSheet(self.book.ledger, files, lease, now=lambda: self.book.at, say=say)

    def jobs(self, *states: State) -> list[Job]:
        """All its jobs that stand there."""
        jobs = self.book.do(self.book.ledger.jobs_of_scope(1))
        return [job for job in jobs if job.state in states]


class TwoComputers(RuleBasedStateMachine):
    """Turns, deaths, and what a user does in between."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        root = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.computers = [Computer(root, name) for name in "ab"]
        self.tasks: dict[str, Task] = {}
        self.keys = map("key-{}".format, itertools.count(1))
        self.ids = map("task-{}".format, itertools.count(1))
        self.at = START

    def teardown(self) -> None:
        """Leave nothing behind."""
        for computer in self.computers:
            computer.book.ledger.close()
        self.stack.close()

    @initialize(who=st.integers(0, 1))
    def begin(self, who: int) -> None:
        """Whoever begins."""
        self.turn(who, ["accepted"], [])

    @rule(
        who=st.integers(0, 1),
        answers=st.lists(st.sampled_from(ANSWERS), max_size=4),
        fails=st.lists(st.booleans(), max_size=4),
    )
    def turn(self, who: int, answers: list[str], fails: list[bool]) -> None:
        """A run on one of them, all that the other wrote being there."""
        mine, other = self.computers[who], self.computers[1 - who]
        self.at += timedelta(minutes=1)
        mine.book.at = self.at
        # Each file has one writer, so no synchroniser puts an older copy in the place of mine.
        for path in other.folder.glob(PATTERN):
            if path.stem != f"sent-{mine.machine}":
                shutil.copy(path, mine.folder)
        mine.book.start()
        mine.book.enrol([spec(row, text) for row, text in enumerate(ROWS, start=2)])
        shared = mine.sheet()
        mine.book.do(shared.meet())
        fate = itertools.chain(fails, itertools.repeat(False))
        self.look(mine, shared)
        for answer in answers:
            if not self.send(mine, shared, answer, fails=next(fate)):
                return
        self.look(mine, shared)
        mine.book.do(shared.part())

    def send(self, mine: Computer, shared: SharedSheet, answer: str, *, fails: bool) -> bool:
        """The next submit; false: the computer died."""
        ledger = mine.book.ledger if answer == DEATHS[0] else shared.ledger
        job = mine.book.do(ledger.claim(self.terms(mine))).job
        if job is None:
            return True
        if answer.startswith("accepted") or answer == DEATHS[2]:
            task = next(self.ids)
            self.tasks[task] = Task(job.idempotency_key, job.row_hash, fails)
        if answer in DEATHS:
            return False
        more: dict[str, Any] = {}
        event = REFUSED.get(answer, Event.LOST)
        if answer == "accepted":
            event, more = Event.ACCEPTED, {"task_id": task}
        self.keep(mine, shared, job, event, **more)
        return True

    def terms(self, mine: Computer) -> Any:
        """Those of a claim."""
        return replace(mine.book.terms, now=self.at, key=next(self.keys))

    def keep(
        self, mine: Computer, shared: SharedSheet, job: Job, event: Event, **more: Any
    ) -> Job:
        """Let the ledger have a change."""
        change = Change(job=job.id, attempt=job.attempt, event=event, at=self.at, **more)
        return mine.book.do(shared.ledger.record(job, change))

    def look(self, mine: Computer, shared: SharedSheet) -> None:
        """Every task is looked at; what failed is tried once more by itself."""
        for job in mine.jobs(State.RUNNING):
            if self.tasks[job.task_id or ""].fails:
                failed = self.keep(mine, shared, job, Event.TASK_FAILED, cost=0, hold=0)
                if failed.row is not None and failed.attempt <= 1:
                    mine.book.do(shared.ledger.record(failed, retried(failed, self.at)))
            else:
                self.keep(mine, shared, job, Event.FINISHED, cost=400, hold=400)

    @rule(who=st.integers(0, 1), pick=st.integers(0, 9))
    def resolve(self, who: int, pick: int) -> None:
        """The user finds out what became of an unknown row, and says what is true."""
        mine = self.computers[who]
        unknown = mine.jobs(State.UNKNOWN)
        if not unknown:
            return
        job = unknown[pick % len(unknown)]
        found = [t for t, task in self.tasks.items() if task.key == job.idempotency_key]
        if found and found[0] in mine.book.do(mine.book.ledger.task_ids()):
            return
        verdict = Verdict(task_id=found[0]) if found else Verdict(resend=True)
        mine.book.do(mine.book.ledger.record(job, change_for(job, verdict, self.at)))

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """Each row has at most one task that did not fail, and one that failed was tried once."""
        rows = Counter(ROWS)
        good = Counter(task.text for task in self.tasks.values() if not task.fails)
        assert good - rows == Counter()
        failed = Counter(task.text for task in self.tasks.values() if task.fails)
        assert failed - (rows + rows) == Counter()

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every accepted task is linked by one of the two, or held as unknown."""
        linked: set[str] = set()
        held: set[str] = set()
        for computer in self.computers:
            linked |= computer.book.do(computer.book.ledger.task_ids())
            held |= {j.idempotency_key for j in computer.jobs(State.UNKNOWN, State.SUBMITTING)}
        assert {t for t, task in self.tasks.items() if task.key not in held} <= linked

    @invariant()
    def nobody_is_told_that_it_happened(self) -> None:
        """Synchronised in between, no row is ever sent by both."""
        assert not [text for c in self.computers for text in c.said if "were sent here" in text]


@pytest.mark.timeout(300)
def test_two_computers_that_take_turns_never_pay_twice() -> None:
    """Whatever the provider answers, whoever dies when, and whatever a user finds out."""
    run_state_machine_as_test(
        TwoComputers, settings=settings(max_examples=25, stateful_step_count=12, deadline=None)
    )
