"""Columns that carry an API's own name for something that sheets call otherwise.

One model's ``size`` is another's ``aspect_ratio``; a sheet has one name for both, so that another
model is another word in one cell. Such a header may also be the user's own (the size of a shirt),
so it is never read, but said where its cells look as if they were meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from batch_runner.core.check import check
from batch_runner.core.headers import normalise
from batch_runner.core.language import phrase
from batch_runner.core.model import ColumnMap, Problem, Severity, SheetRow, column_letter
from batch_runner.core.profile import Kind, Parameter, Profile
from batch_runner.core.values import is_blank

MOST_ROWS = 200
"""Rows that are looked at; what a column is for shows in the first ones."""


def misnamed(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    columns: ColumnMap,
    profiles: Iterable[Profile],
    ours: Collection[int],
) -> tuple[Problem, ...]:
    """Warnings about columns that would be read under another name.

    Args:
        headers: the header texts.
        rows: the rows that are jobs.
        columns: what is read.
        profiles: the models that these rows name.
        ours: the columns of results.
    """
    parameters = [p for profile in profiles for p in profile.parameters]
    taken = {place for places in columns.columns.values() for place in places}.union(ours)
    found = []
    for index, header in enumerate(headers):
        meant = None if index in taken else _meant(header, index, rows, columns, parameters)
        if meant is not None:
            found.append(_problem(header, index, meant))
    return tuple(found)


def _meant(
    header: str,
    index: int,
    rows: Sequence[SheetRow],
    columns: ColumnMap,
    parameters: Iterable[Parameter],
) -> str | None:
    key = normalise(header)
    for parameter in parameters:
        named = key in map(normalise, parameter.api_names) and parameter.kind is not Kind.TEXT
        if named and parameter.name not in columns.columns and _fits(parameter, index, rows):
            return parameter.name
    return None


def _fits(parameter: Parameter, index: int, rows: Sequence[SheetRow]) -> bool:
    """Whether any of the cells is a value of this parameter."""
    values = (row.value(index) for row in islice(rows, MOST_ROWS))
    return any(
        check(parameter, value, "").value is not None for value in values if not is_blank(value)
    )


def _problem(header: str, index: int, name: str) -> Problem:
    return Problem(
        code="column_named_otherwise",
        message=phrase(
            "Column {column} ('{header}') is not read: sheets call it {name}.",
            column=column_letter(index),
            header=header,
            name=name,
        ),
        hint=phrase(
            "Rename it to {name}, or map {name} to it under 'columns' in the config.", name=name
        ),
        severity=Severity.WARNING,
        column=index,
    )
