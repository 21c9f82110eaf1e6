from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from batch_runner.core.model import OutCell, Problem, WritePlan
from batch_runner.reporter.looks import LINK, MONEY, SHADES, TEXT, shade_look
from batch_runner.reporter.styles_patch import MAX_STYLES, Styles

MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]
Part = Callable[..., str]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def worksheet(before: str = "", rows: str = '<row r="1"/>') -> str:
    """A worksheet with something before its rows."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData></worksheet>'


@pytest.fixture
def columns(make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part) -> Any:
    """What is said of the columns after new ones came, as (min, max, hidden), and the notices."""

    def run(before: str, headers: dict[int, str], **more: Any) -> tuple[str, list[str]]:
        plan = make_plan({2: dict.fromkeys(headers, "x")}, headers, "Videos", **more)
        after, problems = patch(make_book(worksheet(before)), plan)
        found = re.search(r"<cols>.*</cols>", part(after))
        return (found[0] if found else ""), [one.code for one in problems]

    return run


def spans(cols: str) -> list[tuple[int, int, bool]]:
    """From which column to which, and whether hidden."""
    return [
        (int(one[1]), int(one[2]), 'hidden="1"' in one[0])
        for one in re.finditer(r'<col [^>]*min="(\d+)" max="(\d+)"[^>]*>', cols)
    ]


def test_new_columns_get_widths_right_before_the_rows(columns: Any) -> None:
    """A worksheet that says nothing of its columns says it of ours now."""
    cols, _ = columns("<sheetFormatPr/>", {1: "status", 2: "video_url"})
    assert spans(cols) == [(2, 2, False), (3, 3, False)]
    assert columns("", {1: "status"}, style=False)[0] == ""


def test_columns_stay_in_order_and_are_never_described_twice(columns: Any) -> None:
    """Excel refuses a file that says two things of one column."""
    own = '<cols><col min="1" max="2" width="9"/><col min="6" max="16384" width="8"/></cols>'
    cols, _ = columns(own, {3: "a", 4: "b", 5: "c"})
    assert spans(cols) == [(1, 2, False), (4, 4, False), (5, 5, False), (6, 16384, False)]


def test_hidden_columns_at_our_place_are_shown(columns: Any) -> None:
    """Results would be invisible otherwise; the rest of the hidden columns stays hidden."""
    own = '<cols><col min="2" max="16384" width="0" hidden="1" customWidth="1"/></cols>'
    cols, codes = columns(own, {2: "status", 3: "job"})
    assert spans(cols) == [(2, 2, True), (3, 3, False), (4, 4, False), (5, 16384, True)]
    assert codes == ["hidden_column_shown"] * 2


def test_new_cells_take_the_style_of_their_column_or_row(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """As in Excel: a cell that is typed in looks as its row says, else as its column says."""
    rows = '<row r="1"/><row r="2" s="2" customFormat="1"/><row r="3" s="2"/>'
    before = '<cols><col min="2" max="9" width="9" style="1"/></cols>'
    plan = make_plan({row: {1: "x"} for row in (1, 2, 3, 4)}, {}, "Videos")
    after, _ = patch(make_book(worksheet(before, rows)), plan)
    assert re.findall(r'<c r="B(\d)" s="(\d)"', part(after)) == [
        ("1", "1"),
        ("2", "2"),
        ("3", "1"),
        ("4", "1"),
    ]


def test_protected_sheet_is_written_and_said(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """Protection is against slips by hand; it stays, and results come all the same."""
    sheet = worksheet().replace("</worksheet>", '<sheetProtection sheet="1"/></worksheet>')
    after, problems = patch(make_book(sheet), make_plan({1: {1: "x"}}, {}, "Videos"))
    assert [one.code for one in problems] == ["sheet_protected"]
    assert '<sheetProtection sheet="1"/>' in part(after)


def test_style_off_leaves_looks_alone(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """No shade, width, link colour or number format; text is marked as text all the same."""
    cells = {2: {1: "succeeded", 2: OutCell(value="u", link="https://u"), 3: 0.5, 4: "=1"}}
    plan = make_plan(cells, {1: "status"}, "Videos", 1, style=False)
    book = make_book(worksheet(rows='<row r="1"><c r="A1" s="1"/></row>'))
    after, _ = patch(book, plan)
    assert re.findall(r'<c r="([A-Z]\d)" s="(\d)"', part(after)) == [("A1", "1"), ("E2", "3")]
    assert part(after, "xl/styles.xml").count('quotePrefix="1"') == 1


def test_workbook_without_styles_gets_none(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """Where no styles are, cells have none."""
    plan = make_plan({2: {1: "succeeded", 3: 0.5}}, {1: "status"}, "Videos", 1)
    after, _ = patch(make_book(worksheet(), styles=None), plan)
    assert " s=" not in part(after)


def test_styles_are_appended_only_and_used_again(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """Nothing in the styles is renumbered, and writing again and again adds nothing."""
    data = make_book(worksheet())
    before = part(data, "xl/styles.xml")
    sizes = []
    for word in ("queued", "running", "succeeded", "failed", "queued", "running", None, "failed"):
        link = OutCell(value="u", link="https://u")
        plan = make_plan({2: {1: word, 2: link, 3: 0.5}}, {}, "Videos", 1)
        data, _ = patch(data, plan)
        sizes.append(len(part(data, "xl/styles.xml")))
    after = part(data, "xl/styles.xml")
    for kind in ("font", "fill", "border", "xf"):
        old = re.findall(rf"<{kind}>.*?</{kind}>|<{kind} [^>]*/>", before)
        assert re.findall(rf"<{kind}>.*?</{kind}>|<{kind} [^>]*/>", after)[: len(old)] == old
    assert sizes[4:6] == [sizes[3]] * 2
    assert sizes[7] == sizes[6]
    for section, item in (("fonts", "font"), ("fills", "fill"), ("cellXfs", "xf")):
        found = re.search(rf'<{section} count="(\d+)">(.*?)</{section}>', after)
        assert found is not None
        assert int(found[1]) == len(re.findall(rf"<{item}[ >]", found[2]))


def test_shade_link_and_format_are_what_openpyxl_reads(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, tmp_path: Any
) -> None:
    """Another reader sees the looks; what the style had before stays in it."""
    rows = '<row r="2"><c r="B2" s="1"/><c r="C2" s="1"/><c r="D2" s="2"/></row>'
    link = OutCell(value="u", link="https://u")
    plan = make_plan({2: {1: "failed", 2: link, 3: 0.5}}, {}, "Videos", 1)
    patch(make_book(worksheet(rows=rows)), plan)
    sheet: Any = openpyxl.load_workbook(tmp_path / "patched.xlsx").active
    assert sheet["B2"].fill.fgColor.rgb == SHADES["failed"]
    assert (sheet["B2"].font.b, sheet["B2"].alignment.wrap_text) == (True, True)
    assert (sheet["C2"].font.u, sheet["C2"].font.b, sheet["C2"].font.sz) == ("single", True, 14)
    assert sheet["D2"].number_format == "0.00####"  # and no date any more


PREFIXED = (
    f'<x:styleSheet xmlns:x="{MAIN}"><x:fonts><x:font/></x:fonts><x:fills><x:fill/></x:fills>'
    '<x:cellXfs count="1"><x:xf numFmtId="0"/></x:cellXfs></x:styleSheet>'
)


def test_prefixed_styles_are_continued_with_their_prefix() -> None:
    """Fonts, fills, formats and cell formats are of the same family as those that are there."""
    styles = Styles(PREFIXED.encode())
    numbers = [styles.styled(0, look) for look in (LINK, MONEY, TEXT, shade_look("failed"))]
    after = styles.patched()
    assert numbers == [1, 2, 3, 4]
    assert after is not None
    assert f'<x:styleSheet xmlns:x="{MAIN}"><x:numFmts count="1"><x:numFmt '.encode() in after
    assert re.search(rb"<(?!/?x:)", after) is None


@pytest.mark.parametrize("part", [b"", b"<styleSheet/>", b"<styleSheet><cellXfs/></styleSheet>"])
def test_incomplete_styles_are_left_as_they_are(part: bytes) -> None:
    """Where there is nothing to build on, a look is given up, not the write."""
    styles = Styles(part)
    assert styles.styled(0, LINK) == 0
    assert styles.styled(7, MONEY) == 7
    assert styles.patched() is None


def test_full_list_of_styles_is_not_overfilled() -> None:
    """Excel takes 64,000 cell formats; a workbook that has them gets no more."""
    many = b'<xf numFmtId="9"/>' * MAX_STYLES
    styles = Styles(
        b"<styleSheet><fonts><font/></fonts><fills><fill/></fills><cellXfs>"
        + many
        + b"</cellXfs></styleSheet>"
    )
    assert styles.styled(5, LINK) == 5


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("#,##0.00", True),
        ('"$"0.00;[Red]-0', True),
        ("0.00%", True),
        ("yyyy-mm-dd", False),
        ("[h]:mm:ss.00", False),
        ("@", False),
        ('"day" 0', True),
    ],
)
def test_number_format_of_the_user_is_kept_if_it_shows_amounts(code: str, kept: bool) -> None:  # noqa: FBT001
    """A currency format stays; a cost is never shown as a date."""
    escaped = code.replace('"', "&quot;")
    styles = Styles(
        (
            f'<styleSheet><numFmts count="1"><numFmt numFmtId="170" formatCode="{escaped}"/></numFmts>'
            "<fonts><font/></fonts><fills><fill/></fills>"
            '<cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>'
        ).encode()
    )
    assert (styles.styled(0, MONEY) == 0) is kept


def test_blank_cells_that_had_a_style_get_it_back(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """Formatted before our columns came, formatted after they went; all other cells go."""
    cells = '<c r="A{0}" s="1"/><c r="B{0}" s="1"/><c r="C{0}" s="2"/><c r="E{0}" s="2"/>'
    rows = "".join(f'<row r="{n}">{cells.format(n) if n < 5 else ""}</row>' for n in range(1, 7))
    before = make_book(worksheet(rows=rows))
    book = before
    headers = {1: "status", 2: "video_url", 3: "cost_usd", 4: "error"}
    link = OutCell(value="https://v.example/1.mp4", link="https://v.example/1.mp4")
    for word in ("running", "succeeded"):
        results = {n: {1: word, 2: link, 3: 0.25, 4: "=1+1"} for n in range(2, 7)}
        book, _ = patch(book, make_plan(results, headers, "Videos", 1))
    blank = {n: dict.fromkeys(headers) for n in range(2, 7)}
    after, _ = patch(book, make_plan(blank, headers, "Videos", 1, remove=True))
    tags = '<c r="[A-Z]+[2-9]"[^>]*>'
    assert re.findall(tags, part(after)) == re.findall(tags, part(before))


def test_a_number_is_never_shown_as_a_date(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, tmp_path: Any
) -> None:
    """Not even where the cell was formatted as one and looks are turned off."""
    book = make_book(worksheet(rows='<row r="2"><c r="B2" s="2"/><c r="C2" s="1"/></row>'))
    plan = make_plan({2: {1: 0.4, 2: 0.4}}, {}, "Videos", style=False)
    path = tmp_path / "dates.xlsx"
    path.write_bytes(patch(book, plan)[0])
    sheet: Any = openpyxl.load_workbook(path)["Videos"]
    assert [sheet["B2"].value, sheet["C2"].value] == [0.4, 0.4]
    assert sheet["C2"].number_format == "General"
