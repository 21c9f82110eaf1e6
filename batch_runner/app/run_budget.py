"""One budget for the sheets that run together: reserved before a send, settled with what is known."""

from __future__ import annotations

import threading

from batch_runner.app.plan import usd
from batch_runner.core.jobs import Change, Job
from batch_runner.core.spend import Reservation


class RunBudget:
    """What the sheets of one command may spend in it, in micro-dollars; any thread may ask."""

    def __init__(self, micros: int) -> None:
        self._micros = micros
        self._held: dict[str, int] = {}  # the attempt's idempotency key -> what it holds
        self._total = 0
        self._lock = threading.Lock()

    def reserve(self, wish: Reservation) -> str | None:
        """Reserve what is about to be sent; or the sentence that says why not."""
        with self._lock:
            held = self._total - self._held.get(wish.key, 0)
            if held + wish.micros > self._micros:
                return (
                    f"the next row could exceed the budget of this run, {usd(self._micros)} for "
                    f"all its sheets ({usd(held)} are spent or reserved)."
                )
            self._keep(wish.key, max(wish.micros, self._held.get(wish.key, 0)))
            return None

    def give_back(self, wish: Reservation) -> None:
        """What was reserved is not sent after all."""
        with self._lock:
            self._keep(wish.key, 0)

    def heard(self, job: Job, change: Change) -> None:
        """Something happened to a job: it may hold less by now."""
        if change.hold is not None:
            with self._lock:
                if job.idempotency_key in self._held:
                    self._keep(job.idempotency_key, change.hold)

    def _keep(self, key: str, micros: int) -> None:
        self._total += micros - self._held.get(key, 0)
        self._held[key] = micros
