from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from batch_runner.core.model import Problem, WritePlan

MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]
Part = Callable[..., str]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TABLE = "xl/tables/table1.xml"


@pytest.fixture
def tabled(tmp_path: Path) -> bytes:
    """A workbook whose two columns are an Excel table with a filter and a totals row."""
    path = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        columns = [{"header": "prompt", "total_string": "Total"}, {"header": "cost"}]
        columns[1]["total_function"] = "sum"
        data = [["a", 1], ["b", 2]]
        sheet.add_table("A1:B4", {"columns": columns, "data": data, "total_row": True})
    return path.read_bytes()


@pytest.fixture
def plan(make_plan: MakePlan) -> WritePlan:
    """Two columns right of two."""
    cells = {2: {2: "succeeded", 3: "x"}, 3: {2: "failed", 3: "y"}}
    return make_plan(cells, {2: "status", 3: "video_url"}, "Videos")


def table_of(path: Path) -> Any:
    """The worksheet's table as openpyxl reads it."""
    sheet: Any = openpyxl.load_workbook(path).active
    (table,) = sheet.tables.values()
    return table


def test_table_takes_our_columns_in(
    tabled: bytes, plan: WritePlan, patch: Patch, part: Part, tmp_path: Path
) -> None:
    """Range, filter, and columns with their headers' names and free ids; the totals row stays."""
    after, _ = patch(tabled, plan)
    table = table_of(tmp_path / "patched.xlsx")
    assert (table.ref, table.autoFilter.ref, table.totalsRowCount) == ("A1:D4", "A1:D3", 1)
    assert [one.name for one in table.tableColumns] == ["prompt", "cost", "status", "video_url"]
    assert [one.id for one in table.tableColumns] == [1, 2, 3, 4]
    assert 'tableColumns count="4"' in part(after, TABLE)
    assert 'totalsRowLabel="Total"' in part(after, TABLE)
    assert 'totalsRowFunction="sum"' in part(after, TABLE)


def test_table_gives_our_columns_back(
    tabled: bytes, plan: WritePlan, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """When our columns are removed, the table is what it was."""
    grown, _ = patch(tabled, plan)
    cells = {row: {2: None, 3: None} for row in (2, 3)}
    removal = make_plan(cells, dict(plan.headers), "Videos", remove=True)
    after, _ = patch(grown, removal)
    assert part(after, TABLE) == part(tabled, TABLE)
    assert "succeeded" not in part(after)
    assert "status" not in part(after)


def test_growing_can_be_turned_off(
    tabled: bytes, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """A setting leaves tables alone; the columns come all the same."""
    plan = make_plan({2: {2: "x"}}, {2: "status"}, "Videos", grow_tables=False)
    after, _ = patch(tabled, plan)
    assert part(after, TABLE) == part(tabled, TABLE)
    assert "status" in part(after)


def table(ref: str, more: str = "", names: tuple[str, ...] = ("prompt", "cost")) -> str:
    """A table part."""
    columns = "".join(f'<tableColumn id="{i}" name="{n}"/>' for i, n in enumerate(names, 5))
    return (
        f'<table xmlns="{MAIN}" id="1" name="T" displayName="T" ref="{ref}" {more}>'
        f'<tableColumns count="{len(names)}">{columns}</tableColumns></table>'
    )


@pytest.fixture
def written(make_book: MakeBook, plan: WritePlan, patch: Patch, part: Part) -> Any:
    """The table part after two columns came right of B."""

    def run(*tables: str) -> str:
        parts = {f"xl/tables/table{i}.xml": one for i, one in enumerate(tables, 1)}
        entries = "".join(
            f'<Relationship Id="rId{i}" Type="{OFFICE}/table" Target="/xl/tables/table{i}.xml"/>'
            for i, _ in enumerate(tables, 1)
        )
        parts["xl/worksheets/_rels/sheet1.xml.rels"] = (
            f'<Relationships xmlns="{PACKAGE}">{entries}</Relationships>'
        )
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/></sheetData></worksheet>'
        return part(patch(make_book(sheet, parts=parts), plan)[0], TABLE)

    return run


def test_ids_stay_free_of_those_in_use(written: Any) -> None:
    """A table whose columns were moved about has ids in any order."""
    after = written(table("A1:B4"))
    assert re.findall(r'<tableColumn id="(\d)" name="(\w+)"', after) == [
        ("5", "prompt"),
        ("6", "cost"),
        ("7", "status"),
        ("8", "video_url"),
    ]


@pytest.mark.parametrize(
    "tables",
    [
        (table("A1:C4"),),  # ends elsewhere
        (table("A2:B4"),),  # begins elsewhere
        (table("A1:B4", 'headerRowCount="0"'),),
        (table("A1:B4", 'tableType="queryTable"'),),
        (table("A1:B4", names=("prompt", "STATUS")),),  # names must be unique
        (table("A1:B4"), table("D3:E9")),  # something in the way
        ("<table/>",),
    ],
)
def test_unusual_tables_stay_as_they_are(written: Any, tables: tuple[str, ...]) -> None:
    """Where growing is not plainly right, the table is left alone."""
    assert written(*tables) == tables[0]


def test_filter_of_the_worksheet_takes_our_columns_in(
    make_book: MakeBook, plan: WritePlan, patch: Patch, part: Part
) -> None:
    """The filter's range and the hidden name that Excel keeps of it grow together."""
    sheet = (
        f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/></sheetData>'
        '<autoFilter ref="A1:B9"><filterColumn colId="0"/></autoFilter></worksheet>'
    )
    names = (
        '<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="1" hidden="1">'
        "Other!$A$1:$B$9</definedName>"
        '<definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'
        'Videos!$A$1:$B$9</definedName><definedName name="x">Videos!$A$1:$B$9</definedName>'
        "</definedNames>"
    )
    after, _ = patch(make_book(sheet, defined=names), plan)
    assert '<autoFilter ref="A1:D9"><filterColumn colId="0"/></autoFilter>' in part(after)
    workbook = part(after, "xl/workbook.xml")
    assert re.findall(r"[OV]\w+!\$A\$1:\$[BD]\$9", workbook) == [
        "Other!$A$1:$B$9",
        "Videos!$A$1:$D$9",
        "Videos!$A$1:$B$9",
    ]
