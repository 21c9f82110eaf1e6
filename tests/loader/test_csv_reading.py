from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import SheetChangedError, SheetError
from batch_runner.core.model import Severity, Table

ReadCsv = Callable[..., Table]

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(',;\t|"\r\n '),
    max_size=12,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.lists(_TEXT, min_size=2, max_size=5), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_text_comes_back_as_it_was_written(
    read_csv: ReadCsv,
    rows: list[list[str]],
    delimiter: str,
    quoting: int,
    line_end: str,
    encoding: str,
) -> None:
    """Every dialect and encoding gives the cells back; blank ones are None, lines keep numbers."""
    if any(sign in value for row in rows for value in row for sign in "\r\n"):
        quoting = csv.QUOTE_ALL  # the csv module leaves line ends other than its own unquoted
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    writer.writerow(["prompt", "image_urls", "note", "a", "b"])
    writer.writerows(rows)
    table = read_csv(text.getvalue().encode(encoding), delimiter=delimiter)

    def cell(value: str) -> str | None:
        return value if value.strip() else None

    expected = {
        number: [cell(value) for value in row]
        for number, row in enumerate(rows, start=2)
        if any(value.strip() for value in row)
    }
    found = {row.number: [row.value(i) for i in range(5)] for row in table.rows}
    assert found == {n: v + [None] * (5 - len(v)) for n, v in expected.items()}
    assert table.headers == ("prompt", "image_urls", "note", "a", "b")
    assert table.encoding == encoding
    assert table.delimiter == delimiter


@pytest.mark.parametrize("value", ["007", "NA", "null", "nan", "1e5", "None", "TRUE", "-", " x "])
def test_text_stays_as_typed(read_csv: ReadCsv, value: str) -> None:
    """A CSV cell is never turned into a number or a missing value."""
    table = read_csv(f"prompt,id\na,{value}\n".encode())
    assert table.rows[0].values == ("a", value)


@pytest.mark.parametrize("blank", ["", "   ", '""', "\u3000", "\xa0"])
def test_blank_is_blank(read_csv: ReadCsv, blank: str) -> None:
    """Nothing and white space are both None."""
    table = read_csv(f"prompt,id,x\na,{blank},b\n".encode())
    assert table.rows[0].values == ("a", None, "b")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(read_csv: ReadCsv, delimiter: str) -> None:
    """By the header that it gives, though texts hold other signs more often."""
    lines = [["prompt", "image_urls", "seed"], *[["a, b; c| d", "https://x.y/a,b", "5"]] * 3]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(lines)
    table = read_csv(text.getvalue().encode())
    assert table.delimiter == delimiter
    assert table.rows[0].values == ("a, b; c| d", "https://x.y/a,b", "5")
    assert ("delimiter_guessed" in {p.code for p in table.notices}) is (delimiter != ",")


def test_one_column_of_sentences_is_one_column(read_csv: ReadCsv) -> None:
    """Commas in unquoted prompts do not make columns where the header has one."""
    table = read_csv(b"prompt\na cat, running\na dog, sitting, still\n")
    assert [row.values for row in table.rows] == [
        ("a cat, running",),
        ("a dog, sitting, still",),
    ]


def test_a_tsv_prefers_the_tab(read_csv: ReadCsv) -> None:
    """And that is no guess worth a notice."""
    table = read_csv(b"prompt\nx\n", name="sheet.tsv")
    assert table.delimiter == "\t"
    assert table.notices == ()


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=;;;", "SEP=;"])
def test_the_sep_line_of_excel_is_honoured(read_csv: ReadCsv, first: str) -> None:
    """It counts as a line, is never the header, and settles the delimiter."""
    table = read_csv(f"{first}\r\nprompt;id\r\na,b;1\r\n".encode("utf-8-sig"))
    assert (table.delimiter, table.header_row, table.width) == (";", 2, 2)
    assert table.rows[0].number == 3
    assert table.rows[0].values == ("a,b", "1")
    assert table.notices == ()


