"""Attempts that other computers made for rows of this sheet, taken into this ledger."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from batch_runner.core import wording
from batch_runner.core.elsewhere import BY_THE_SHEET, Here, Step, of_known, of_new, of_next
from batch_runner.core.jobs import Change
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.sent import Sent, followed
from batch_runner.ledger.changes import apply
from batch_runner.ledger.database import Connection
from batch_runner.ledger.newcomers import next_id
from batch_runner.ledger.rows import to_time
from batch_runner.ledger.takes import newest

_WAYS_BACK = {
    State.RUNNING: (Event.FORGOTTEN, Event.RELEASED),
    State.FETCHING: (Event.UNOBTAINABLE, Event.RETRIED),
    State.UNKNOWN: (Event.RELEASED,),
    State.SUCCEEDED: (Event.RETRIED,),
    State.FAILED: (Event.RETRIED,),
}
"""How a job comes to its next attempt; what the one before holds of the budget stays held."""


def take_in(connection: Connection, sent: Sequence[Sent], at: datetime) -> Counter[Step]:
    """Bring a ledger up to what the files of all computers tell; idempotent.

    What belongs to no row of this ledger yet is left for the next time.
    """
    desk, over = _Desk(connection, at, {one.key for one in sent}), followed(sent)
    for one in sent:
        if not desk.recognises(one) and one.key not in over:
            desk.heed(one)
    return desk.done


@dataclass(frozen=True, slots=True)
class _Attempt:
    job: int
    n: int


class _Desk:
    """The ledger's attempts and jobs while others' are put beside them."""

    def __init__(self, connection: Connection, at: datetime, told: Collection[str]) -> None:
        self._connection = connection
        self._at = at
        self._told = told
        self.done: Counter[Step] = Counter()
        self._by_key: dict[str, _Attempt] = {}
        self._by_task: dict[str, _Attempt] = {}
        for row in connection.execute("SELECT job, n, key, task_id FROM attempts"):
            attempt = _Attempt(row["job"], row["n"])
            self._by_key[row["key"]] = attempt
            if row["task_id"] is not None:
                self._by_task[row["task_id"]] = attempt
        self._by_hash: dict[str, list[int]] = defaultdict(list)
        self._by_row_key: dict[tuple[str, int], list[int]] = defaultdict(list)
        for row in connection.execute("SELECT id, row_hash, key, variant FROM jobs ORDER BY id"):
            self._by_hash[row["row_hash"]].append(row["id"])
            if row["key"] is not None:
                self._by_row_key[row["key"], row["variant"]].append(row["id"])
        rows = connection.execute("SELECT worksheet FROM scopes")
        self._worksheets = {row["worksheet"] for row in rows}

    def recognises(self, sent: Sent) -> bool:
        """Whether this ledger has the attempt, be it only because the sheet showed its task."""
        found = self._by_key.get(sent.key)
        if found is not None:
            here = self._here(found.job)
            if here.attempt == found.n:
                self._do(of_known(sent, here), sent, here)
            return True
        shown = None if sent.task_id is None else self._by_task.get(sent.task_id)
        if shown is not None:
            self._name(shown, sent)
        return shown is not None

    def heed(self, sent: Sent) -> None:
        """Find the row of an attempt that is new here, and do what that asks for."""
        before = None if sent.after is None else self._by_key.get(sent.after)
        if before is not None:
            here = self._here(before.job)
            if newest(self._connection, before.job) == before.n:
                self._do(of_next(sent, here), sent, here)
                return
        jobs = [before.job] if before is not None else self._alike(sent)
        chosen = of_new(sent, map(self._here, jobs))
        if chosen is not None:
            step, here = chosen
            self._do(step, sent, here)

    def _alike(self, sent: Sent) -> list[int]:
        """Jobs of the row that was sent: by its key, else by what it holds."""
        jobs = (
            self._by_row_key.get((sent.row_key or "", sent.variant), [])
            or self._by_hash[sent.row_hash]
        )
        known = sent.worksheet in self._worksheets  # else it was renamed
        return [job for job in jobs if not known or self._here(job).worksheet == sent.worksheet]

    def _here(self, job: int) -> Here:
        row = self._connection.execute(
            """SELECT j.id AS job, j.state, j.attempt, a.key, j.task_id, j.row, s.worksheet,
                   j.published IS NOT NULL AS published
               FROM jobs j JOIN scopes s ON s.id = j.scope
                   LEFT JOIN attempts a ON a.job = j.id AND a.n = j.attempt
               WHERE j.id = ?""",
            (job,),
        ).fetchone()
        told = row["key"] in self._told
        return Here(**(dict(row) | {"state": State(row["state"]), "told": told}))

    def _do(self, step: Step | None, sent: Sent, here: Here) -> None:
        if step is None:
            return
        self.done[step] += 1
        if step is Step.LINK:
            self._record(here, Event.ADOPTED, task_id=sent.task_id)
            self._end(sent, here)
        elif step is Step.END:
            self._end(sent, here)
        elif step is Step.LASTING and sent.end is not None:
            self._record(here, Event.PUBLISHED, published=sent.end.published)
        elif step is Step.RELEASE:
            self._record(here, Event.RELEASED, hold=0)
        elif step is Step.NAME:
            self._name(_Attempt(here.job, here.attempt), sent)
            self.recognises(sent)
        elif step is Step.APART:
            self._take(sent, self._here(self._beside(here.job)))
        else:
            self._make_ready(here)
            self._take(sent, here)

    def _name(self, attempt: _Attempt, sent: Sent) -> None:
        """An attempt known by the sheet gets the key and the number it was sent with."""
        named = self._connection.execute(
            "UPDATE attempts SET key = ?, n = ? WHERE job = ? AND n = ? AND key LIKE ?",
            (sent.key, max(attempt.n, sent.n), attempt.job, attempt.n, f"{BY_THE_SHEET}%"),
        )
        if named.rowcount:
            self._connection.execute(
                "UPDATE jobs SET attempt = ? WHERE id = ? AND attempt = ?",
                (max(attempt.n, sent.n), attempt.job, attempt.n),
            )
            attempt = _Attempt(attempt.job, max(attempt.n, sent.n))
        self._by_key[sent.key] = attempt

    def _make_ready(self, here: Here) -> None:
        """A job is taken up again, as it was elsewhere."""
        for event in _WAYS_BACK.get(here.state, ()):
            self._record(here, event)

    def _record(self, here: Here, event: Event, **more: object) -> None:
        change = Change(
            job=here.job,
            attempt=here.attempt,
            event=event,
            at=self._at,
            error_code="",
            error="",
            detail={"why": "another computer tells so"},
        )
        apply(self._connection, replace(change, **more))  # type: ignore[arg-type]

    def _take(self, sent: Sent, here: Here) -> None:
        """The row's next attempt is one that was made elsewhere."""
        # Those before it count, too, where a failed row is tried so many times by itself.
        attempt = _Attempt(here.job, max(newest(self._connection, here.job) + 1, sent.n))
        (asked,) = self._connection.execute(
            "SELECT body FROM jobs WHERE id = ?", (here.job,)
        ).fetchone()
        body = asked or b""  # as it would be sent here; its own is known there
        self._connection.execute(
            """INSERT INTO attempts (job, n, key, body, body_hash, origin, account, model,
                   first_sent_at, last_sent_at, outcome, hold)
               VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, 'adopted', ?)""",
            (
                attempt.job,
                attempt.n,
                sent.key,
                body,
                hashlib.sha256(body).hexdigest(),
                sent.origin,
                sent.model,
                sent.at,
                sent.at,
                sent.hold,
            ),
        )
        self._connection.execute(
            "UPDATE jobs SET attempt = ?, state = ? WHERE id = ?",
            (attempt.n, State.SUBMITTING, attempt.job),
        )
        self._by_key[sent.key] = attempt
        told = "" if sent.task_id is not None else wording.sent_elsewhere(sent.host)
        apply(
            self._connection,
            Change(
                job=attempt.job,
                attempt=attempt.n,
                event=Event.LOST if sent.task_id is None else Event.ACCEPTED,
                at=self._at,
                task_id=sent.task_id,
                error_code="adopted" if told else "",
                error=told,
                detail={"why": f"sent by the computer {sent.host!r}"},
            ),
        )
        if sent.task_id is not None:
            self._end(sent, self._here(attempt.job))

    def _end(self, sent: Sent, here: Here) -> None:
        """What a task came to elsewhere is what it comes to here, without another look."""
        end = sent.end
        if end is None or (end.video_file and self._is_taken(end.video_file)):
            return
        at = datetime.fromtimestamp(end.at, UTC)
        if end.failed:
            errors = {"error_code": end.error_code, "error": end.error}
            self._record(
                here, Event.TASK_FAILED, at=at, cost=end.cost, hold=end.cost or 0, **errors
            )
            return
        result = {
            "urls": () if end.url is None else (end.url,),
            "expires_at": to_time(end.expires_at),
            "cost": end.cost,
            "hold": end.cost,
        }
        if end.video_file is None:
            self._record(here, Event.FINISHED, at=at, **result)
            return
        self._record(here, Event.READY, at=at, **result)
        self._record(
            here, Event.STORED, at=at, video_file=end.video_file, video_size=end.video_size
        )
        if end.published is not None:
            self._record(here, Event.PUBLISHED, at=at, published=end.published)

    def _is_taken(self, video: str) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM attempts WHERE video_file = ?", (video,)
        ).fetchone()
        return found is not None

    def _beside(self, job: int) -> int:
        """A job of no row for what was sent twice: it is paid, so it is fetched and reported."""
        made = next_id(self._connection)
        self._connection.execute(
            """INSERT INTO jobs (id, scope, key, row_hash, whole_hash, state, wanted, model,
                   variant, created_at, updated_at)
               SELECT CAST(? AS BIGINT), scope, key, row_hash, whole_hash, 'queued', FALSE, model,
                   variant, ?, ? FROM jobs WHERE id = ?""",
            (made, self._at.timestamp(), self._at.timestamp(), job),
        )
        return made
