from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

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


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A workbook as a marketer has it: styles, dropdown, note, chart, formula, other sheets."""
    path = tmp_path / "campaign.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        sheet = book.add_worksheet("Videos")
        for column, text in enumerate(["prompt", "image_urls", "duration", "cost"]):
            sheet.write_string(0, column, text, bold)
        for row in range(1, 4):
            sheet.write_string(row, 0, f"prompt {row}")
            sheet.write_url(row, 1, f"https://example.com/{row}.png")
            sheet.write_number(row, 2, 5)
            sheet.write_formula(row, 3, f"=C{row + 1}*2", None, 10)
        sheet.write_rich_string(4, 0, "a ", bold, "bold", " cat")
        sheet.data_validation("C2:C9", {"validate": "list", "source": [5, 8]})
        sheet.conditional_format("C2:C9", {"type": "top", "value": 2})
        sheet.write_comment("A1", "what the video shows")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 0, 40)
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Videos!$C$2:$C$4"})
        sheet.insert_chart("H10", chart)
        book.add_worksheet("Notes").write_string("A1", "ours")
    return path


@pytest.fixture(scope="session")
def results(make_plan: MakePlan) -> WritePlan:
    """Results for the first two rows."""
    url = "https://cdn.example/v/1.mp4?sig=a%2Fb&x=1"
    link = "campaign.xlsx.batch/videos/my video#1 日本.mp4"
    return make_plan(
        {
            2: {
                4: "succeeded",
                5: OutCell(value=url, link=url),
                6: OutCell(value=link, link=link),
                7: 0.24,
            },
            3: {4: "failed", 5: None, 7: None},
        },
        {4: "status", 5: "video_url", 6: "video_file", 7: "cost_usd"},
        "Videos",
        4,
    )
