from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from batch_runner.core.errors import SheetBusyError, SheetChangedError, SheetError
from batch_runner.core.model import Problem, Table, WritePlan
from batch_runner.reporter.write import write

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]
Part = Callable[..., str]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def written(path: Path) -> Any:
    """The first worksheet as openpyxl reads it."""
    return openpyxl.load_workbook(path, rich_text=True).worksheets[0]


def test_result_under_merged_cells_is_kept_and_said(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """Merged over our columns: what does not show is in the file all the same, and named."""
    merges = '<mergeCells count="2"><mergeCell ref="A2:F2"/><mergeCell ref="E4:E20"/></mergeCells>'
    book = make_book(
        f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/><row r="2"><c r="A2"><v>1</v></c></row>'
        f"</sheetData>{merges}</worksheet>"
    )
    cells = {row: {4: f"status {row}", 5: f"link {row}"} for row in range(2, 12)}
    after, told = patch(book, make_plan(cells, {4: "status", 5: "video_url"}, "Videos"))
    lines = CalamineWorkbook.from_filelike(io.BytesIO(after)).get_sheet_by_index(0).to_python()
    assert [line[4:] for line in lines[1:]] == [list(cells[row].values()) for row in range(2, 12)]
    assert merges in part(after)
    assert {p.code for p in told} == {"under_merged_cells"}
    assert [(p.row, p.column) for p in told] == [(2, 0), (4, 4)]
    assert "row 2 are under the merged cells A2:F2" in told[0].message
    assert "rows 5, 6, 7, 8, 9 and 2 more are under the merged cells E4:E20" in told[1].message
    assert "--row 5" in told[1].hint
    blank = {row: dict.fromkeys(columns) for row, columns in cells.items()}
    restored, silent = patch(after, make_plan(blank, {4: "status"}, "Videos", remove=True))
    assert (silent, "status 2" in part(restored)) == ((), False)


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
    assert caught.value.code == "damaged"
    assert caught.value.hint


@pytest.fixture
def signed(make_book: MakeBook) -> bytes:
    """A workbook with a digital signature."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/></sheetData></worksheet>'
    return make_book(sheet, parts={"_xmlsignatures/sig1.xml": "<Signature/>"})


def test_signed_workbook_is_left_alone(
    tmp_path: Path, signed: bytes, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """A change would break the signature: results go beside the sheet, and that is said."""
    path = tmp_path / "signed.xlsx"
    path.write_bytes(signed)
    plan = make_plan({2: {1: "queued"}}, {1: "status"}, "Videos")
    with pytest.raises(SheetBusyError) as caught:
        write([book_table(path, "Videos")], [plan])
    assert caught.value.code == "workbook_signed"
    assert "break_signature" in caught.value.hint
    assert path.read_bytes() == signed
    told: list[Problem] = []
    write([book_table(path, "Videos")], [plan], tmp_path / "copy.xlsx", notice=told.append)
    assert [problem.code for problem in told] == ["signature_broken"]
    assert written(tmp_path / "copy.xlsx")["B2"].value == "queued"


def test_signed_workbook_is_written_when_told(
    tmp_path: Path, signed: bytes, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """Its owner may say that the signature does not matter."""
    path = tmp_path / "signed.xlsx"
    path.write_bytes(signed)
    plan = make_plan({2: {1: "queued"}}, {1: "status"}, "Videos", break_signature=True)
    write([book_table(path, "Videos")], [plan])
    assert written(path)["B2"].value == "queued"


def test_encrypted_workbook_is_refused(
    tmp_path: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """A password turns the file into something else; nothing is guessed, nothing written."""
    path = tmp_path / "secret.xlsx"
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"EncryptedPackage" * 40
    path.write_bytes(content)
    with pytest.raises(SheetError):
        write([book_table(path, "Videos")], [results])
    assert path.read_bytes() == content


def test_file_that_changes_while_it_is_read_is_not_replaced(
    workbook: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """What somebody saves at the last moment stays; the write is tried again by the caller."""
    table = book_table(workbook, "Videos")
    saved = workbook.read_bytes() + b"\0"

    def save() -> None:
        workbook.write_bytes(saved)

    with pytest.raises(SheetChangedError):
        write([table], [results], before_replace=save)
    assert workbook.read_bytes() == saved
