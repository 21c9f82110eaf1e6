from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from batch_runner.core.errors import SheetError
from batch_runner.core.model import OutCell, Problem, WritePlan
from batch_runner.reporter.sheet_rows import Place, RowsPatch
from batch_runner.reporter.sheet_stream import whole_rows
from batch_runner.reporter.sheet_survey import survey

MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]
Part = Callable[..., str]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def worksheet(rows: str, before: str = "", after: str = "") -> str:
    """A worksheet around some rows."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
        f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    )


@pytest.fixture
def patched(make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part) -> Any:
    """The worksheet after some cells were put into it."""

    def run(sheet: str | bytes, cells: dict[int, dict[int, Any]], **more: Any) -> str:
        encoding = more.pop("encoding", "utf-8")
        plan = make_plan(cells, more.pop("headers", {}), "Videos", **more)
        return part(patch(make_book(sheet), plan)[0], encoding=encoding)

    return run


def text_cell(place: str, text: str) -> str:
    """How a text of ours is stored."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_cells_go_to_the_end_of_their_rows(patched: Any) -> None:
    """New cells come after the row's last one; every other byte stays."""
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>\n  <row r="2" ht="20">\n<c r="A2"/>\n</row>'
    after = patched(worksheet(rows), {1: {2: "x"}, 2: {2: "y"}})
    assert after == worksheet(
        f'<row r="1"><c r="A1"><v>1</v></c>{text_cell("C1", "x")}</row>\n  '
        f'<row r="2" ht="20">\n<c r="A2"/>{text_cell("C2", "y")}\n</row>'
    )


def test_cells_go_between_others(patched: Any) -> None:
    """A row's cells stand in the order of their columns, wherever ours belong."""
    rows = '<row r="1"><c r="B1"/><c r="D1"/><c r="AA1"/></row>'
    after = patched(worksheet(rows), {1: {0: "a", 2: "c", 4: 5, 27: "z"}})
    assert re.findall(r'<c r="([A-Z]+)1"', after) == ["A", "B", "C", "D", "E", "AA", "AB"]


def test_cell_that_is_there_is_replaced_and_keeps_its_style(patched: Any) -> None:
    """Value, type and formula of the old cell go; how it looks stays."""
    rows = '<row r="1"><c r="A1" s="1" t="s" cm="1"><f>B1</f><v>7</v></c><c r="B1"/></row>'
    after = patched(worksheet(rows), {1: {0: "new"}}, style=False)
    cell = '<c r="A1" s="1" t="inlineStr"><is><t>new</t></is></c>'
    assert after == worksheet(f'<row r="1">{cell}<c r="B1"/></row>')


def test_blank_result_clears_the_cell(patched: Any) -> None:
    """A blank leaves the style behind, and no cell where none was."""
    rows = '<row r="1"><c r="A1" s="1"><v>7</v></c><c r="B1"><v>7</v></c></row>'
    after = patched(worksheet(rows), {1: {0: None, 1: None, 2: None}, 9: {0: None}})
    assert after == worksheet('<row r="1"><c r="A1" s="1"/></row>')


def test_rows_without_numbers_are_counted(patched: Any) -> None:
    """Rows and cells may leave out where they are: then they follow each other."""
    rows = '<row><c/></row><row><c/><c r="D2"/><c/></row><row r="7"><c/></row><row/>'
    after = patched(worksheet(rows), {2: {4: "e", 5: "f"}, 8: {0: "a"}})
    second = f'<row><c/><c r="D2"/>{text_cell("E2", "e")}{text_cell("F2", "f")}</row>'
    last = f"<row>{text_cell('A8', 'a')}</row>"
    assert after == worksheet(f'<row><c/></row>{second}<row r="7"><c/></row>{last}')


def test_missing_rows_are_added_in_order(patched: Any) -> None:
    """A row that holds nothing yet is made, at its place among the others."""
    rows = '<row r="2"/><row r="5"/>'
    after = patched(worksheet(rows), {row: {0: "x"} for row in (1, 3, 4, 6)})
    assert re.findall(r'<row r="(\d)"', after) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("rows", ["<sheetData/>", "<sheetData></sheetData>", "<sheetData />"])
