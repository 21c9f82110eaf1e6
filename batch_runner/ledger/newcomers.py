"""Jobs of rows that are new to a ledger, written some at a time."""

from __future__ import annotations

import json
from typing import Any

from batch_runner.core.jobs import RowSpec
from batch_runner.core.lifecycle import State
from batch_runner.core.uploads import pictures_in
from batch_runner.ledger.database import Connection

AT_ONCE = 500  # jobs that wait to be written together

_COLUMNS = (
    "id",
    "scope",
    "row",
    "key",
    "row_hash",
    "whole_hash",
    "state",
    "wanted",
    "model",
    "body",
    "pictures",
    "estimate_low",
    "estimate_high",
    "priority",
    "file_name",
    "error_code",
    "error",
    "created_at",
    "updated_at",
    "variant",
    "fields",
)


def next_id(connection: Connection) -> int:
    """The id of the next job; nobody else adds one meanwhile."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM jobs").fetchone()
    return int(last) + 1


class Newcomers:
    """Those of one worksheet; ids are known before anything is written."""

    def __init__(self, connection: Connection, scope: int, stamp: float) -> None:
        self._connection = connection
        self._scope = scope
        self._stamp = stamp
        self._next = next_id(connection)
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, spec: RowSpec, *, wanted: bool) -> int:
        """One more; its id."""
        job, self._next = self._next, self._next + 1
        identity = spec.identity
        self._waiting.append(
            (
                job,
                self._scope,
                identity.row,
                identity.key,
                identity.row_hash,
                identity.whole_hash,
                _state(spec),
                wanted,
                spec.model,
                spec.body,
                pictures_of(spec),
                spec.estimate.low,
                spec.estimate.high,
                spec.priority,
                spec.file_name,
                spec.problem_code,
                spec.problem,
                self._stamp,
                self._stamp,
                identity.variant,
                spec.fields,
            )
        )
        if len(self._waiting) >= AT_ONCE:
            self.write()
        return job

    def write(self) -> None:
        """Let the ledger have all of them."""
        if not self._waiting:
            return
        self._connection.append("jobs", _COLUMNS, self._waiting)
        self._waiting.clear()


def pictures_of(spec: RowSpec) -> str | None:
    """What it waits for, as its row spells it."""
    pictures = pictures_in(None if spec.body is None else spec.body + spec.fields.encode())
    return json.dumps(pictures) if pictures else None


def _state(spec: RowSpec) -> State:
    if spec.invalid:
        return State.INVALID
    return State.QUEUED if spec.wanted else State.SKIPPED