def test_the_delimiter_of_the_user_wins(read_csv: ReadCsv) -> None:
    """A word will do for the tab; more than one sign is refused."""
    assert read_csv(b"prompt\tid\na\t1\n", delimiter="tab").rows[0].values == ("a", "1")
    with pytest.raises(SheetError) as caught:
        read_csv(b"prompt\n", delimiter="::")
    assert caught.value.code == "delimiter_unusable"


def test_the_header_may_stand_below_titles(read_csv: ReadCsv) -> None:
    """Titles and blank lines above are left alone, numbers stay the spreadsheet's."""
    table = read_csv(b"Spring campaign,,\n\n,prompt,image_urls\n,a,http://x\n\n,b,\n\n\n")
    assert table.header_row == 3
    assert table.headers == ("", "prompt", "image_urls")
    assert [row.number for row in table.rows] == [4, 6]
    assert [p.code for p in table.notices] == ["header_row_found"]


def test_the_header_row_of_the_user_wins(read_csv: ReadCsv) -> None:
    """It is not searched for, and has to exist."""
    data = b"prompt,seed\nprompt,id\na,1\n"
    table = read_csv(data, header_row=2)
    assert (table.header_row, table.headers, table.notices) == (2, ("prompt", "id"), ())
    with pytest.raises(SheetError) as caught:
        read_csv(data, header_row=9)
    assert caught.value.code == "header_row_missing"


def test_quoted_line_ends_do_not_count_as_lines(read_csv: ReadCsv) -> None:
    """A record is one line of the spreadsheet, however many it takes in the file."""
    table = read_csv(b'prompt,id\r\n"a\r\nb\nc",1\r\nd,2\r\n')
    assert [(row.number, row.values) for row in table.rows] == [
        (2, ("a\r\nb\nc", "1")),
        (3, ("d", "2")),
    ]


def test_fields_beyond_the_header_are_an_error_of_their_row(read_csv: ReadCsv) -> None:
    """An unquoted comma shifts cells, so such a row must not run; blank ones do no harm."""
    table = read_csv(b"prompt,seed\na, b,1\nc,2,,\nd,3\n", delimiter=",")
    assert [[p.code for p in row.problems] for row in table.rows] == [["too_many_fields"], [], []]
    (problem,) = table.rows[0].problems
    assert (problem.severity, problem.row, problem.column) == (Severity.ERROR, 2, None)
    assert table.width == 4


def test_such_a_line_stays_an_error_once_our_columns_stand_there(read_csv: ReadCsv) -> None:
    """Results are appended right of the widest line; that does not make its cells right."""
    table = read_csv(b"prompt,seed,,status,job\na, b,1\nc,2,,queued,0123456789ab\n", delimiter=",")
    assert [[p.code for p in row.problems] for row in table.rows] == [["too_many_fields"], []]


def test_a_line_that_ends_before_its_images_is_warned_of(read_csv: ReadCsv) -> None:
    """Missing optional cells at the end are what spreadsheets save; a broken line is not."""
    table = read_csv(b"prompt,image_urls,seed\na,http://x\nb\n")
    assert [[p.code for p in row.problems] for row in table.rows] == [[], ["too_few_fields"]]
    (problem,) = table.rows[1].problems
    assert (problem.severity, problem.row) == (Severity.WARNING, 3)


def test_a_quote_that_is_never_closed_is_named_by_its_line(read_csv: ReadCsv) -> None:
    """All that follows would be one cell."""
    with pytest.raises(SheetError) as caught:
        read_csv(b'prompt,id\n"a\nb",1\n"c,2\nd,3\ne,4\n')
    assert caught.value.code == "quote_not_closed"
    assert "line 3" in caught.value.message


def test_a_line_of_very_many_fields_is_refused(read_csv: ReadCsv) -> None:
    """It would take the memory of that many columns for every row."""
    with pytest.raises(SheetError) as caught:
        read_csv(b"prompt,id\n" + b"," * 20_000 + b"\n")
    assert caught.value.code == "too_many_columns"


