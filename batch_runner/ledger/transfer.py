"""A campaign's tables from one database into another, whole."""

from __future__ import annotations

from enum import Enum
from itertools import islice

from batch_runner.ledger.database import Connection, Row

TABLES = ("meta", "scopes", "jobs", "attempts", "events", "runs", "uploads")
"""All but what is added up from them, each after those that it speaks of."""

AT_ONCE = 500  # rows
_OWNER = "owner"  # of a job, in PostgreSQL alone; nobody has one that is copied


class Standing(Enum):
    """How a ledger stands to a copy of it."""

    SAME = "same"
    OLDER = "older"  # the other one has all that it has, and more
    NEWER = "newer"
    APART = "apart"  # each has what the other has not


def standing(one: Connection, other: Connection) -> Standing:
    """Compare two ledgers of a campaign by their histories, which only grow."""
    here, there = _last(one), _last(other)
    if here is None or there is None:
        return _sign((here is not None) - (there is not None))
    number = min(here["id"], there["id"])
    if _line(one, number) != _line(other, number):
        return Standing.APART
    return _sign((here["id"] > there["id"]) - (here["id"] < there["id"]))


def copy_all(source: Connection, target: Connection) -> None:
    """Let ``target`` hold what ``source`` does, and nothing else; one transaction of the caller's."""
    for table in reversed(TABLES):
        target.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
    for table in TABLES:
        _copy(source, target, table)
    target.execute("UPDATE held SET total = (SELECT coalesce(sum(hold), 0) FROM attempts)")


def _copy(source: Connection, target: Connection, table: str) -> None:
    first = source.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()  # noqa: S608 - constants
    if first is None:
        return
    columns = [name for name in first.keys() if name != _OWNER]  # noqa: SIM118 - a row is no dict
    rows = iter(source.walk(f"SELECT {', '.join(columns)} FROM {table}"))  # noqa: S608 - constants
    while some := [tuple(row) for row in islice(rows, AT_ONCE)]:
        target.append(table, columns, some)


def _last(connection: Connection) -> Row | None:
    row: Row | None = connection.execute(
        "SELECT id FROM events ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return row


def _line(connection: Connection, number: int) -> tuple[object, ...] | None:
    row = connection.execute(
        "SELECT at, job, attempt, event, state FROM events WHERE id = ?", (number,)
    ).fetchone()
    return None if row is None else tuple(row)


def _sign(difference: int) -> Standing:
    return {-1: Standing.OLDER, 0: Standing.SAME, 1: Standing.NEWER}[difference]