def test_worksheet_without_rows_gets_some(patched: Any, rows: str) -> None:
    """An empty worksheet can be written into."""
    sheet = f'<worksheet xmlns="{MAIN}">{rows}<pageMargins left="1"/></worksheet>'
    after = patched(sheet, {2: {0: "x"}}, headers={0: "status"}, style=False)
    assert [row.get("r") for row in ET.fromstring(after)[0]] == ["1", "2"]
    assert after.endswith('</sheetData><pageMargins left="1"/></worksheet>')


def test_header_need_not_be_in_the_first_row(patched: Any) -> None:
    """Our headers stand in the row where the others stand, and look like them."""
    rows = '<row r="1"><c r="A1" t="inlineStr"/></row><row r="4"><c r="A4" s="1"/></row>'
    after = patched(worksheet(rows), {}, headers={1: "status"}, header_row=4)
    assert '<c r="B4" s="1" t="inlineStr"><is><t>status</t></is></c></row>' in after


def test_self_closed_row_is_opened(patched: Any) -> None:
    """A row of which only the height is known takes cells too."""
    after = patched(worksheet('<row r="1" ht="30" />'), {1: {0: "x"}})
    assert after == worksheet(f'<row r="1" ht="30">{text_cell("A1", "x")}</row>')


def test_prefixed_elements_are_continued_with_their_prefix(patched: Any) -> None:
    """Some programs write <x:row>; ours then are of the same family."""
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"/></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    after = patched(sheet, {1: {1: "b"}, 2: {1: 0.5}}, style=False)
    cells = list(ET.fromstring(after).iter(f"{{{MAIN}}}c"))
    assert [cell.get("r") for cell in cells] == ["A1", "B1", "B2"]
    assert '<x:c r="B2"><x:v>0.5</x:v></x:c>' in after


ASIDES = [
    '<!-- <row r="1"> </row> </sheetData> <c r="Z1"> -->',
    "<!-- </c></row> -->",
    '<?note <row r="2"> ?>',
]


@pytest.mark.parametrize("aside", ASIDES)
def test_comments_and_instructions_are_stepped_over(patched: Any, aside: str) -> None:
    """Whatever a comment says is no row and no cell, wherever it stands."""
    inside = f'<row r="1">{aside}<c r="A1">{aside}<v>1</v></c>{aside}</row>'
    rows = f"{aside}{inside}{aside}"
    after = patched(worksheet(rows, before=aside), {1: {1: "b"}, 2: {0: "a"}})
    row = f'<row r="1">{aside}<c r="A1">{aside}<v>1</v></c>{text_cell("B1", "b")}{aside}</row>'
    added = f'<row r="2">{text_cell("A2", "a")}</row>'
    assert after == worksheet(f"{aside}{row}{aside}{added}", before=aside)


def test_cdata_and_angle_brackets_in_attributes_are_stepped_over(patched: Any) -> None:
    """Text that looks like markup is text."""
    odd = "<![CDATA[</c></row></sheetData><row r='9'>]]>"
    rows = (
        f'<row r="1" x="a>b" y=\'<"\'><c r="A1" z="/>"><is><t>{odd}</t></is></c></row>'
    ).replace("'<\"'", "'\"'")
    after = patched(worksheet(rows), {1: {1: "b"}})
    assert after == worksheet(rows.replace("</c></row>", "</c></row>", 1)).replace(
        "</is></c></row>", f"</is></c>{text_cell('B1', 'b')}</row>"
    )


def test_what_follows_the_last_cell_of_a_row_stays_behind_it(patched: Any) -> None:
    """A row may end in an extension list; cells come before it."""
    more = '<extLst><ext uri="x"/></extLst>'
    after = patched(worksheet(f'<row r="1"><c r="A1"/>{more}</row>'), {1: {1: "b"}})
    assert after == worksheet(f'<row r="1"><c r="A1"/>{text_cell("B1", "b")}{more}</row>')


def test_spans_and_dimension_are_widened(patched: Any) -> None:
    """What the worksheet says of its extent holds afterwards too."""
    rows = '<row r="2" spans="1:2"><c r="A2"/></row><row r="3" spans="1:9"/>'
    sheet = worksheet(rows, before='<dimension ref="A2:B3"/>')
    after = patched(sheet, {2: {4: "x"}, 3: {4: "x"}, 6: {4: "x"}})
    assert '<dimension ref="A2:E6"/>' in after
    assert '<row r="2" spans="1:5">' in after
    assert '<row r="3" spans="1:9">' in after


