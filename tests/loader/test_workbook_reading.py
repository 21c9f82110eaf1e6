from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineError, CalamineWorkbook

from batch_runner.core.errors import SheetError
from batch_runner.core.model import CellValue, ReadOptions, Severity, Table
from batch_runner.loader.load import load, worksheet_names

SaveBook = Callable[[Workbook], Path]
Rewrite = Callable[[Path, Mapping[str, Callable[[str], str]]], Path]
SHEET1 = "xl/worksheets/sheet1.xml"


def read(path: Path, **options: object) -> Table:
    """Load the one table of a workbook."""
    (table,) = load(path, ReadOptions(**options))  # type: ignore[arg-type]
    return table


def first(book: Workbook) -> Worksheet:
    """The worksheet that a workbook opens with."""
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    return sheet


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (5, 5),
        (5.0, 5),
        (5.5, 5.5),
        ("007", "007"),
        ("NA", "NA"),
        ("nan", "nan"),
        ("1e5", "1e5"),
        (True, True),
        (False, False),
        (date(2026, 1, 2), date(2026, 1, 2)),
        (datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001
        (time(16, 9), time(16, 9)),
        (timedelta(days=1, hours=12), timedelta(days=1, hours=12)),
        ("  ", None),
        ("a\nb ", "a\nb "),
    ],
)
def test_cells_keep_their_kind(
    book: Workbook, save: SaveBook, stored: CellValue, expected: CellValue
) -> None:
    """Numbers, dates and texts are told apart; ids keep leading zeros; blank is None."""
    first(book)["D2"] = stored
    first(book)["E2"] = "end"
    value = read(save(book)).rows[0].value(3)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_are_right_in_either_calendar(tmp_path: Path, date_1904: bool) -> None:  # noqa: FBT001
    """Workbooks of old Macs count days from 1904."""
    path = tmp_path / "dates.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": date_1904}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["prompt", "when"])
        sheet.write_string(1, 0, "a")
        sheet.write_datetime(1, 1, date(2026, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))
    assert read(path).rows[0].values == ("a", date(2026, 1, 2))


def test_positions_are_the_sheets_own(save: SaveBook) -> None:
    """Rows above, between and left of the data count, as the spreadsheet shows them."""
    book = openpyxl.Workbook()
    sheet = first(book)
    sheet["B1"] = "Spring campaign"
    sheet["C4"], sheet["D4"] = "Prompt", "Seed"
    sheet["C6"], sheet["D9"] = "a", 3
    sheet["H30"].font = Font(bold=True)  # formatted but empty
    table = read(save(book))
    assert (table.header_row, table.headers) == (4, ("", "", "Prompt", "Seed"))
    assert [(row.number, row.values) for row in table.rows] == [
        (6, (None, None, "a")),
        (9, (None, None, None, 3)),
    ]
    assert table.width == 4
    assert table.worksheet == "Sheet"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.dictionaries(
        st.tuples(st.integers(2, 30), st.integers(1, 8)),
        st.integers(-(10**9), 10**9)
        | st.booleans()
        | st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"),
            max_size=8,
        ).filter(lambda text: not text.startswith("=") and "_x" not in text),
        max_size=12,
    )
)
def test_every_cell_is_found_where_it_was_put(
    tmp_path: Path, cells: dict[tuple[int, int], CellValue]
) -> None:
    """Sparse sheets, single columns and gaps never shift a cell."""
    path = tmp_path / "any.xlsx"
    book = openpyxl.Workbook()
    sheet = first(book)
    sheet.cell(1, 1, "prompt")
    for (row, column), value in cells.items():
        sheet.cell(row, column).value = value
    book.save(path)
    found = {
        (row.number, column + 1): value
        for row in read(path).rows
        for column, value in enumerate(row.values)
        if value is not None
    }
    blank = {
        place for place, value in cells.items() if isinstance(value, str) and not value.strip()
    }
    assert found == {place: value for place, value in cells.items() if place not in blank}


