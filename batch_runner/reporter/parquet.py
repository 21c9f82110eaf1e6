"""Results into a copy of a Parquet file: its columns as they were, and ours behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow.parquet import ParquetFile, ParquetWriter

from batch_runner.core.celltext import safe_text
from batch_runner.core.model import OutCell, Table, WritePlan

ROWS = 10_000  # that are held at a time; each lot is a row group of the copy


def write_frame(file: BinaryIO, table: Table, plan: WritePlan, out: Path) -> None:
    """Write the copy."""
    frame = ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
    schema, ours = frame.schema_arrow, _ours(table, plan)
    for place, column in ours.items():
        there = place < len(schema)
        schema = schema.set(place, column) if there else schema.append(column)
    done = 0
    with ParquetWriter(out, schema) as writer:
        for batch in frame.iter_batches(batch_size=ROWS, use_threads=False):
            cells = [plan.cells.get(done + n, {}) for n in range(1, len(batch) + 1)]
            columns = list(batch.columns)
            for place, column in ours.items():
                old = columns[place].to_pylist() if place < len(columns) else [None] * len(batch)
                new = [
                    _value(row.get(place), value) for row, value in zip(cells, old, strict=True)
                ]
                columns[place : place + 1] = [pa.array(new, column.type)]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            done += len(batch)


def _ours(table: Table, plan: WritePlan) -> Mapping[int, Any]:
    """Our columns, from left to right: those to add, and those that were there already."""
    names, numbers = dict(plan.headers), set[int]()
    for cells in plan.cells.values():
        for place, cell in cells.items():
            names[place] = plan.headers.get(place) or table.headers[place]
            if isinstance(cell.value, int | float):
                numbers.add(place)
    return {
        place: pa.field(name, pa.float64() if _costs(name) or place in numbers else pa.string())
        for place, name in sorted(names.items())
    }


def _costs(name: str) -> bool:
    """Whether it is a column of numbers, also while none is known yet."""
    return re.search(r"cost_usd(_\d+)?$", name) is not None


def _value(cell: OutCell | None, old: object) -> object:
    """What stands there afterwards."""
    if cell is None:
        return old
    return safe_text(cell.value, csv=False) if isinstance(cell.value, str) else cell.value