def test_dimension_that_is_too_wide_is_kept(patched: Any) -> None:
    """A wider extent than ours is none of our business."""
    after = patched(worksheet('<row r="1"/>', before='<dimension ref="A1:XFD99"/>'), {1: {1: "x"}})
    assert '<dimension ref="A1:XFD99"/>' in after


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encoding_of_the_part_is_kept(patched: Any, mark: str) -> None:
    """A part in UTF-16, with a byte order mark, or in Latin-1 is written as it was."""
    name = {"utf-8-sig": "UTF-8", "latin-1": "ISO-8859-1"}.get(mark, "UTF-16")
    sheet = worksheet('<row r="1"><c r="A1" t="str"><v>é</v></c></row>').replace("UTF-8", name)
    bom = b"" if mark in {"utf-8-sig", "utf-16", "latin-1"} else "\ufeff".encode(mark)
    after = patched(bom + sheet.encode(mark), {1: {1: "日本 ü"}}, encoding=mark)
    text = "&#26085;&#26412; ü" if mark == "latin-1" else "日本 ü"
    new = sheet.replace("</c></row>", f"</c>{text_cell('B1', text)}</row>")
    assert after.removeprefix("\ufeff") == new


def test_a_row_or_cell_that_comes_twice_shows_our_result_once(patched: Any) -> None:
    """Readers take the last of what stands twice, so nothing may stand after ours."""
    rows = (
        '<row r="1"><c r="A1"/><c r="B1"/><c r="B1"><v>1</v></c></row><row r="1"><c r="B1"/></row>'
    )
    after = patched(worksheet(rows), {1: {1: "x"}})
    assert after == worksheet(
        f'<row r="1"><c r="A1"/>{text_cell("B1", "x")}</row><row r="1"></row>'
    )


def test_other_rows_may_come_twice(patched: Any) -> None:
    """What is odd elsewhere stays as odd as it was."""
    rows = '<row r="3"/><row r="3"/><row r="2"/>'
    assert patched(worksheet(rows), {9: {0: "x"}}).startswith(worksheet(rows)[:-30])


def seen(book: bytes) -> dict[tuple[int, int], Any]:
    """What a reader sees in the worksheet: row, column -> value."""
    lines = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0)
    return {
        (row, column): value
        for row, line in enumerate(lines.to_python(skip_empty_area=False), start=1)
        for column, value in enumerate(line)
        if value != ""
    }


@given(
    layout=st.lists(
        st.tuples(st.integers(1, 6), st.lists(st.integers(0, 3), max_size=4)), max_size=8
    ),
    wanted=st.dictionaries(st.integers(1, 6), st.sets(st.integers(2, 5), min_size=1), min_size=1),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_any_order_are_written_as_readers_see_them(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, layout: Any, wanted: Any
) -> None:
    """Whatever comes unordered or twice: ours shows everywhere, theirs as before, also again."""
    numbers = iter(range(1000))
    rows = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{"ABCD"[c]}{row}"><v>{next(numbers)}</v></c>' for c in columns)
        + "</row>"
        for row, columns in layout
    )
    before = make_book(worksheet(rows))
    book = before
    for text in ("first", "second"):
        cells = {row: dict.fromkeys(columns, text) for row, columns in wanted.items()}
        book, _ = patch(book, make_plan(cells, {}, "Videos"))
        ours = {(row, column): text for row, columns in wanted.items() for column in columns}
        assert seen(book) == {**seen(before), **ours}


@pytest.mark.parametrize("sheet", [f'<worksheet xmlns="{MAIN}"/>', "<chartsheet/>"])
def test_part_without_rows_element_is_refused(patched: Any, sheet: str) -> None:
    """What is no worksheet is not taken for one."""
    with pytest.raises(SheetError) as caught:
        patched(sheet, {1: {0: "x"}})
    assert caught.value.code == "workbook_not_writable"


@pytest.mark.parametrize(
    "formula", ['<f t="shared" ref="A1:A3" si="0">B1</f>', '<f t="array" ref="A1:A2">B1</f>']
)
def test_formula_that_others_share_is_kept(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part, formula: str
) -> None:
    """A result never takes away a formula that other cells depend on; that is said."""
    book = make_book(worksheet(f'<row r="1"><c r="A1">{formula}<v>1</v></c></row>'))
    after, problems = patch(book, make_plan({1: {0: "x", 1: "y"}}, {}, "Videos"))
    assert f"{formula}<v>1</v></c>{text_cell('B1', 'y')}" in part(after)
    assert [(one.code, one.row, one.column) for one in problems] == [("formula_kept", 1, 0)]