def test_hidden_and_filtered_rows_are_marked(
    book: Workbook, save: SaveBook, rewrite: Rewrite
) -> None:
    """They are read like the others; what to do with them is not the loader's to say."""
    sheet = first(book)
    sheet.append(["hidden"])
    sheet.append(["flat"])
    sheet.append(["shown"])
    sheet.row_dimensions[3].hidden = True
    path = rewrite(
        save(book), {SHEET1: lambda xml: xml.replace('<row r="4"', '<row r="4" ht="0"')}
    )
    assert [row.hidden for row in read(path).rows] == [False, True, True, False]


def test_hyperlinks_give_their_targets(tmp_path: Path) -> None:
    """Links of cells, of blocks, and of HYPERLINK formulas; not jumps within the workbook."""
    path = tmp_path / "links.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["prompt", "image_urls"])
        for row in range(1, 7):
            sheet.write_string(row, 0, "a")
        sheet.write_url(1, 1, "https://example.com/a.png#top", string="picture")
        sheet.write_formula(2, 1, '=HYPERLINK("https://example.com/b,c.png", "b")', None, "b")
        sheet.write_url(3, 1, "internal:Sheet1!A1", string="jump")
        sheet.write_formula(4, 1, "=HYPERLINK(A1)", None, "computed")
    rows = {row.number: row for row in read(path).rows}
    assert rows[2].links == {1: "https://example.com/a.png#top"}
    assert rows[2].value(1) == "picture"
    assert rows[3].links == {1: "https://example.com/b,c.png"}
    assert rows[4].links == {}
    assert rows[5].links == {}


def test_a_link_on_a_block_counts_for_each_of_its_cells(
    book: Workbook, save: SaveBook, rewrite: Rewrite
) -> None:
    """But not beyond what is in use."""
    sheet = first(book)
    sheet.append(["b", "x"])
    sheet["B2"].hyperlink = "https://example.com/all.png"
    path = rewrite(save(book), {SHEET1: lambda xml: xml.replace('ref="B2"', 'ref="B2:B5000"')})
    assert [dict(row.links) for row in read(path).rows] == [{1: "https://example.com/all.png"}] * 2


def test_a_formula_without_a_stored_value_is_a_problem_of_its_row(
    book: Workbook, save: SaveBook
) -> None:
    """An error where the job reads the cell, else a notice; the row is there even if else blank."""
    sheet = first(book)
    sheet["A3"], sheet["E2"] = '="a " & "dog"', "=1+1"
    rows = read(save(book)).rows
    assert [row.number for row in rows] == [2, 3]
    (notice,) = rows[0].problems
    (error,) = rows[1].problems
    assert (notice.code, notice.severity, notice.column) == (
        "formula_without_value",
        Severity.NOTICE,
        4,
    )
    assert (error.code, error.severity, error.row, error.column) == (
        "formula_without_value",
        Severity.ERROR,
        3,
        0,
    )
    assert rows[1].value(0) is None


def test_a_formula_is_read_by_its_stored_value(tmp_path: Path) -> None:
    """Also in the header, and also when the stored value is a blank text."""
    path = tmp_path / "formulas.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_formula(0, 0, '="prom"&"pt"', None, "prompt")
        sheet.write_string(0, 1, "seed")
        sheet.write_formula(1, 0, '="a"&"b"', None, "ab")
        sheet.write_formula(1, 1, "=2+3", None, 5)
    table = read(path)
    assert table.headers == ("prompt", "seed")
    assert table.rows[0].values == ("ab", 5)
    assert table.rows[0].problems == ()


def test_a_stored_blank_text_of_a_formula_is_blank(
    book: Workbook, save: SaveBook, rewrite: Rewrite
) -> None:
    """IF(...,"") that gave nothing is no missing value."""
    first(book)["D2"] = '=IF(A1="","x","")'
    path = rewrite(
        save(book),
        {SHEET1: lambda xml: xml.replace('<c r="D2">', '<c r="D2" t="str">')},
    )
    (row,) = read(path).rows
    assert (row.value(3), row.problems) == (None, ())


