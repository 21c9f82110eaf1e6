"""Everything that happens in a run: into the log, and counted for whoever shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import islice

from batch_runner.app.run.run_log import RunLog
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.model import MICROS
from batch_runner.scheduler.halt import Halt, StopReason

_NEWS = {
    Event.STORED: "succeeded",
    Event.FINISHED: "succeeded",
    Event.TASK_FAILED: "failed",
    Event.REJECTED: "failed",
    Event.LOST: "unknown",
    Event.FORGOTTEN: "unknown",
    Event.UNOBTAINABLE: "succeeded",
    Event.INVALIDATED: "invalid",
}
_LAST = frozenset({*_NEWS, Event.PUBLISHED, Event.UNPUBLISHED})
"""After these nothing more is to come in a run."""


class Tally:
    """What this run did so far, job by job; each job counts once, by what it came to last."""

    def __init__(self) -> None:
        self._else: dict[int, str] = {}  # what the jobs that did not succeed came to
        self._succeeded = 0
        self._open: set[int] = set()
        self.sent = 0  # submissions that were accepted in this run
        self.cost = 0  # micro-dollars charged in this run, as far as it is known
        self.limited = 0  # submits answered with 429

    def count(self, job: Job, change: Change) -> None:
        """Take in one change."""
        if change.event in {Event.ACCEPTED, Event.ADOPTED}:
            self._open.add(job.id)
            self.sent += change.event is Event.ACCEPTED
        if change.event is Event.DEFERRED and (change.detail or {}).get("http_status") == 429:
            self.limited += 1
        if change.event is Event.RETRIED:
            self._else.pop(job.id, None)
        if change.event in _NEWS:
            self._came_to(job.id, _NEWS[change.event])
            self._open.discard(job.id)
        if change.event in {Event.READY, Event.FINISHED, Event.TASK_FAILED}:
            self._open.discard(job.id)
            self.cost += change.cost or 0

    def _came_to(self, job: int, state: str) -> None:
        # Of the many that succeed only the number is kept: nothing takes them back in one run.
        if state == "succeeded":
            self._else.pop(job, None)
            self._succeeded += 1
        else:
            self._else[job] = state

    def resumed(self, job: Job) -> None:
        """A task of an earlier run is seen to its end by this one."""
        if job.state is State.RUNNING:
            self._open.add(job.id)

    @property
    def new(self) -> dict[str, int]:
        """State -> jobs that came to it in this run."""
        done = {"succeeded": self._succeeded} if self._succeeded else {}
        return done | dict(Counter(self._else.values()))

    def troubled(self, most: int = 5) -> list[int]:
        """The first jobs that did not succeed in this run."""
        return list(islice(self._else, most))

    @property
    def being_made(self) -> int:
        """Tasks at work at the provider."""
        return len(self._open)

    @property
    def ended(self) -> int:
        """Jobs that came to an end in this run."""
        return self._succeeded + len(self._else)


class RunListener:
    """Hears what happens, and passes it to the log, the tally, and the screen."""

    def __init__(
        self,
        log: RunLog,
        *,
        show: Callable[[str], None],
    ) -> None:
        self.tally = Tally()
        self._log = log
        self._show = show
        self._touched: list[Callable[[int], None]] = []
        self._since: dict[int, datetime] = {}  # job on its way -> what happened to it last
        self._notes: list[Callable[[str, str], None]] = []
        self._heard: list[Callable[[Job, Change], None]] = []

    def pass_on(self, heard: Callable[[Job, Change], None]) -> None:
        """Tell this one, too, of all that happens."""
        self._heard.append(heard)

    def tell(self, touched: Callable[[int], None]) -> None:
        """Tell this one, too, of each job that changed."""
        self._touched.append(touched)

    def changed(self, job: Job, change: Change) -> None:
        """Something happened to a job, durably."""
        for touched in self._touched:
            touched(job.id)
        for heard in self._heard:
            heard(job, change)
        self.tally.count(job, change)
        self._log.happened(
            change.event,
            {
                "row": job.row,
                "key": job.key,
                "variant": job.variant if job.variant > 1 else None,
                "job": job.row_hash[:MARK_LENGTH],
                "attempt": change.attempt,
                "seconds": self._seconds(job, change),
                "task_id": change.task_id or job.task_id,
                "request_id": change.request_id,
                "http_status": change.detail.get("http_status") if change.detail else None,
                "task_seconds": change.duration,
                "cost_usd": None if change.cost is None else change.cost / MICROS,
                "video_file": change.video_file,
                "video_url": change.published,
                "error_code": change.error_code or None,
                "error": change.error or None,
            },
        )

    def _seconds(self, job: Job, change: Change) -> float | None:
        """Seconds since what happened to the job before, in this run."""
        before = self._since.pop(job.id, None)
        if change.event not in _LAST:
            self._since[job.id] = change.at
        if before is None:
            return None
        return max(0.0, round((change.at - before).total_seconds(), 3))  # clocks may be set back

    def noticed(self, code: str, message: str) -> None:
        """Something about the run as a whole."""
        self.note(code, message)
        self._show(message)

    def note(self, code: str, message: str) -> None:
        """The same, for the log and whoever hears of notes, but not for the screen."""
        self._log.warned("notice", {"code": code, "message": message})
        for told in self._notes:
            told(code, message)

    def hear(self, told: Callable[[str, str], None]) -> None:
        """Tell this one, too, of each notice: its code and the message."""
        self._notes.append(told)

    def watch(self, halt: Halt) -> None:
        """Note why nothing more is sent, the moment it is decided."""
        noted: list[StopReason] = []

        def changed() -> None:
            reason = halt.reason
            if reason is not None and reason not in noted:
                noted.append(reason)
                self.note(reason.code, f"nothing more is sent: {reason.message}")

        halt.on_change(changed)
