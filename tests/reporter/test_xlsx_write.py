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
from openpyxl.cell.rich_text import CellRichText
from python_calamine import CalamineWorkbook

from batch_runner.core.errors import SheetBusyError, SheetError
from batch_runner.core.model import OutCell, Problem, Table, WritePlan
from batch_runner.reporter.write import write
from batch_runner.reporter.xlsx_file import MAX_LINKS, write_workbook

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]

URL = "https://cdn.example/v/1.mp4?sig=a%2Fb&x=1"


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


def results(make_plan: MakePlan, **more: Any) -> WritePlan:
    """Results for the first two rows."""
    link = "campaign.xlsx.batch/videos/my video#1 日本.mp4"
    return make_plan(
        {
            2: {
                4: "succeeded",
                5: OutCell(value=URL, link=URL),
                6: OutCell(value=link, link=link),
                7: 0.24,
            },
            3: {4: "failed", 5: None, 7: None},
        },
        {4: "status", 5: "video_url", 6: "video_file", 7: "cost_usd"},
        "Videos",
        **{"status_column": 4, **more},
    )


def written(path: Path) -> Any:
    """The first worksheet as openpyxl reads it."""
    return openpyxl.load_workbook(path, rich_text=True).worksheets[0]


def test_results_stand_in_their_rows(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """Another program reads each result in the row and column it was meant for."""
    stamp = write([book_table(workbook, "Videos")], [results(make_plan)])
    assert stamp == book_table(workbook).stamp
    rows = CalamineWorkbook.from_path(workbook).get_sheet_by_name("Videos").to_python()
    assert rows[0][4:8] == ["status", "video_url", "video_file", "cost_usd"]
    assert rows[1][4:6] == ["succeeded", URL]
    assert rows[1][7] == 0.24
    assert rows[2][4:8] == ["failed", "", "", ""]
    assert rows[3][4:8] == ["", "", "", ""]


def test_everything_openpyxl_knows_stays(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """Formulas, links, dropdowns, notes, charts, formats and other worksheets survive."""
    old = written(workbook)
    write([book_table(workbook, "Videos")], [results(make_plan)])
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


def test_links_are_clickable(workbook: Path, book_table: MakeTable, make_plan: MakePlan) -> None:
    """The web link is whole, the file link relative and free of what breaks links."""
    write([book_table(workbook, "Videos")], [results(make_plan)])
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
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """A cleared result does not leave its old link behind."""
    write([book_table(workbook, "Videos")], [results(make_plan)])
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
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """Our headers take on the look of the user's."""
    write([book_table(workbook, "Videos")], [results(make_plan)])
    sheet = written(workbook)
    for name in ("E1", "H1"):
        assert repr(sheet[name].font) == repr(sheet["D1"].font)
        assert repr(sheet[name].fill) == repr(sheet["D1"].fill)
        assert repr(sheet[name].border) == repr(sheet["D1"].border)
    assert sheet["H2"].number_format == "0.00####"


def test_width_is_set_only_where_there_is_none(
    tmp_path: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """A width that covers our columns already is kept, and never doubled: Excel refuses that."""
    path = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_string(0, 0, "prompt")
        sheet.set_column(4, 5, 7)
    write([book_table(path, "Videos")], [results(make_plan)])
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
    write_workbook(workbook, [plan], out, max_links=7)
    write_workbook(out, [plan], out, max_links=7)
    links = {cell.coordinate for row in written(out) for cell in row if cell.hyperlink}
    assert links == {"B2", "B3", "B4", "F2", "F3", "F4", "F5"}
    assert written(out)["F9"].value == URL
    assert MAX_LINKS == 65_530


def test_several_worksheets_are_written_at_once(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """One replacement carries the results of all worksheets of a file."""
    plans = [results(make_plan), make_plan({2: {1: "queued"}}, {1: "status"}, "Notes")]
    write([book_table(workbook, "Videos"), book_table(workbook, "Notes")], plans)
    book = openpyxl.load_workbook(workbook)
    assert book["Videos"]["E2"].value == "succeeded"
    assert book["Notes"]["B2"].value == "queued"


def test_cell_in_a_merged_range_is_passed_over(
    tmp_path: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """A range that the user merged over our columns stays merged, and stops nothing."""
    path = tmp_path / "merged.xlsx"
    book = openpyxl.Workbook()
    made = book.create_sheet("Videos", 0)
    made["A1"] = "prompt"
    made.merge_cells("A3:F3")
    book.save(path)
    write([book_table(path, "Videos")], [results(make_plan)])
    sheet = written(path)
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["A3:F3"]
    assert sheet["E2"].value == "succeeded"


def test_macros_stay(tmp_path: Path, workbook: Path, make_plan: MakePlan) -> None:
    """A workbook with macros keeps them, byte for byte."""
    out = tmp_path / "out.xlsm"
    source = io.BytesIO()
    macro_type = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    plain_type = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    with zipfile.ZipFile(workbook) as old, zipfile.ZipFile(source, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(plain_type, macro_type))
        new.writestr("xl/vbaProject.bin", b"macros")
    write_workbook(source.getvalue(), [results(make_plan)], out)
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
    tmp_path: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """A known loss keeps us from the sheet; a copy may be written, and the loss is said."""
    path = tmp_path / "spark.xlsx"
    sparklines(path)
    before = path.read_bytes()
    with pytest.raises(SheetBusyError) as caught:
        write([book_table(path, "Videos")], [results(make_plan)])
    assert caught.value.code == "workbook_part_lost"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    told: list[Problem] = []
    copy = tmp_path / "spark.results.xlsx"
    write([book_table(path, "Videos")], [results(make_plan)], copy, notice=told.append)
    assert [problem.code for problem in told] == ["workbook_part_lost"]
    assert written(copy)["E2"].value == "succeeded"


PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x03\x00\x08\xfc\x02\xfe\xa7\x9a\xa0"
    b"\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)


def test_pictures_are_never_lost(
    tmp_path: Path, book_table: MakeTable, make_plan: MakePlan
) -> None:
    """With Pillow a picture stays in the sheet; without, the sheet stays as it is."""
    path = tmp_path / "picture.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_string(0, 0, "prompt")
        sheet.insert_image("D1", "pixel.png", {"image_data": io.BytesIO(PIXEL)})
    if find_spec("PIL") is None:
        with pytest.raises(SheetBusyError) as caught:
            write([book_table(path, "Videos")], [results(make_plan)])
        assert caught.value.code == "workbook_part_lost"
    else:
        write([book_table(path, "Videos")], [results(make_plan)])
        assert written(path)["E2"].value == "succeeded"
    with zipfile.ZipFile(path) as package:
        assert any(name.startswith("xl/media/") for name in package.namelist())


def test_unusable_workbooks_end_in_a_sentence(
    workbook: Path, book_table: MakeTable, make_plan: MakePlan
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
        write([book_table(workbook, "Videos")], [results(make_plan)])
    assert caught.value.code == "workbook_not_writable"
    assert caught.value.hint
