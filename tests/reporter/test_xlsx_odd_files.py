from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from batch_runner.core.errors import SheetBusyError, SheetError
from batch_runner.core.model import Problem, Table, WritePlan
from batch_runner.reporter.write import write
from batch_runner.reporter.xlsx_file import write_workbook

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]


def written(path: Path) -> Any:
    """The first worksheet as openpyxl reads it."""
    return openpyxl.load_workbook(path, rich_text=True).worksheets[0]


def test_cell_in_a_merged_range_is_passed_over(
    tmp_path: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """A range that the user merged over our columns stays merged, and stops nothing."""
    path = tmp_path / "merged.xlsx"
    book = openpyxl.Workbook()
    made = book.create_sheet("Videos", 0)
    made["A1"] = "prompt"
    made.merge_cells("A3:F3")
    book.save(path)
    write([book_table(path, "Videos")], [results])
    sheet = written(path)
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["A3:F3"]
    assert sheet["E2"].value == "succeeded"


def test_macros_stay(tmp_path: Path, workbook: Path, results: WritePlan) -> None:
    """A workbook with macros keeps them, byte for byte."""
    out = tmp_path / "out.xlsm"
    source = io.BytesIO()
    macro_type = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    plain_type = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    with zipfile.ZipFile(workbook) as old, zipfile.ZipFile(source, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(plain_type, macro_type))
        new.writestr("xl/vbaProject.bin", b"macros")
    write_workbook(source.getvalue(), [results], out)
    with zipfile.ZipFile(out) as package:
        assert package.read("xl/vbaProject.bin") == b"macros"
        assert macro_type in package.read("[Content_Types].xml")


def sparklines(path: Path) -> None:
    """A workbook with a part that openpyxl drops."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_row(0, 0, ["prompt", 1, 2, 3])
        sheet.add_sparkline("E1", {"range": "Videos!B1:D1"})


def test_workbook_that_would_lose_a_part_is_left_alone(
    tmp_path: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """A known loss keeps us from the sheet; a copy may be written, and the loss is said."""
    path = tmp_path / "spark.xlsx"
    sparklines(path)
    before = path.read_bytes()
    with pytest.raises(SheetBusyError) as caught:
        write([book_table(path, "Videos")], [results])
    assert caught.value.code == "workbook_part_lost"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    told: list[Problem] = []
    copy = tmp_path / "spark.results.xlsx"
    write([book_table(path, "Videos")], [results], copy, notice=told.append)
    assert [problem.code for problem in told] == ["workbook_part_lost"]
    assert written(copy)["E2"].value == "succeeded"


PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x03\x00\x08\xfc\x02\xfe\xa7\x9a\xa0"
    b"\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)


def test_pictures_are_never_lost(
    tmp_path: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """With Pillow a picture stays in the sheet; without, the sheet stays as it is."""
    path = tmp_path / "picture.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_string(0, 0, "prompt")
        sheet.insert_image("D1", "pixel.png", {"image_data": io.BytesIO(PIXEL)})
    if find_spec("PIL") is None:
        with pytest.raises(SheetBusyError) as caught:
            write([book_table(path, "Videos")], [results])
        assert caught.value.code == "workbook_part_lost"
    else:
        write([book_table(path, "Videos")], [results])
        assert written(path)["E2"].value == "succeeded"
    with zipfile.ZipFile(path) as package:
        assert any(name.startswith("xl/media/") for name in package.namelist())


def test_unusable_workbooks_end_in_a_sentence(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan, results: WritePlan
) -> None:
    """A missing worksheet or a broken file is an error with a remedy, and changes nothing."""
    before = workbook.read_bytes()
    with pytest.raises(SheetError) as caught:
        write([book_table(workbook, "x")], [make_plan({2: {1: "a"}}, {}, "Gone")])
    assert caught.value.code == "workbook_not_writable"
    assert caught.value.where == str(workbook)
    assert workbook.read_bytes() == before
    workbook.write_bytes(b"PK no zip")
    with pytest.raises(SheetError) as caught:
        write([book_table(workbook, "Videos")], [results])
    assert caught.value.code == "workbook_not_writable"
    assert caught.value.hint
