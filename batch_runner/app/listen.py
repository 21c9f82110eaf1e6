"""Everything that happens in a run: into the log, and counted for whoever shows it."""

from __future__ import annotations

import json
import logging
import logging.handlers
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.redact import redact

LOG_BYTES = 10_000_000
LOG_FILES = 5
LOG_PAUSE = 0.5  # seconds that a line may wait

_NEWS = {
    Event.STORED: "succeeded",
    Event.FINISHED: "succeeded",
    Event.TASK_FAILED: "failed",
    Event.REJECTED: "failed",
    Event.LOST: "unknown",
    Event.FORGOTTEN: "unknown",
    Event.UNOBTAINABLE: "succeeded",
}


class Tally:
    """What this run did so far, job by job; each job counts once, by what it came to last."""

    def __init__(self) -> None:
        self._else: dict[int, str] = {}  # what the jobs that did not succeed came to
        self._succeeded = 0
        self._open: set[int] = set()
        self.sent = 0  # submissions that were accepted in this run
        self.cost = 0  # micro-dollars charged in this run, as far as it is known

    def count(self, job: Job, change: Change) -> None:
        """Take in one change."""
        if change.event in {Event.ACCEPTED, Event.ADOPTED}:
            self._open.add(job.id)
            self.sent += change.event is Event.ACCEPTED
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
        log: logging.Logger,
        *,
        show: Callable[[str], None],
    ) -> None:
        self.tally = Tally()
        self._log = log
        self._show = show
        self._touched: list[Callable[[int], None]] = []

    def tell(self, touched: Callable[[int], None]) -> None:
        """Tell this one, too, of each job that changed."""
        self._touched.append(touched)

    def changed(self, job: Job, change: Change) -> None:
        """Something happened to a job, durably."""
        for touched in self._touched:
            touched(job.id)
        self.tally.count(job, change)
        self._log.info(
            str(change.event),
            extra={
                "fields": {
                    "row": job.row,
                    "job": job.row_hash[:12],
                    "attempt": change.attempt,
                    "task_id": change.task_id or job.task_id,
                    "error_code": change.error_code or None,
                    "error": change.error or None,
                    "request_id": change.request_id,
                    "cost": change.cost,
                }
            },
        )

    def noticed(self, code: str, message: str) -> None:
        """Something about the run as a whole."""
        self._log.warning(message, extra={"fields": {"code": code}})
        self._show(message)


class _JsonLines(logging.Formatter):
    def __init__(self, run: int, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._run = run
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "run": self._run,
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        } | {name: value for name, value in fields.items() if value is not None}
        return redact(json.dumps(line, ensure_ascii=False, default=str), self._secrets)


class _LogFile(logging.handlers.RotatingFileHandler):
    """Written to disk once a moment, not once a line: a run may have thousands a second.

    A killed run loses the lines of its last moment; the ledger has what happened.
    """

    _due = 0.0  # when lines are written out next, by the record's own clock
    _lines = 0

    def flush(self) -> None:
        """Lines wait for their moment, see :meth:`emit`."""

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: ARG002, N802
        self._lines += 1
        if self._lines % 100 or self.stream is None:
            return 0
        return int(self.stream.tell() > self.maxBytes)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; what people must see at once is not kept waiting."""
        super().emit(record)
        if record.created >= self._due or record.levelno > logging.INFO:
            self._due = record.created + LOG_PAUSE
            self.write_out()

    def write_out(self) -> None:
        """Put all lines there are on disk."""
        if self.stream is not None:
            super().flush()


def flush_log(logger: logging.Logger) -> None:
    """Write out all lines there are."""
    for handler in logger.handlers:
        if isinstance(handler, _LogFile):
            handler.write_out()


def open_log(path: Path, run: int, secrets: tuple[str, ...]) -> logging.Logger:
    """The run's log: JSON lines, rotated, the key never in it."""
    logger = logging.getLogger(f"batch_runner.run.{run}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = _LogFile(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", errors="replace"
    )
    handler.setFormatter(_JsonLines(run, secrets))
    logger.addHandler(handler)
    return logger


def close_log(logger: logging.Logger) -> None:
    """Close the log's file."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
