from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from batch_runner.core.model import FileStamp, OutCell, SheetRow, Table, WritePlan

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]


def _stamp(path: Path) -> FileStamp:
    found = path.stat()
    return FileStamp(size=found.st_size, mtime_ns=found.st_mtime_ns, inode=found.st_ino)


@pytest.fixture(scope="session")
def csv_table() -> MakeTable:
    """Reads a CSV file's layout with Python's csv module."""

    def make(
        path: Path,
        *,
        encoding: str = "utf-8",
        delimiter: str = ",",
        header_row: int = 1,
        content: bytes | None = None,
    ) -> Table:
        data = path.read_bytes() if content is None else content
        text = data.decode(encoding).removeprefix("\ufeff")
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        rows = [
            SheetRow(number=number, values=tuple(value or None for value in record))
            for number, record in enumerate(records, start=1)
            if number > header_row and any(record)
        ]
        no_file = FileStamp(size=0, mtime_ns=0, inode=0)
        return Table(
            path=path,
            worksheet=None,
            header_row=header_row,
            headers=tuple(text.strip() for text in records[header_row - 1]),
            rows=rows,
            width=max(len(record) for record in records),
            stamp=_stamp(path) if content is None else no_file,
            encoding=encoding,
            delimiter=delimiter,
        )

    return make


@pytest.fixture(scope="session")
def book_table() -> MakeTable:
    """Stands for a worksheet as read: the writer needs its file, its name and its stamp."""

    def make(path: Path, worksheet: str = "Sheet") -> Table:
        return Table(
            path=path,
            worksheet=worksheet,
            header_row=1,
            headers=("prompt",),
            rows=[],
            width=1,
            stamp=_stamp(path),
        )

    return make


@pytest.fixture(scope="session")
def make_plan() -> MakePlan:
    """A plan from plain values: row -> column -> value or cell."""

    def make(
        cells: Mapping[int, Mapping[int, OutCell | str | float | None]],
        headers: Mapping[int, str] | None = None,
        worksheet: str | None = None,
        status_column: int | None = None,
    ) -> WritePlan:
        return WritePlan(
            worksheet=worksheet,
            header_row=1,
            headers=headers or {},
            cells={
                row: {
                    place: cell if isinstance(cell, OutCell) else OutCell(value=cell)
                    for place, cell in columns.items()
                }
                for row, columns in cells.items()
            },
            status_column=status_column,
        )

    return make


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A small CSV sheet in a folder of its own."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    path = folder / "campaign.csv"
    path.write_bytes(b"prompt,image\r\na cat,http://x/1\r\na dog,http://x/2\r\n")
    return path
