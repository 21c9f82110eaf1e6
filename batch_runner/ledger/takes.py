"""The takes of a job: a new one is asked for, and the one before it stands until it is there.

A job shows the results of one of its attempts. When it goes on to another, the attempt keeps
what only the job had; if the other one fails, the job goes back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from batch_runner.core import wording
from batch_runner.core.jobs import Change
from batch_runner.core.lifecycle import Event, State, advance
from batch_runner.core.takes import REDO_FAILED, Asked, Take
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.history import write_event

MAY_BE_MADE_ANEW = frozenset({State.SUCCEEDED, State.FAILED})
MakeTake = Callable[[Asked], Take]


def wished(row: Row) -> Take | None:
    """The take that a job's row of the ledger speaks of."""
    return None if row["take"] is None else Take.from_json(row["take"])


def newest(connection: Connection, job: int) -> int:
    """The number of a job's newest attempt; it may show an earlier one."""
    (number,) = connection.execute(
        "SELECT coalesce(max(n), 0) FROM attempts WHERE job = ?", (job,)
    ).fetchone()
    return int(number)


def ask(
    connection: Connection, job: int, make: MakeTake, at: datetime, *, seen: int | None
) -> Change | None:
    """Ask for another take of a job; ``None``: it cannot be made anew now.

    One transaction with the look at its state, so that nothing is asked for twice.

    Args:
        connection: the ledger.
        job: whose.
        make: says what the take is to be, by what the row asks for.
        at: now.
        seen: the attempt that whoever asks has seen; another one since: it was asked for
            already, or the row went on.
    """
    # Here, since keeping a change may bring back a take.
    from batch_runner.ledger.changes import apply

    row = connection.execute(
        f"SELECT * FROM jobs j WHERE id = ? {connection.locked}",  # noqa: S608 - constants
        (job,),
    ).fetchone()
    state, number = State(row["state"]), newest(connection, job)
    waits = state is State.QUEUED and row["take"] is not None
    if row["body"] is None or not (waits or state in MAY_BE_MADE_ANEW):
        return None
    if seen is not None and (waits or seen != row["attempt"]):
        return None
    asked = Asked(model=row["model"], body=row["body"], mark=row["row_hash"], take=number + 1)
    take = make(asked)
    change = Change(
        job=job,
        attempt=row["attempt"],
        event=Event.REDONE,
        at=at,
        error_code="",
        error="",
        detail={**take.fields, **({"note": take.note} if take.note else {})},
    )
    if not waits:
        apply(connection, change)
    connection.execute(
        "UPDATE jobs SET take = ?, wanted = TRUE WHERE id = ?", (take.to_json(), job)
    )
    return change


def leave(connection: Connection, job: int, attempt: int) -> None:
    """A job goes on to another take: this one keeps what only the job had of it."""
    connection.execute(
        """UPDATE attempts SET (urls, expires_at, finished_at) =
               (SELECT urls, expires_at, finished_at FROM jobs WHERE id = attempts.job)
           WHERE job = ? AND n = ?""",
        (job, attempt),
    )


def stand_again(connection: Connection, job: int, at: datetime, *, error: str = "") -> bool:
    """Let a job that has no other way show its last good take again; whether it has one.

    ``error``: why the take after it failed; nothing: it was never made.
    """
    found = connection.execute(
        """SELECT j.state, a.* FROM jobs j JOIN attempts a ON a.job = j.id
           WHERE j.id = ? AND a.finished_at IS NOT NULL ORDER BY a.n DESC LIMIT 1""",
        (job,),
    ).fetchone()
    if found is None:
        return False
    state = advance(State(found["state"]), Event.KEPT)
    connection.execute(
        """UPDATE jobs SET state = ?, attempt = ?, task_id = ?, urls = ?, expires_at = ?,
               video_file = ?, published = ?, finished_at = ?, error_code = ?, error = ?,
               noted = FALSE, updated_at = ? WHERE id = ?""",
        (
            state,
            found["n"],
            found["task_id"],
            found["urls"],
            found["expires_at"],
            found["video_file"],
            found["published"],
            found["finished_at"],
            REDO_FAILED if error else "",
            wording.redo_failed(error) if error else "",
            at.timestamp(),
            job,
        ),
    )
    write_event(connection, job, found["n"], (Event.KEPT, state), at.timestamp())
    return True


def withdraw_take(connection: Connection, job: int, at: datetime) -> bool:
    """A take that was asked for is not wanted any more, if it was not sent yet; whether so."""
    row = connection.execute(
        f"SELECT state, take FROM jobs j WHERE id = ? {connection.locked}",  # noqa: S608 - constants
        (job,),
    ).fetchone()
    if row["take"] is None or State(row["state"]) not in {State.QUEUED, State.SKIPPED}:
        return False
    if not stand_again(connection, job, at):
        return False
    connection.execute("UPDATE jobs SET take = NULL WHERE id = ?", (job,))
    return True


def note_cell(connection: Connection, job: int, cell: str) -> None:
    """The decision cell of a row that is to be made for the first time is obeyed by that."""
    connection.execute(
        "UPDATE jobs SET take = ? WHERE id = ? AND take IS NULL",
        (Take(model="", cell=cell).to_json(), job),
    )


def choose_best(connection: Connection, job: int) -> None:
    """Of a row's variants this one shows in the main columns from now on."""
    connection.execute(
        """UPDATE jobs SET best = chosen.variant
           FROM (SELECT scope, row, variant FROM jobs WHERE id = ? AND row IS NOT NULL) AS chosen
           WHERE jobs.scope = chosen.scope AND jobs.row = chosen.row""",
        (job,),
    )


def cells_obeyed(connection: Connection, jobs: Sequence[int]) -> None:
    """The decision cells that asked for these takes are blank, or say something new."""
    connection.executemany(
        "UPDATE jobs SET take = json_remove(take, '$.cell') WHERE id = ?",
        [(job,) for job in jobs],
    )
