from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from batch_runner.core.model import OutCell, Problem, Table, WritePlan
from batch_runner.reporter.write import write

MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
MakeTable = Callable[..., Table]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8ffff3f030008fc02fea79aa0a00000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A workbook with much of what other libraries lose when they save it."""
    folder = tmp_path_factory.mktemp("rich")
    path, macros = folder / "rich.xlsm", folder / "vbaProject.bin"
    macros.write_bytes(b"macros, signed or not")
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_vba_project(str(macros))
        sheet = book.add_worksheet("Videos")
        other = book.add_worksheet("Lists")
        other.write_column(0, 0, [5, 8])
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        for column, text in enumerate(["prompt", "duration", "cost", "twice"]):
            sheet.write_string(0, column, text, bold)
        for row in range(1, 30):
            sheet.write_string(row, 0, f"prompt {row}")
            sheet.write_number(row, 1, 5)
            sheet.write_formula(row, 2, f"=B{row + 1}*0.06", None, 0.3)
        sheet.write_dynamic_array_formula("D2:D4", "=B2:B4*2", None, 10)
        sheet.write_rich_string(5, 0, "a ", bold, "bold", " cat")
        sheet.data_validation("B2:B30", {"validate": "list", "source": "=Lists!$A$1:$A$2"})
        sheet.conditional_format("C2:C30", {"type": "data_bar", "data_bar_2010": True})
        sheet.add_sparkline("E2", {"range": "Videos!B2:C2"})
        sheet.insert_image("G2", "pixel.png", {"image_data": io.BytesIO(PIXEL)})
        sheet.insert_textbox("G9", "a text box")
        sheet.insert_button("I9", {"macro": "go", "caption": "Go"})
        sheet.write_comment("A1", "what the video shows")
        sheet.set_header("&L&G", {"image_left": "pixel.png", "image_data_left": io.BytesIO(PIXEL)})
        sheet.ignore_errors({"number_stored_as_text": "A1:A30"})
        sheet.set_background(io.BytesIO(PIXEL))
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Videos!$B$2:$B$9", "trendline": {"type": "linear"}})
        sheet.insert_chart("G20", chart)
        book.define_name("Costs", "=Videos!$C$2:$C$30")
        book.set_custom_property("Client", "ACME")
    return path.read_bytes()


@pytest.fixture(scope="session")
def eight(make_plan: MakePlan) -> WritePlan:
    """Results with links, shades and numbers, right of column E."""
    link = OutCell(value="https://x/1.mp4", link="https://x/1.mp4")
    cells = {row: {5: "succeeded", 6: link, 7: 0.24, 8: "日本"} for row in range(2, 31)}
    return make_plan(cells, {5: "status", 6: "video_url", 7: "cost_usd", 8: "error"}, "Videos", 5)


def packed_members(data: bytes) -> dict[str, bytes]:
    """Every member's packed bytes."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for member in package.infolist():
            at = member.header_offset
            name, extra = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
            start = at + 30 + name + extra
            found[member.filename] = data[start : start + member.compress_size]
    return found


def test_all_other_parts_are_the_same_packed_bytes(
    rich: bytes, eight: WritePlan, patch: Patch
) -> None:
    """Macros, pictures, charts, shapes, validations elsewhere ...: not one byte of them moves."""
    after, _ = patch(rich, eight)
    old, new = packed_members(rich), packed_members(after)
    assert list(new) == list(old)
    assert {name for name in old if old[name] != new[name]} == {
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/_rels/sheet1.xml.rels",
        "xl/styles.xml",
    }


def test_worksheet_without_our_cells_is_what_it_was(
    rich: bytes, eight: WritePlan, patch: Patch
) -> None:
    """Take our cells, widths and links out of the XML again, and the old XML is left."""
    after, _ = patch(rich, eight)
    old, new = (
        zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
        for data in (rich, after)
    )
    new = re.sub(r'<c r="[F-I]\d+"[^>]*?(?:/>|>.*?</c>)', "", new)
    new = re.sub(r"<hyperlinks>.*?</hyperlinks>|<cols>.*?</cols>", "", new)
    new = re.sub(r'spans="1:9"', 'spans="1:4"', new).replace('ref="A1:I30"', 'ref="A1:E30"')
    old = re.sub(r'spans="1:\d"', 'spans="1:4"', old)
    old = re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:E30"', old)
    assert new == old


