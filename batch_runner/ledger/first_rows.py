"""Which row was the first under a name; the table lies in the spool's file, however many they are."""

from __future__ import annotations

import sqlite3


class FirstRows:
    """Names, each with the row that had it first."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        """``table``: a word of the program's own."""
        connection.execute(
            f"CREATE TABLE {table} (name TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID"
        )
        self._connection = connection
        self._insert = f"INSERT OR IGNORE INTO {table} VALUES (?, ?)"  # noqa: S608 - a constant
        self._ask = f"SELECT row FROM {table} WHERE name = ?"  # noqa: S608 - a constant

    def of(self, name: str, row: int) -> int:
        """The first row that had this name: an earlier one, or this one, from now on."""
        self._connection.execute(self._insert, (name, row))
        return int(self._connection.execute(self._ask, (name,)).fetchone()[0])
