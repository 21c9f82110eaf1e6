from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from batch_runner.core.model import FileStamp, OutCell, Problem, SheetRow, Table, WritePlan
from batch_runner.reporter.xlsx_file import write_workbook

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = (
    f'<styleSheet xmlns="{MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="14"/><color rgb="FFFFFFFF"/><name val="Arial"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1">'
    '<alignment wrapText="1"/></xf>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def _stamp(path: Path) -> FileStamp:
    return FileStamp.of(path.stat())


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
        no_file = FileStamp(size=0, mtime_ns=0, inode=0, ctime_ns=0)
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
        **more: Any,
    ) -> WritePlan:
        return WritePlan(
            worksheet=worksheet,
            header_row=more.pop("header_row", 1),
            headers=headers or {},
            cells={
                row: {
                    place: cell if isinstance(cell, OutCell) else OutCell(value=cell)
                    for place, cell in columns.items()
                }
                for row, columns in cells.items()
            },
            status_column=status_column,
            **more,
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


@pytest.fixture(scope="session")
def make_book() -> MakeBook:
    """A workbook from the XML of its one worksheet, "Videos", and any other parts.

    ``styles``: the styles part, ``None`` for none; ``parts``: name -> content, which replaces
    what would be there; ``links``: more relationships of the workbook.
    """

    def make(
        worksheet: str | bytes,
        *,
        styles: str | None = STYLES,
        parts: Mapping[str, str | bytes] | None = None,
        links: str = "",
        defined: str = "",
    ) -> bytes:
        has = f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/>'
        contents: dict[str, str | bytes] = {
            "[Content_Types].xml": (
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Default Extension="xml" ContentType="application/xml"/>'
                '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.'
                'openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
                '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.'
                'openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
                '<Override PartName="/xl/styles.xml" ContentType="application/vnd.'
                'openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>'
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
                f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
            "xl/workbook.xml": (
                f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
                f'<sheet name="Videos" sheetId="1" r:id="rId1"/></sheets>{defined}</workbook>'
            ),
            "xl/_rels/workbook.xml.rels": (
                f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
                f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
                f"{has if styles else ''}{links}</Relationships>"
            ),
            "xl/worksheets/sheet1.xml": worksheet,
        }
        if styles:
            contents["xl/styles.xml"] = styles
        contents.update(parts or {})
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in contents.items():
                package.writestr(name, content)
        return out.getvalue()

    return make


@pytest.fixture
def patch(tmp_path: Path) -> Patch:
    """Writes plans into a workbook's bytes; the new bytes and what was said."""

    def run(data: bytes, *plans: WritePlan, **options: Any) -> tuple[bytes, tuple[Problem, ...]]:
        out = tmp_path / "patched.xlsx"
        problems = write_workbook(io.BytesIO(data), plans, out, **options)
        return out.read_bytes(), problems

    return run


@pytest.fixture(scope="session")
def part() -> Callable[..., str]:
    """A part of a workbook as text."""

    def read(data: bytes, name: str = "xl/worksheets/sheet1.xml", encoding: str = "utf-8") -> str:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return package.read(name).decode(encoding)

    return read