def test_a_long_cell_is_read_whole(read_csv: ReadCsv) -> None:
    """An image given as data is longer than the csv module's usual limit."""
    data = "data:image/png;base64," + "A" * 300_000
    table = read_csv(f'prompt,image_urls\na,"{data}"\n'.encode())
    assert table.rows[0].values == ("a", data)


@pytest.mark.parametrize("data", [b"", b"\n\n", b",,\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said_to_be_empty(read_csv: ReadCsv, data: bytes) -> None:
    """Rather than to lack a column."""
    with pytest.raises(SheetError) as caught:
        read_csv(data)
    assert caught.value.code == "empty_sheet"


def test_no_prompt_column_lists_what_is_there(read_csv: ReadCsv) -> None:
    """With the nearest header and how to map it."""
    with pytest.raises(SheetError) as caught:
        read_csv(b"Nr,Promt,Bild\n1,a,b\n")
    error = caught.value
    assert error.code == "no_prompt_column"
    assert "'Nr', 'Promt', 'Bild'" in error.message
    assert 'columns: {prompt: "Promt"}' in error.hint
    assert error.where == "sheet.csv"


def test_a_mapped_prompt_that_is_missing_is_said_so(read_csv: ReadCsv) -> None:
    """The user's own mapping is what is wrong then."""
    with pytest.raises(SheetError) as caught:
        read_csv(b"prompt,Text\na,b\n", columns={"prompt": ("Texte",)})
    assert caught.value.code == "no_prompt_column"
    assert "'Texte'" in caught.value.message
    assert "'Text'" in caught.value.hint


def test_repeated_and_blank_headers_are_fine(read_csv: ReadCsv) -> None:
    """Headers keep their places; blank ones at the end are left out."""
    table = read_csv(b" prompt ,note,,note,,\na,1,2,3,,\n")
    assert table.headers == ("prompt", "note", "", "note")
    assert table.width == 6
    assert table.rows[0].problems == ()


def test_line_ends_inside_a_header_are_kept(read_csv: ReadCsv) -> None:
    """The text stands as in the sheet, and is understood."""
    table = read_csv(b'"prompt","image\nurls"\na,b\n')
    assert table.headers == ("prompt", "image\nurls")


def test_lines_that_end_in_a_bare_carriage_return_are_lines(read_csv: ReadCsv) -> None:
    """Old programs of the Mac end them so; a lone one at the start or the end is no trouble."""
    table = read_csv(b"\rprompt,id\ra,1\r,", delimiter=",")
    assert (table.header_row, [row.values for row in table.rows]) == (2, [("a", "1")])


def test_what_the_engine_cannot_read_is_an_error_with_a_remedy(read_csv: ReadCsv) -> None:
    """A cell may not be larger than the engine takes."""
    usual = csv.field_size_limit(1000)
    try:
        with pytest.raises(SheetError) as caught:
            read_csv(b"prompt\n" + b"x" * 2000, delimiter=",")
    finally:
        csv.field_size_limit(usual)
    assert caught.value.code == "csv_damaged"
    assert "CSV UTF-8" in caught.value.hint


def test_a_quote_that_opens_in_the_last_line_is_never_closed(read_csv: ReadCsv) -> None:
    """Also where nothing at all follows it."""
    for data in (b'prompt\n"', b'prompt\na\n"b', b'prompt\n"b\n'):
        with pytest.raises(SheetError) as caught:
            read_csv(data)
        assert caught.value.code == "quote_not_closed"


def test_rows_stream_from_the_file_and_notice_that_it_changed(read_csv: ReadCsv) -> None:
    """They may be walked again and again; what is read is of one moment, or an error."""
    table = read_csv(b"prompt\na\nb\n")
    assert list(table.rows) == list(table.rows)
    assert [len(table.rows), table.rows[-1].number] == [2, 3]
    table.path.write_bytes(b"prompt\nc\nd\ne\n")
    with pytest.raises(SheetChangedError):
        list(table.rows)
