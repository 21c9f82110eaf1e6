from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from openpyxl.cell.rich_text import CellRichText
from python_calamine import CalamineWorkbook

from batch_runner.core.model import OutCell, Table, WritePlan
from batch_runner.reporter.links_patch import MAX_LINKS
from batch_runner.reporter.write import write
from batch_runner.reporter.xlsx_file import write_workbook

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]

URL = "https://cdn.example/v/1.mp4?sig=a%2Fb&x=1"


def written(path: Path) -> Any:
    """The first worksheet as openpyxl reads it."""
    return openpyxl.load_workbook(path, rich_text=True).worksheets[0]


def test_results_stand_in_their_rows(
    workbook: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """Another program reads each result in the row and column it was meant for."""
    stamp = write([book_table(workbook, "Videos")], [results])
    assert stamp == book_table(workbook).stamp
    rows = CalamineWorkbook.from_path(workbook).get_sheet_by_name("Videos").to_python()
    assert rows[0][4:8] == ["status", "video_url", "video_file", "cost_usd"]
    assert rows[1][4:6] == ["succeeded", URL]
    assert rows[1][7] == 0.24
    assert rows[2][4:8] == ["failed", "", "", ""]
    assert rows[3][4:8] == ["", "", "", ""]


def test_everything_openpyxl_knows_stays(
    workbook: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """Formulas, links, dropdowns, notes, charts, formats and other worksheets survive."""
    old = written(workbook)
    write([book_table(workbook, "Videos")], [results])
    new = written(workbook)
    for row in old.iter_rows(max_col=4):
        for cell in row:
            same = new[cell.coordinate]
            assert str(same.value) == str(cell.value)
            assert repr(same.font) == repr(cell.font)
            assert repr(same.fill) == repr(cell.fill)
            assert (same.hyperlink and same.hyperlink.target) == (
                cell.hyperlink and cell.hyperlink.target
            )
    assert isinstance(new["A5"].value, CellRichText)
    assert new["D2"].value == "=C2*2"
    assert new["A1"].comment.text == old["A1"].comment.text
    assert [str(rule.sqref) for rule in new.data_validations.dataValidation] == ["C2:C9"]
    assert len(new.conditional_formatting) == 1
    assert len(new._charts) == 1
    assert new.freeze_panes == "A2"
    assert new.column_dimensions["A"].width == old.column_dimensions["A"].width
    assert new.parent["Notes"]["A1"].value == "ours"


def test_links_are_clickable(workbook: Path, book_table: MakeTable, results: WritePlan) -> None:
    """The web link is whole, the file link relative and free of what breaks links."""
    write([book_table(workbook, "Videos")], [results])
    sheet = written(workbook)
    assert sheet["F2"].hyperlink.target == URL
    assert sheet["G2"].hyperlink.target == "campaign.xlsx.batch/videos/my%20video%231%20日本.mp4"
    assert sheet["F2"].font.underline == "single"


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "\\\\host\\share\\x",
        "//host/x",
        "/etc/passwd",
        "https://x/" + "a" * 2100,
        "",
    ],
)
def test_links_elsewhere_are_text_only(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan, target: str
) -> None:
    """Only the web and files below the sheet can be clicked, and only what Excel takes."""
    cell = OutCell(value="see", link=target)
    plan = make_plan({2: {4: cell}}, {4: "video_url"}, "Videos")
    write([book_table(workbook, "Videos")], [plan])
    assert written(workbook)["E2"].hyperlink is None
    assert written(workbook)["E2"].value == "see"


def test_link_that_is_gone_is_removed(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan, results: WritePlan
) -> None:
    """A cleared result does not leave its old link behind."""
    write([book_table(workbook, "Videos")], [results])
    write(
        [book_table(workbook, "Videos")],
        [make_plan({2: {4: "queued", 5: None}}, {}, "Videos", 4)],
    )
    sheet = written(workbook)
    assert sheet["F2"].value is None
    assert sheet["F2"].hyperlink is None
    assert sheet["E2"].value == "queued"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0", "#N/A", "#REF!", "2026-11-23", "007", "TRUE"],
)
def test_text_is_never_a_formula_or_anything_else(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan, text: str
) -> None:
    """Whatever the provider answers stands in the workbook as text, in headers too."""
    plan = make_plan({2: {4: text}}, {4: text}, "Videos")
    write([book_table(workbook, "Videos")], [plan])
    with zipfile.ZipFile(workbook) as package:
        xml = package.read("xl/worksheets/sheet1.xml").decode()
    assert xml.count("<f>") == 3
    rows = CalamineWorkbook.from_path(workbook).get_sheet_by_name("Videos").to_python()
    assert (rows[0][4], rows[1][4]) == (text, text)
    sheet = written(workbook)
    assert bool(sheet["E2"].quotePrefix) == (text[0] in "=+-@")