def test_stored_results_of_formulas_stay(rich: bytes, eight: WritePlan, patch: Patch) -> None:
    """A program that does not calculate still sees what the formulas gave."""
    after, _ = patch(rich, eight)
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(after)).get_sheet_by_name("Videos").to_python()
    )
    assert [row[2] for row in rows[1:]] == [0.3] * 29
    assert rows[1][5:9] == ["succeeded", "https://x/1.mp4", 0.24, "日本"]


def test_writing_the_same_again_changes_nothing(
    rich: bytes, eight: WritePlan, patch: Patch, make_plan: MakePlan
) -> None:
    """The same results give the same worksheet, styles and links, however often."""
    once, _ = patch(rich, eight)
    again = make_plan(dict(eight.cells), {}, "Videos", 5)
    twice, _ = patch(once, again)
    assert packed_members(twice) == packed_members(once)


def test_workbook_is_found_by_its_relationships(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, tmp_path: Path
) -> None:
    """Absolute targets, other folders, a chart sheet first: the named worksheet is written."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/></sheetData></worksheet>'
    data = make_book(
        "<chartsheet/>",
        parts={
            "_rels/.rels": (
                f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" '
                f'Type="{OFFICE}/officeDocument" Target="/book/main.xml"/></Relationships>'
            ),
            "book/main.xml": (
                f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
                '<sheet name="Chart" sheetId="1" r:id="c"/>'
                '<sheet name="Videos" sheetId="2" r:id="v"/></sheets></workbook>'
            ),
            "book/_rels/main.xml.rels": (
                f'<Relationships xmlns="{PACKAGE}">'
                f'<Relationship Id="c" Type="{OFFICE}/chartsheet" Target="/xl/worksheets/sheet1.xml"/>'
                f'<Relationship Id="v" Type="{OFFICE}/worksheet" Target="..\\data\\Sheet.xml"/>'
                "</Relationships>"
            ),
            "data/sheet.xml": sheet,
        },
    )
    link = OutCell(value="u", link="https://u")
    after, _ = patch(data, make_plan({1: {0: link}}, {}, "Videos"))
    with zipfile.ZipFile(io.BytesIO(after)) as package:
        assert b"<hyperlink " in package.read("data/sheet.xml")
        assert b"https://u" in package.read("data/_rels/Sheet.xml.rels")
        assert package.read("xl/worksheets/sheet1.xml") == b"<chartsheet/>"


@pytest.mark.filterwarnings("ignore:.*extension is not supported")  # by openpyxl
def test_two_worksheets_share_the_styles(
    rich: bytes, eight: WritePlan, make_plan: MakePlan, patch: Patch, tmp_path: Path
) -> None:
    """Results in several worksheets of one file are written at once."""
    patch(rich, eight, make_plan({1: {2: "failed"}}, {}, "Lists", 2))
    book: Any = load_workbook(tmp_path / "patched.xlsx", keep_vba=True)
    assert book["Lists"]["C1"].fill.fgColor.rgb == "FFFFC7CE"
    assert book["Videos"]["F2"].fill.fgColor.rgb == "FFC6EFCE"


def test_file_that_is_replaced_is_the_users(
    rich: bytes, eight: WritePlan, book_table: MakeTable, tmp_path: Path
) -> None:
    """Through the whole writer: rights stay, nothing is left beside the file."""
    path = tmp_path / "rich.xlsm"
    path.write_bytes(rich)
    path.chmod(0o640)
    stamp = write([book_table(path, "Videos")], [eight])
    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (stamp.size, 0o640)
    assert [one.name for one in tmp_path.iterdir()] == ["rich.xlsm"]
