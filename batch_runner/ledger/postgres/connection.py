"""A connection to PostgreSQL as the ledger's SQL sees one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.conninfo import make_conninfo
from psycopg.types.string import StrDumperUnknown

from batch_runner.ledger.database import Parameters
from batch_runner.ledger.postgres.address import Address
from batch_runner.ledger.postgres.translate import to_postgres

AT_ONCE = 1000  # rows of a long answer that are fetched together
_TERMS = {
    "application_name": "batch-runner",
    "connect_timeout": "10",
    "keepalives_idle": "15",  # seconds: a machine that vanished is noticed within half a minute
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
_IDLE = "60s"  # after which the server ends a transaction of a client that does nothing more


class Values:
    """A row: its values by name or by number."""

    __slots__ = ("_places", "_values")

    def __init__(self, values: Sequence[Any], places: dict[str, int]) -> None:
        self._values = values
        self._places = places

    def __getitem__(self, place: str | int, /) -> Any:
        return self._values[self._places[place] if isinstance(place, str) else place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """The columns' names."""
        return list(self._places)


def _rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Values]:
    places: dict[str, int] = {}
    for place, column in enumerate(cursor.description or ()):
        places.setdefault(column.name, place)
    return lambda values: Values(values, places)


class _Text(StrDumperUnknown):
    """Text may hold any character but one, which a cell or an answer may hold all the same."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


class PostgresConnection:
    """One that the ledger's SQL can use; whoever has it says where transactions begin and end."""

    locked = "FOR UPDATE"
    unlocked = "FOR UPDATE OF j SKIP LOCKED"

    def __init__(self, raw: psycopg.Connection[Values]) -> None:
        self.raw = raw
        self._numbers = itertools.count(1)

    def execute(self, sql: str, parameters: Parameters = (), /) -> psycopg.Cursor[Values]:
        """Run one statement."""
        return self.raw.execute(to_postgres(sql).encode(), parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> psycopg.Cursor[Values]:
        """Run one statement with each of these, without waiting for each answer."""
        cursor = self.raw.cursor()
        cursor.executemany(to_postgres(sql).encode(), parameters)
        return cursor

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], /) -> None:
        """Add many rows to a table, in one go."""
        copying = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self.raw.cursor().copy(copying.encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def walk(self, sql: str, parameters: Parameters = (), /) -> Iterator[Values]:
        """The rows of an answer, some at a time, as they all were at the first."""
        with self.raw.cursor(f"walk_{next(self._numbers)}") as cursor:
            cursor.itersize = AT_ONCE
            cursor.execute(to_postgres(sql).encode(), parameters)
            yield from cursor

    def script(self, sql: str) -> None:
        """Run statements that take no values."""
        self.raw.execute(sql.encode())

    def close(self) -> None:
        """Close it."""
        self.raw.close()


def connect(address: Address, *search: str) -> PostgresConnection:
    """Connect, without a transaction.

    Args:
        address: of the database.
        search: the schemas in which tables are looked for; made from trusted names.

    Raises:
        psycopg.Error: the server cannot be reached, or does not let us in.
    """
    raw = psycopg.connect(
        make_conninfo(**{**_TERMS, **address.terms}), autocommit=True, row_factory=_rows
    )
    try:
        for kind in (str, StrEnum):
            raw.adapters.register_dumper(kind, _Text)
        names = ", ".join(f'"{name}"' for name in search or ("public",))
        raw.execute(
            f"""SET search_path = {names};
                SET idle_in_transaction_session_timeout = '{_IDLE}';
                SET client_min_messages = warning""".encode()
        )
    except BaseException:
        raw.close()
        raise
    return PostgresConnection(raw)