def test_error_values_are_blank_and_said(tmp_path: Path) -> None:
    """#REF! never reaches a prompt."""
    path = tmp_path / "errors.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["prompt", "note"])
        sheet.write_formula(1, 0, "=A99999999", None, "#REF!")
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    (row,) = read(path).rows
    assert row.values == ()
    assert [(p.code, p.severity, p.column) for p in row.problems] == [
        ("cell_error", Severity.ERROR, 0),
        ("cell_error", Severity.NOTICE, 1),
    ]
    assert "#REF!" in row.problems[0].message


def test_the_width_counts_formulas_and_merged_areas(book: Workbook, save: SaveBook) -> None:
    """Results go right of all that is in use, but formats alone are no use."""
    sheet = first(book)
    sheet.merge_cells("A5:F5")
    assert read(save(book)).width == 6
    sheet["H2"] = "=1+1"
    assert read(save(book)).width == 8
    sheet.merge_cells("A7:XFD7")
    assert read(save(book)).width == 8


def test_a_macro_sheet_stops_nothing(book: Workbook, save: SaveBook, rewrite: Rewrite) -> None:
    """A workbook may hold sheets that are none of cells, such as Excel 4 macros."""
    book.create_sheet("Macro")
    path = save(book)
    kind = "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"

    def declare(listing: str) -> str:
        entry = re.search(r"<Relationship [^>]*sheet2.xml[^>]*>", listing)
        assert entry is not None
        changed = re.sub(r'Type="[^"]*"', f'Type="{kind}"', entry[0])
        return listing.replace(entry[0], changed)

    rewrite(path, {"xl/_rels/workbook.xml.rels": declare})
    with pytest.raises(CalamineError):
        CalamineWorkbook.from_path(path)
    assert [row.value(0) for row in read(path).rows] == ["a cat runs"]


def test_the_only_worksheet_with_prompts_is_taken(book: Workbook, save: SaveBook) -> None:
    """Wherever it stands among the others."""
    book.create_sheet("Notes", 0)["A1"] = "remember the milk"
    book.create_sheet("Empty")
    assert read(save(book)).worksheet == "Sheet"


def test_several_worksheets_with_prompts_need_a_choice(book: Workbook, save: SaveBook) -> None:
    """Both are named with their rows; one can be chosen, or all."""
    other = book.create_sheet("Other")
    for value in ("Prompt", "b", "c"):
        other.append([value])
    path = save(book)
    with pytest.raises(SheetError) as caught:
        read(path)
    assert caught.value.code == "several_worksheets"
    assert caught.value.exit_code == 2
    assert "'Sheet' (1 row), 'Other' (2 rows)" in caught.value.message
    assert read(path, worksheet="other ").worksheet == "Other"
    both = load(path, ReadOptions(worksheet="all"))
    assert [table.worksheet for table in both] == ["Sheet", "Other"]
    assert both[0].stamp == both[1].stamp


def test_hidden_worksheets_come_last(book: Workbook, save: SaveBook) -> None:
    """A hidden one is taken only if no visible one holds prompts."""
    hidden = book.create_sheet("Hidden", 0)
    hidden.append(["prompt"])
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    assert read(save(book)).worksheet == "Sheet"
    first(book)["A1"] = book["Sheet"]["A1"].value
    book["Sheet"]["A1"] = "nothing"
    assert read(save(book)).worksheet == "Hidden"


def test_a_missing_worksheet_is_answered_with_the_nearest(book: Workbook, save: SaveBook) -> None:
    """A typo in --sheet is not guessed at."""
    book.create_sheet("Plan 2026")
    with pytest.raises(SheetError) as caught:
        read(save(book), worksheet="Plan2062")
    assert caught.value.code == "worksheet_missing"
    assert "'Plan 2026'" in caught.value.hint


def test_a_workbook_without_prompts_lists_its_headers(book: Workbook, save: SaveBook) -> None:
    """One worksheet is named with its address, several each with their headers."""
    first(book)["A1"] = "Promt"
    with pytest.raises(SheetError) as caught:
        read(save(book))
    assert caught.value.code == "no_prompt_column"
    assert caught.value.where == "campaign.xlsx!Sheet"
    book.create_sheet("Two").append(["x", "y"])
    with pytest.raises(SheetError) as caught:
        read(save(book))
    assert caught.value.code == "no_prompt_column"
    assert "'Two' ('x', 'y')" in caught.value.message


