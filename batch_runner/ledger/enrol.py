"""Rows in: the jobs already known follow their rows, new rows become jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from batch_runner.core.identity import Basis
from batch_runner.core.jobs import Candidate, Change, RowSpec, edited_since
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.core.uploads import PICTURE_REFUSED
from batch_runner.ledger.adopt import adopt
from batch_runner.ledger.changes import apply
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.history import write_event
from batch_runner.ledger.matching import new_job, place
from batch_runner.ledger.newcomers import AT_ONCE, Newcomers, pictures_of
from batch_runner.ledger.spool import Spool

WAITING = frozenset({State.QUEUED, State.INVALID, State.SKIPPED})
"""States of jobs that were not sent: they follow the sheet and the settings."""


def open_scope(connection: Connection, worksheet: str, basis: Basis) -> tuple[int, Basis]:
    """A worksheet's scope, made on first sight, and the basis of the hashes it holds."""
    connection.execute(
        "INSERT INTO scopes (worksheet, basis) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (worksheet, basis.to_json()),
    )
    row = connection.execute("SELECT * FROM scopes WHERE worksheet = ?", (worksheet,)).fetchone()
    return int(row["id"]), Basis.from_json(row["basis"])


def scopes(connection: Connection) -> dict[str, int]:
    """Worksheet name -> scope id."""
    rows = connection.execute("SELECT worksheet, id FROM scopes ORDER BY id")
    return {row["worksheet"]: row["id"] for row in rows}


def rename_scope(connection: Connection, scope: int, worksheet: str) -> None:
    """A worksheet was renamed; its rows showed that it is the same one."""
    connection.execute("UPDATE scopes SET worksheet = ? WHERE id = ?", (worksheet, scope))


def out_columns(connection: Connection, scope: int) -> dict[str, str]:
    """Our name -> header text of the columns we wrote."""
    row = connection.execute("SELECT out_columns FROM scopes WHERE id = ?", (scope,)).fetchone()
    columns: dict[str, str] = json.loads(row["out_columns"])
    return columns


