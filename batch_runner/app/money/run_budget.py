"""One budget for the sheets that run together: reserved before a send, settled with what is known."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from batch_runner.app.sheet.plan import usd
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.core.spend import Refused, Reservation

_ON_ITS_WAY = frozenset({Event.CLAIMED, Event.ACCEPTED})


class RunBudget:
    """What the sheets of one command may spend in it, in micro-dollars; any thread may ask."""

    def __init__(self, micros: int) -> None:
        self.micros = micros
        self.total = 0  # spent or reserved
        self.in_flight: dict[str, float] = {}  # attempts -> unix seconds until when they may
        # yet turn out cheaper: a task that outlives its deadline is left to the next run
        self.lock = threading.Lock()


class Seat:
    """One sheet at that budget."""

    def __init__(self, budget: RunBudget, longest: float) -> None:
        """Take it; ``longest``: seconds for which a task is waited for."""
        self._budget = budget
        self._longest = longest
        self._held: dict[str, int] = {}  # the attempt's idempotency key -> what it holds

    def reserve(self, wish: Reservation) -> Refused | None:
        """Reserve what is about to be sent; or say what forbids it."""
        budget = self._budget
        with budget.lock:
            before = self._held.get(wish.key, 0)
            held = budget.total - before
            if held + wish.micros > budget.micros:
                return Refused(
                    f"the next row could exceed the budget of this run, {usd(budget.micros)} for "
                    f"all its sheets ({usd(held)} are spent or reserved).",
                    passing=max(budget.in_flight.values(), default=0.0) > wish.at.timestamp(),
                )
            budget.in_flight[wish.key] = wish.at.timestamp() + self._longest
            self._keep(wish.key, max(wish.micros, before))
            return None

    def give_back(self, wish: Reservation) -> None:
        """What was reserved is not sent after all."""
        with self._budget.lock:
            self._budget.in_flight.pop(wish.key, None)
            self._keep(wish.key, 0)

    def heard(self, job: Job, change: Change) -> None:
        """Something happened to a job: it may hold less by now, or hold it for good."""
        key = job.idempotency_key
        if key not in self._held:
            return
        with self._budget.lock:
            if change.hold is not None:
                self._keep(key, change.hold)
            if change.event not in _ON_ITS_WAY:
                self._budget.in_flight.pop(key, None)

    def leave(self) -> None:
        """This sheet's run is over: nothing of it gets cheaper while the others run."""
        with self._budget.lock:
            for key in self._held:
                self._budget.in_flight.pop(key, None)

    def _keep(self, key: str, micros: int) -> None:
        self._budget.total += micros - self._held.get(key, 0)
        self._held[key] = micros


@contextlib.contextmanager
def seat_at(budget: RunBudget | None, longest: float) -> Iterator[Seat | None]:
    """A seat for as long as a sheet's run lasts; ``None``: there is no such budget."""
    if budget is None:
        yield None
        return
    seat = Seat(budget, longest)
    try:
        yield seat
    finally:
        seat.leave()