def test_calculation_order_goes_with_a_replaced_formula(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """The list of formula cells must not name one that is gone; otherwise it stays."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    book = make_book(
        worksheet('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>'),
        parts={"xl/calcChain.xml": '<calcChain><c r="A1" i="1"/></calcChain>'},
        links=f'<Relationship Id="rId9" Type="{kind}" Target="calcChain.xml"/>',
    )
    kept, _ = patch(book, make_plan({1: {1: "x"}}, {}, "Videos"))
    assert "A1" in part(kept, "xl/calcChain.xml")
    gone, _ = patch(book, make_plan({1: {0: "x"}}, {}, "Videos"))
    assert "calcChain" not in part(gone, "xl/_rels/workbook.xml.rels")
    with pytest.raises(KeyError):
        part(gone, "xl/calcChain.xml")


def test_worksheet_that_is_full_is_refused(patched: Any) -> None:
    """Excel has 16,384 columns; results beyond them would make the file unreadable."""
    with pytest.raises(SheetError) as caught:
        patched(worksheet('<row r="1"/>'), {1: {16_384: "x"}})
    assert caught.value.code == "worksheet_full"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a_x0041_b", "a_x005F_x0041_b"),
        ("a\x1bb\x00", "ab"),
        (" a ", " a "),
        ("a\r\nb", "a\nb"),
        ("<&>\"'", "&lt;&amp;&gt;\"'"),
        ("x" * 40_000, "x" * 32_766 + "…"),
    ],
)
def test_text_is_stored_so_that_it_reads_the_same(patched: Any, text: str, stored: str) -> None:
    """Markup, escapes and control characters in a result do no harm; long ones are cut."""
    after = patched(worksheet('<row r="1"/>'), {1: {0: text}}, style=False)
    found = re.search(r"<t( xml:space=\"preserve\")?>(.*?)</t>", after, re.DOTALL)
    assert found is not None
    assert found[2] == stored
    assert bool(found[1]) == (text == " a ")


def write_plain(place: Place, column: int, cell: OutCell) -> str:
    """A cell whose XML says where it is and what."""
    return f'<c r="{chr(65 + column)}{place.row}"><v>{cell.value}</v></c>'


cells = st.sets(st.integers(0, 5)).map(sorted)
places = st.dictionaries(
    st.integers(1, 9), st.dictionaries(st.integers(6, 9), st.integers(), min_size=1), max_size=5
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.dictionaries(st.integers(1, 9), cells), wanted=places, size=st.integers(1, 90))
def test_result_does_not_depend_on_how_the_rows_stream_by(
    rows: dict[int, list[int]], wanted: dict[int, dict[int, int]], size: int
) -> None:
    """However the part is cut into pieces, each cell lands once; without ours it is as before."""
    body = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{chr(65 + column)}{row}"><v>{column}</v></c>' for column in columns)
        + "</row>"
        for row, columns in sorted(rows.items())
    )
    data = worksheet(body).encode()
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    around = survey(pieces, "")
    plan = {row: {c: OutCell(value=v) for c, v in one.items()} for row, one in wanted.items()}
    batches = whole_rows(pieces, around, "")
    text = b"".join(RowsPatch(plan, write_plain, "", "").patched(batches)).decode()
    found = re.findall(r'<c r="([G-J])(\d)"><v>(-?\d+)</v></c>', text)
    assert sorted(found) == sorted(
        (chr(65 + c), str(row), str(v)) for row, one in wanted.items() for c, v in one.items()
    )
    without = re.sub(r'<c r="[G-J]\d"><v>-?\d+</v></c>', "", text)
    made = set(wanted) - set(rows)
    for row in made:
        without = without.replace(f'<row r="{row}"></row>', "")
    assert without == "".join(
        part
        for part in re.findall(r"<row.*?</row>", body)
        if part not in {f'<row r="{r}"></row>' for r in made}
    )


def test_other_programs_read_what_was_written(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch
) -> None:
    """Another reader finds texts, numbers and Unicode where they were put."""
    plan = make_plan({2: {0: "日本語 <&> 😀", 1: 0.015, 3: 7}}, {0: "status"}, "Videos")
    after, _ = patch(make_book(worksheet('<row r="2"/>')), plan)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(after)).get_sheet_by_index(0).to_python()
    assert rows == [["status", "", "", ""], ["日本語 <&> 😀", 0.015, "", 7.0]]