def save_out_columns(connection: Connection, scope: int, columns: Mapping[str, str]) -> None:
    """Remember which columns are ours."""
    connection.execute(
        "UPDATE scopes SET out_columns = ? WHERE id = ?", (json.dumps(dict(columns)), scope)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A worksheet as it was read at one moment."""

    rows: Spool
    mark: Callable[[Candidate], RowSpec]  # says whether a row is wanted, and what it adopts
    at: datetime
    basis: Basis  # by which the rows were hashed
    origin: str  # where tasks that the rows show are looked for
    midway: bool = False  # a run is on


def enrol(connection: Connection, scope: int, reading: Reading) -> None:
    """Bring the ledger's picture of one worksheet up to date; idempotent.

    All of it is one transaction: hashes without the basis they were made by, or a new job
    without the task its row shows, would be bought again after a crash between the two.

    Rows that left the sheet keep their jobs (and their cost) without a line; those not sent
    yet can no longer be claimed. ``midway`` through a run, rows never seen before wait for the
    next run, unless they stand where a job waited: that one was edited, and is replaced. Nor
    does saving the sheet let in what this run was to leave out (``hold_back``, a limit).
    """
    waited: set[tuple[int, int]] = set()
    for gone in place(connection, scope, reading.rows):
        left = connection.execute(
            """UPDATE jobs SET row = NULL WHERE id = ?
               RETURNING wanted AND state IN ('queued', 'invalid') AS waited""",
            (gone.id,),
        ).fetchone()
        if gone.variant > 1:  # it may have been the one in the main columns
            connection.execute(
                "UPDATE jobs SET best = 1 WHERE scope = ? AND row = ? AND best = ?",
                (scope, gone.row, gone.variant),
            )
        if left["waited"] and gone.row is not None:
            waited.add((gone.row, gone.variant))
    stamp = reading.at.timestamp()
    new = Newcomers(connection, scope, stamp)
    for candidate, known in _with_jobs(connection, reading.rows.candidates()):
        spec, row = reading.mark(candidate), candidate.spec.identity
        if known is None:
            claimable = spec.wanted and (not reading.midway or (row.row, row.variant) in waited)
            job = new.add(spec, wanted=claimable)
            if spec.adopt is not None:
                new.write()
                adopt(connection, job, spec, reading.origin, reading.at)
            reading.rows.place(row, new_job(job, spec))
        else:
            _update(connection, known, spec, stamp, midway=reading.midway)
    new.write()
    basis = reading.basis.to_json()
    connection.execute("UPDATE scopes SET basis = ? WHERE id = ?", (basis, scope))


def _with_jobs(
    connection: Connection, candidates: Iterator[Candidate]
) -> Iterator[tuple[Candidate, Row | None]]:
    """Each with its job as the ledger has it; many are asked for at once."""
    while some := list(islice(candidates, AT_ONCE)):
        known = [candidate.job.id for candidate in some if candidate.job is not None]
        rows = connection.execute(
            "SELECT * FROM jobs WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (json.dumps(known),),
        )
        jobs: dict[int, Row] = {row["id"]: row for row in rows} if known else {}
        for candidate in some:
            yield candidate, None if candidate.job is None else jobs[candidate.job.id]


def _update(
    connection: Connection, row: Row, spec: RowSpec, stamp: float, *, midway: bool
) -> None:
    job, identity = row["id"], spec.identity
    state = State(row["state"])
    _follow(connection, row, spec, wanted=spec.wanted and (not midway or bool(row["wanted"])))
    if spec.wanted and spec.body is not None and edited_since(state, row["row_hash"], identity):
        at = datetime.fromtimestamp(stamp, UTC)
        apply(
            connection,
            Change(
                job=job,
                attempt=row["attempt"],
                event=Event.RETRIED,
                at=at,
                error_code="",
                error="",
            ),
        )
    refused = state is State.INVALID and row["error_code"] == PICTURE_REFUSED
    if state not in WAITING or (refused and row["body"] == spec.body):
        return  # also a picture that the provider does not take: it would not the next time
    if midway and state is State.SKIPPED and not row["wanted"]:
        spec = replace(spec, wanted=False)  # taken out of this run: saving the sheet is no wish
    same = state is State.INVALID and _is_wrong_as_before(row, spec)
    if same and row["error"] != spec.problem:  # said in another language
        connection.execute("UPDATE jobs SET error = ? WHERE id = ?", (spec.problem, job))
    for event in () if same else _waiting_events(state, spec):
        # A row that is wrong in the same way as before is no news; any other change is.
        state = advance(state, event)
        connection.execute(
            """UPDATE jobs SET state = ?, error_code = ?, error = ?, noted = FALSE, updated_at = ?
               WHERE id = ?""",
            (state, spec.problem_code, spec.problem, stamp, job),
        )
        write_event(connection, job, row["attempt"], (event, state), stamp)


def _follow(connection: Connection, job: Row, spec: RowSpec, *, wanted: bool) -> None:
    """Let a job be what its row is now; most are already."""
    identity = spec.identity
    now = {
        "row": identity.row,
        "key": job["key"] if identity.key is None else identity.key,
        "row_hash": identity.row_hash,
        "whole_hash": identity.whole_hash,
        "wanted": wanted,
        "model": spec.model,
        "body": spec.body,
        "pictures": pictures_of(spec),
        "estimate_low": spec.estimate.low,
        "estimate_high": spec.estimate.high,
        "priority": spec.priority,
        "file_name": spec.file_name,
        "fields": spec.fields,
    }
    if any(job[name] != value for name, value in now.items()):
        connection.execute(
            """UPDATE jobs SET row = :row, key = :key, row_hash = :row_hash,
                   whole_hash = :whole_hash, wanted = :wanted, model = :model, body = :body,
                   pictures = :pictures, estimate_low = :estimate_low,
                   estimate_high = :estimate_high, priority = :priority, file_name = :file_name,
                   fields = :fields
               WHERE id = :id""",
            {**now, "id": job["id"]},
        )


def _is_wrong_as_before(job: Row, spec: RowSpec) -> bool:
    """Whether an invalid row still breaks the same rule, in whatever language that is said."""
    if not spec.invalid:
        return False
    unedited = job["row_hash"] == spec.identity.row_hash
    return bool(
        job["error"] == spec.problem or (unedited and job["error_code"] == spec.problem_code)
    )


def _waiting_events(state: State, spec: RowSpec) -> tuple[Event, ...]:
    """What the sheet or the settings did to a job that was not sent yet."""
    if spec.body is None:
        if spec.invalid:
            return (Event.INVALIDATED,)
        return (Event.SKIPPED,) if state is State.QUEUED else ()
    if state is State.INVALID:
        return (Event.MENDED,) if spec.wanted else (Event.MENDED, Event.SKIPPED)
    if state is State.QUEUED and not spec.wanted:
        return (Event.SKIPPED,)
    if state is State.SKIPPED and spec.wanted:
        return (Event.ADMITTED,)
    return ()
