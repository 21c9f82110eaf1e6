"""What the ledger's SQL sees of a database: SQLite or PostgreSQL, one text for both.

The common subset: ``?`` and ``:name`` for values, ``RETURNING`` for a new id, ``ON CONFLICT``, ``CASE``,
``TRUE`` and ``FALSE``, a name for each subquery in ``FROM``, ``NULLS FIRST`` where that may matter.
``json_each`` of a list gives texts: what is compared with a number is cast. ``INDEXED BY`` is for
SQLite alone; the few words that only the other one has are attributes of the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Parameters = Sequence[Any] | Mapping[str, Any]


class Row(Protocol):
    """A row of an answer: its values by name or by number, and in their order."""

    def __getitem__(self, place: str | int, /) -> Any:
        """The value of a column."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The values."""
        ...

    def keys(self) -> list[str]:
        """The columns' names; ``dict(row)`` asks for them."""
        ...


class Cursor(Protocol):
    """The answer to a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        ...

    def fetchone(self) -> Any:
        """The next row; ``None``: there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left."""
        ...


class Connection(Protocol):
    """A connection in a transaction of the caller's."""

    locked: str
    """Ends a question about one row that is changed next: nobody else changes it before."""
    unlocked: str
    """Likewise for a row of ``j``; those that somebody else has locked are passed over."""

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Cursor:
        """Run one statement with each of these."""
        ...

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], /) -> None:
        """Add many rows to a table; the names are the program's own."""
        ...

    def walk(self, sql: str, parameters: Parameters = (), /) -> Iterable[Any]:
        """The rows of an answer that may be too long for the memory, as it was when asked for.

        Other statements may be run meanwhile.
        """
        ...
