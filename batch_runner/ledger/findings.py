"""All that is wrong with a worksheet, however much it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from batch_runner.core.model import Problem, Severity

TABLE = """
CREATE TABLE problems (
    rank INTEGER NOT NULL,  -- of equals the lowest first: the sheet, its columns, its rows
    severity INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    row INTEGER,
    column INTEGER
);
"""
_SEVERITIES = tuple(Severity)


class Findings:
    """Problems, kept on disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.fields: Sequence[str] = ()  # the names that columns go by, where they have no letters

    def add(self, problem: Problem, rank: int) -> None:
        """One more; of equal ones the lowest rank comes first, then who came first."""
        severity = _SEVERITIES.index(problem.severity)
        self._connection.execute(
            "INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                rank,
                severity,
                problem.code,
                problem.message,
                problem.hint,
                problem.row,
                problem.column,
            ),
        )

    def __len__(self) -> int:
        (number,) = self._connection.execute("SELECT count(*) FROM problems").fetchone()
        return int(number)

    def __iter__(self) -> Iterator[Problem]:
        """All, in the order of the sheet."""
        return self._problems("ORDER BY coalesce(row, 0), coalesce(column, 0), rank, rowid")

    def worst(self, most: int) -> Iterator[Problem]:
        """Some, the gravest first."""
        return self._problems("ORDER BY severity, rank, coalesce(row, 0), rowid LIMIT ?", most)

    def _problems(self, order: str, *args: int) -> Iterator[Problem]:
        rows = self._connection.execute(
            f"SELECT severity, code, message, hint, row, column FROM problems {order}",  # noqa: S608 - constants
            args,
        )
        return (_problem(row).named(self.fields) for row in rows)


def _problem(row: tuple[Any, ...]) -> Problem:
    severity, code, message, hint, line, column = row
    return Problem(
        code=code,
        message=message,
        hint=hint,
        severity=_SEVERITIES[severity],
        row=line,
        column=column,
    )
