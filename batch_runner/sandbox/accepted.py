"""The durable log of what was accepted: one JSON line for each paid submission.

A line is on disk before its answer is sent, so the log is the truth to which a client's own
books can be compared after any crash of either side.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from batch_runner.sandbox.faults import Subject

RETENTION = 86_400.0  # seconds that a key is remembered


class Fate(StrEnum):
    """How a task will end, settled when it is accepted."""

    VIDEO = "video"
    FAILURE = "failure"  # refunded
    STUCK = "stuck"  # never


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One accepted submission."""

    number: int  # 1, 2, 3 ...
    task_id: str
    idempotency_key: str | None
    account: str  # a hash of the API key, never the key
    body_sha256: str  # of the bytes as they came
    body: Mapping[str, object]
    at: float  # Unix seconds
    seconds: float  # from acceptance to the end
    cost: float  # USD, taken at once, given back if the task fails
    fate: Fate

    @property
    def ends_at(self) -> float:
        """Unix seconds; infinite for a stuck task."""
        return float("inf") if self.fate is Fate.STUCK else self.at + self.seconds

    @property
    def subject(self) -> Subject:
        """Whom faults may hit."""
        return Subject(prompt=str(self.body.get("prompt", "")), body_sha256=self.body_sha256)

    def charged(self, now: float) -> float:
        """USD that this task holds of the balance at a moment."""
        return 0.0 if self.fate is Fate.FAILURE and now >= self.ends_at else self.cost


class AcceptedLog:
    """``accepted.jsonl`` and its content in memory; one process at a time may hold it."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier process accepted.

        Raises:
            ValueError: a line of the log is damaged.
            OSError: the folder cannot be used.
        """
        self.tasks: dict[str, Accepted] = {}  # by id, in the order of acceptance
        self._by_key: dict[tuple[str, str], Accepted] = {}
        self._by_body: Counter[str] = Counter()
        self._open: list[Accepted] = []
        self._failing: list[Accepted] = []
        self._taken = 0.0  # USD, refunds not taken off
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = 0
        for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
            if not line.endswith(b"\n"):
                break  # torn by a crash before its answer went out: nobody was told of it
            self._keep(_read(line, path))
            kept += len(line)
        self._file = path.open("ab")
        self._file.truncate(kept)

    def append(self, task: Accepted) -> None:
        """Put a submission on disk, then in memory."""
        document = {"schema": 1, **asdict(task)}
        self._file.write(json.dumps(document, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._keep(task)

    def known(self, account: str, key: str, now: float) -> Accepted | None:
        """The submission that came under an idempotency key, if it is still remembered."""
        task = self._by_key.get((account, key))
        return task if task and now - task.at < RETENTION else None

    def in_flight(self, now: float) -> int:
        """How many tasks are not at their end."""
        self._open = [task for task in self._open if task.ends_at > now]
        return len(self._open)

    def spent(self, now: float) -> float:
        """USD charged so far, refunds taken off."""
        return self._taken - sum(task.cost - task.charged(now) for task in self._failing)

    def of_body(self, body_sha256: str) -> int:
        """How many submissions had this very body."""
        return self._by_body[body_sha256]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _keep(self, task: Accepted) -> None:
        self.tasks[task.task_id] = task
        self._by_body[task.body_sha256] += 1
        self._open.append(task)
        self._taken += task.cost
        if task.fate is Fate.FAILURE:
            self._failing.append(task)
        if task.idempotency_key is not None:
            self._by_key.setdefault((task.account, task.idempotency_key), task)


def _read(line: bytes, path: Path) -> Accepted:
    try:
        fields = json.loads(line)
        del fields["schema"]
        return Accepted(**{**fields, "fate": Fate(fields["fate"])})
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged: {error}. Start with another state folder."
        ) from error