def test_text_that_no_workbook_can_hold_is_made_to_fit(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """Control characters, lone surrogates and endless texts do not stop a write."""
    nasty = "a\x00\x1b\ud800\ufffe<&>" + "b" * 40_000
    cell = OutCell(value=nasty, link="https://x/\x00\ud800 <")
    write([book_table(workbook, "Videos")], [make_plan({2: {4: cell}}, {4: "error"}, "Videos")])
    value = written(workbook)["E2"].value
    assert value.startswith("a<&>bbb")
    assert len(value) == 32_767


def test_state_is_shaded_beside_its_word(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """States can be told at a glance, and the shade follows the word."""
    words = ["succeeded", "failed", "running", "queued"]
    cells = {row: {4: word} for row, word in enumerate(words, start=2)}
    write([book_table(workbook, "Videos")], [make_plan(cells, {4: "status"}, "Videos", 4)])
    sheet = written(workbook)
    shades = [sheet.cell(row, 5).fill.fgColor.rgb for row in range(2, 6)]
    assert len(set(shades)) == 4
    write([book_table(workbook, "Videos")], [make_plan({3: {4: "succeeded"}}, {}, "Videos", 4)])
    assert written(workbook)["E3"].fill.fgColor.rgb == shades[0]


def test_header_looks_like_its_neighbour(
    workbook: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """Our headers take on the look of the user's."""
    write([book_table(workbook, "Videos")], [results])
    sheet = written(workbook)
    for name in ("E1", "H1"):
        assert repr(sheet[name].font) == repr(sheet["D1"].font)
        assert repr(sheet[name].fill) == repr(sheet["D1"].fill)
        assert repr(sheet[name].border) == repr(sheet["D1"].border)
    assert sheet["H2"].number_format == "0.00####"


def test_width_is_set_only_where_there_is_none(
    tmp_path: Path, book_table: MakeTable, results: WritePlan
) -> None:
    """A width that covers our columns already is kept, and never doubled: Excel refuses that."""
    path = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_string(0, 0, "prompt")
        sheet.set_column(4, 5, 7)
    write([book_table(path, "Videos")], [results])
    found = written(path).column_dimensions
    assert (found["E"].min, found["E"].max, round(found["E"].width)) == (5, 6, 8)
    assert "F" not in found
    assert found["G"].width > 20


def test_links_beyond_what_excel_takes_are_text(
    workbook: Path, tmp_path: Path, make_plan: MakePlan
) -> None:
    """Past the limit, the user's own links counted, a link is text that can be copied."""
    out = tmp_path / "out.xlsx"
    cells = {row: {5: OutCell(value=URL, link=URL)} for row in range(2, 10)}
    plan = make_plan(cells, {5: "video_url"}, "Videos")
    for source in (workbook, out):
        write_workbook(io.BytesIO(source.read_bytes()), [plan], out, max_links=7)
    links = {cell.coordinate for row in written(out) for cell in row if cell.hyperlink}
    assert links == {"B2", "B3", "B4", "F2", "F3", "F4", "F5"}
    assert written(out)["F9"].value == URL
    assert MAX_LINKS == 65_530


def test_several_worksheets_are_written_at_once(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan, results: WritePlan
) -> None:
    """One replacement carries the results of all worksheets of a file."""
    plans = [results, make_plan({2: {1: "queued"}}, {1: "status"}, "Notes")]
    write([book_table(workbook, "Videos"), book_table(workbook, "Notes")], plans)
    book = openpyxl.load_workbook(workbook)
    assert book["Videos"]["E2"].value == "succeeded"
    assert book["Notes"]["B2"].value == "queued"
