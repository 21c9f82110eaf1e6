"""Results into a copy of a JSON Lines file: each object as it was, with our fields at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from batch_runner.core.celltext import safe_text
from batch_runner.core.json_line import with_fields
from batch_runner.core.model import OutCell, Table, WritePlan


def lines_with_results(lines: Iterable[bytes], table: Table, plan: WritePlan) -> Iterator[bytes]:
    """The file's lines; those that have results get all of our fields, blank ones as null."""
    names = {**dict(enumerate(table.headers)), **plan.headers}
    blank = dict.fromkeys(plan.headers)
    for number, line in enumerate(lines, start=1):
        cells = plan.cells.get(number)
        if cells is None:
            yield line
        else:
            values = {**blank, **_values(cells)}
            yield with_fields(line, {names[place]: values[place] for place in sorted(values)})


def _values(cells: Mapping[int, OutCell]) -> dict[int, str | int | float | None]:
    return {
        place: safe_text(cell.value, csv=False) if isinstance(cell.value, str) else cell.value
        for place, cell in cells.items()
    }