def test_an_empty_workbook_is_said_to_be_empty(save: SaveBook) -> None:
    """Named or not."""
    for options in ({}, {"worksheet": "Sheet"}):
        with pytest.raises(SheetError) as caught:
            read(save(openpyxl.Workbook()), **options)
        assert caught.value.code == "empty_sheet"


def test_the_header_row_of_the_user_wins(book: Workbook, save: SaveBook) -> None:
    """It has to exist."""
    first(book)["A2"], first(book)["A3"] = "Prompt", "b"
    path = save(book)
    assert read(path, header_row=2).header_row == 2
    with pytest.raises(SheetError) as caught:
        read(path, header_row=40, worksheet="Sheet")
    assert caught.value.code == "header_row_missing"


def test_worksheet_names_are_listed_in_order(book: Workbook, save: SaveBook) -> None:
    """Hidden ones too; a text file has none."""
    book.create_sheet("二").sheet_state = "veryHidden"
    path = save(book)
    assert worksheet_names(path) == ("Sheet", "二")
    assert worksheet_names(path.with_suffix(".csv")) == ()


STRICT = (
    (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    ),
    (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
    ),
)


def _strict(xml: str) -> str:
    for usual, strict in STRICT:
        xml = xml.replace(usual, strict)
    return xml


def _prefixed(xml: str) -> str:
    for name in (
        "worksheet",
        "sheetData",
        "row",
        "c",
        "v",
        "f",
        "is",
        "t",
        "hyperlinks",
        "hyperlink",
    ):
        for tail in (" ", ">", "/>"):
            xml = xml.replace(f"<{name}{tail}", f"<x:{name}{tail}").replace(
                f"</{name}>", f"</x:{name}>"
            )
    return xml.replace("xmlns=", "xmlns:x=").replace(
        "<x:worksheet ", f'<x:worksheet xmlns="{STRICT[0][0]}" '
    )


def _without_references(xml: str) -> str:
    for row in (1, 2, 3):
        xml = xml.replace(f'<row r="{row}" ', "<row ")
        for column in "ABC":
            xml = xml.replace(f'<c r="{column}{row}"', "<c")
    return xml


@pytest.mark.parametrize(
    "parts",
    [
        {
            "_rels/.rels": _strict,
            "xl/workbook.xml": _strict,
            "xl/_rels/workbook.xml.rels": _strict,
            SHEET1: _strict,
            "xl/worksheets/_rels/sheet1.xml.rels": _strict,
        },
        {SHEET1: _prefixed},
        {SHEET1: _without_references},
        {"xl/_rels/workbook.xml.rels": lambda xml: xml.replace("/xl/worksheets", "worksheets")},
    ],
    ids=["strict", "prefixed", "without references", "relative target"],
)
def test_the_dialects_of_other_programs_are_read_alike(
    book: Workbook,
    save: SaveBook,
    rewrite: Rewrite,
    parts: Mapping[str, Callable[[str], str]],
) -> None:
    """Strict namespaces, prefixed elements, cells without addresses, other targets."""
    sheet = first(book)
    sheet["B2"].hyperlink = "https://example.com/cat.png"
    sheet["A3"] = "=1+1"
    sheet.row_dimensions[3].hidden = True
    path = save(book)
    plain = read(path)
    other = read(rewrite(path, parts))
    assert [problem.code for problem in plain.rows[1].problems] == ["formula_without_value"]
    assert plain.rows[0].links == {1: "https://example.com/cat.png"}
    assert list(other.rows) == list(plain.rows)
    assert (other.headers, other.width) == (plain.headers, plain.width)


def test_the_stamp_belongs_to_what_was_read(book: Workbook, save: SaveBook) -> None:
    """A file saved afterwards has another stamp."""
    path = save(book)
    table = read(path)
    assert table.stamp.size == path.stat().st_size
    first(book)["A9"] = "more " * 50
    assert read(save(book)).stamp != table.stamp
