from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import SheetError
from batch_runner.core.model import Problem, ReadOptions, Table, WritePlan
from batch_runner.core.outcolumns import plan_columns
from batch_runner.loader.load import load
from batch_runner.reporter.csv_file import CsvEdit
from batch_runner.reporter.write import write

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]
SHEET = Path("campaign.csv")

# codec, the mark that stands before it, what the loader calls the two, letters it can hold
ENCODINGS = [
    ("utf-8", b"", "utf-8", "aé日😀\u2028\x0b"),
    ("utf-8", codecs.BOM_UTF8, "utf-8-sig", "a日"),
    ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16", "a日😀ഊ"),  # U+0D0A: CR and LF as bytes
    ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16", "a日😀ഊ"),
    ("utf-16-le", b"", "utf-16-le", "a日"),
    ("cp932", b"", "cp932", "a表ソ日ｱ"),  # second bytes are backslashes and bars
    ("gb18030", b"", "gb18030", "a中㐂€"),
    ("cp1252", b"", "cp1252", "aé€"),
    ("iso2022_jp", b"", "iso2022_jp", "a日本"),
]


@dataclass(frozen=True)
class Sample:
    """A CSV file in its parts: raw records with their line ends."""

    records: list[tuple[str, str]]
    widths: list[int]
    delimiter: str
    codec: str
    mark: bytes
    encoding: str

    def content(self, suffixes: dict[int, str] | None = None) -> bytes:
        """The file, with texts put before line ends."""
        more = suffixes or {}
        text = "".join(
            raw + more.get(number, "") + end
            for number, (raw, end) in enumerate(self.records, start=1)
        )
        return self.mark + text.encode(self.codec)


def edit_csv(
    source: bytes, table: Table, plan: WritePlan, size: int = 1 << 20
) -> tuple[bytes, tuple[Problem, ...]]:
    """The new bytes, and what was said; the file comes in pieces of this size."""
    edit = CsvEdit(table, plan)
    pieces = (source[start : start + size] for start in range(0, len(source), size))
    new = b"".join(edit.edited(pieces))
    assert edit.changed == (new != source)
    return new, tuple(edit.problems)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Files in every dialect: odd quotes, ragged records, mixed line ends, no last newline."""
    codec, mark, encoding, letters = draw(st.sampled_from(ENCODINGS))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    bare = st.text(letters + ' "', max_size=5).filter(lambda text: not text.startswith('"'))
    inside = st.text(letters + ' ",;\t|\r\n', max_size=5)
    in_quotes = st.builds(
        lambda text, tail: '"' + text.replace('"', '""') + '"' + tail,
        inside,
        st.sampled_from(["", "", "", 'x"y']),
    )
    field = st.one_of(bare, bare, in_quotes)
    count = draw(st.integers(1, 6))
    records, widths = [], []
    for number in range(count):
        fields = draw(st.lists(field, min_size=1, max_size=4))
        # A first field that is never blank, so that no CR meets the LF of an empty record.
        fields[0] = "a" + fields[0].replace('"', "").translate(
            str.maketrans(",;\t|\r\n", "______")
        )
        ends = ["\n", "\r\n", "\r"] + ([""] if number == count - 1 else [])
        records.append((delimiter.join(fields), draw(st.sampled_from(ends))))
        widths.append(len(fields))
    return Sample(records, widths, delimiter, codec, mark, encoding)


def joined(values: list[str], delimiter: str) -> str:
    """Fields as Python's csv module writes them, each after a delimiter."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(["x", *values])
    return out.getvalue()[1:]


def parsed(content: bytes, sample: Sample) -> list[list[str]]:
    """Records as Python's csv module reads them."""
    text = content[len(sample.mark) :].decode(sample.codec)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=sample.delimiter))


VALUES = st.sampled_from([None, "ok", "a,b;c", 'say "no"', 0.24, 7, "x|y"])


@given(
    sample=samples(),
    first=st.lists(VALUES, min_size=3, max_size=3),
    second=st.lists(VALUES, min_size=3, max_size=3),
    size=st.integers(1, 60),
)
@settings(max_examples=150, deadline=None)
def test_only_our_fields_change(
    csv_table: MakeTable,
    make_plan: MakePlan,
    sample: Sample,
    first: list[str | float | None],
    second: list[str | float | None],
    size: int,
) -> None:
    """Taking our fields away gives the old bytes, and writing twice changes nothing more."""
    old = sample.content()
    table = csv_table(SHEET, encoding=sample.encoding, delimiter=sample.delimiter, content=old)
    headers = {table.width + index: f"ours_{index}" for index in range(3)}
    rows = range(2, len(sample.records) + 1)

    def plan(values: list[str | float | None]) -> WritePlan:
        cells = dict(zip(headers, values, strict=True))
        return make_plan(dict.fromkeys(rows, cells), headers)

    new, problems = edit_csv(old, table, plan(first), size)
    texts_of_row = ["" if value is None else str(value) for value in first]
    ours = texts_of_row if any(texts_of_row) else []
    suffixes = {
        number: joined([""] * (table.width - width) + texts, sample.delimiter)
        for number, width in enumerate(sample.widths, start=1)
        if (texts := list(headers.values()) if number == 1 else ours)
    }
    assert new == sample.content(suffixes)
    assert problems == ()

    written = csv_table(SHEET, encoding=sample.encoding, delimiter=sample.delimiter, content=new)
    assert edit_csv(new, written, plan(first), size)[0] == new
    again, _ = edit_csv(new, written, plan(second), size)
    before, after = parsed(new, sample), parsed(again, sample)
    for old_record, new_record, width in zip(before, after, sample.widths, strict=True):
        assert new_record[:width] == old_record[:width]
    expected = ["" if value is None else str(value) for value in second]
    for record in after[1:]:
        assert [*record[table.width :], "", "", ""][:3] == expected


@given(sample=samples())
@settings(max_examples=40, deadline=None)
def test_loader_finds_the_results_in_their_rows(
    make_plan: MakePlan, tmp_path_factory: pytest.TempPathFactory, sample: Sample
) -> None:
    """What is written into a row is read from that row, beside the same cells as before."""
    path = tmp_path_factory.mktemp("loader") / "campaign.csv"
    raw, end = sample.records[0]
    header = ("prompt" + sample.delimiter + "image_urls" + sample.delimiter + raw, end)
    sample = replace(sample, records=[header, *sample.records[1:]])
    path.write_bytes(sample.content())
    options = ReadOptions(header_row=1, encoding=sample.encoding, delimiter=sample.delimiter)
    (table,) = load(path, options)
    before = list(table.rows)
    places = plan_columns(table, {}, {})
    column = places.places["job"]
    cells = {row.number: {column: f"row {row.number}"} for row in before}
    write([table], [make_plan(cells, places.added)])
    (written,) = load(path, options)
    assert [row.number for row in written.rows] == [row.number for row in before]
    for row, old in zip(written.rows, before, strict=True):
        assert row.value(column) == f"row {row.number}"
        for place in range(table.width):
            assert row.value(place) == old.value(place)


def test_line_that_names_the_delimiter_counts(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """Excel's first line 'sep=;' is a line, and stays."""
    old = b"sep=;\r\nprompt;image\r\na;b\r\n"
    table = csv_table(SHEET, delimiter=";", header_row=2, content=old)
    plan = replace(make_plan({3: {2: "queued"}}, {2: "status"}), header_row=2)
    new, _ = edit_csv(old, table, plan)
    assert new == b"sep=;\r\nprompt;image;status\r\na;b;queued\r\n"


def test_a_long_file_is_never_held_as_a_whole(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """What was read is passed on before the rest is asked for, whatever its length."""
    record = b'a,"two\nlines"\n'
    table = csv_table(SHEET, content=b"prompt,image\n" + record * 2)
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        yield b"prompt,image\n"
        for _ in range(1000):
            read += 1
            yield record

    behind: list[int] = []
    edit = CsvEdit(table, make_plan({1001: {2: "ok"}}, {2: "status"}))
    for written, _ in enumerate(edit.edited(chunks())):
        behind.append(read - written)
    assert (read, max(behind)) == (1000, 1)


def test_rows_without_results_keep_their_bytes(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """Blank lines, notes and rows of no concern get not even a delimiter."""
    old = b"prompt,image\n\na,b\n   \nTotal,\nlast,row"
    table = csv_table(SHEET, content=old)
    new, _ = edit_csv(old, table, make_plan({3: {2: "queued"}, 6: {2: None}}, {2: "status"}))
    assert new == b"prompt,image,status\n\na,b,queued\n   \nTotal,\nlast,row"


def test_clearing_empties_our_field_only(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """A blank result empties the field and leaves the row's other bytes."""
    old = b'prompt,status,mine\n"a",failed,"x"\n'
    table = csv_table(SHEET, content=old)
    new, _ = edit_csv(old, table, make_plan({2: {1: None}}))
    assert new == b'prompt,status,mine\n"a",,"x"\n'


def test_same_value_in_other_quotes_stays(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """A field that already says so is not rewritten, however another program quoted it."""
    old = b'prompt,status\na,"failed"\n'
    table = csv_table(SHEET, content=old)
    assert edit_csv(old, table, make_plan({2: {1: "failed"}}))[0] == old


def test_extra_fields_of_a_row_are_the_users(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """A row with more fields than the header is left alone and named; the others go on."""
    old = b"prompt,status\na cat, a dog, a hen\nb,failed\n"
    table = csv_table(SHEET, content=old)
    new, problems = edit_csv(old, table, make_plan({2: {1: "queued"}, 3: {1: "queued"}}))
    assert new == b"prompt,status\na cat, a dog, a hen\nb,queued\n"
    assert [(problem.code, problem.row) for problem in problems] == [("too_many_fields", 2)]


def test_what_the_encoding_cannot_hold_is_shown_by_its_code(
    csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A Japanese error in a Windows-1252 file neither fails nor changes the encoding."""
    old = "prompt\ncafé\n".encode("cp1252")
    table = csv_table(SHEET, encoding="cp1252", content=old)
    new, _ = edit_csv(old, table, make_plan({2: {1: "失敗 €"}}, {1: "error"}))
    assert new == "prompt,error\ncafé,\\u5931\\u6557 €\n".encode("cp1252")


@pytest.mark.parametrize(
    ("encoding", "odd"),
    [
        ("cp932", b"\xed\x40\x81\xca\xee\xf9"),  # NEC and IBM twins of one character
        ("iso2022_jp", b"\x1b$@F|K\\\x1b(J!"),  # the older escapes
        ("gb18030", b"\xa3\xa0\xa8\xbf"),
    ],
)
def test_bytes_that_do_not_survive_encoding_are_kept(
    csv_table: MakeTable, make_plan: MakePlan, encoding: str, odd: bytes
) -> None:
    """Even where decoding and encoding gives other bytes, the user's stay."""
    reset = b"\x1b(B" if encoding.startswith("iso2022") else b""
    cell = odd + reset
    old = b"prompt,image\n" + cell + b"," + cell + b"\n" + cell + b"\n"
    table = csv_table(SHEET, encoding=encoding, content=old)
    new, _ = edit_csv(old, table, make_plan({2: {2: "日"}, 3: {2: "ok"}}, {2: "s"}))
    ours = "日".encode(encoding)
    expected = b"prompt,image,s\n" + cell + b"," + cell + b"," + ours + b"\n" + cell + b",,ok\n"
    assert new == expected


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "=cmd|' /C calc'!A0"]
)
def test_result_is_never_a_formula_in_csv(
    csv_table: MakeTable, make_plan: MakePlan, text: str
) -> None:
    """A provider's text cannot start a formula in the sheet, in any column."""
    old = b"prompt\na\n"
    table = csv_table(SHEET, content=old)
    new, _ = edit_csv(old, table, make_plan({2: {1: text, 2: text}}, {1: "error", 2: text}))
    records = list(csv.reader(io.StringIO(new.decode())))
    assert all(field.startswith("'") for field in (*records[1][1:], records[0][2]))


def test_line_breaks_in_results_become_blanks(csv_table: MakeTable, make_plan: MakePlan) -> None:
    """One row stays one line, whatever the provider says."""
    old = b"prompt\na\n"
    table = csv_table(SHEET, content=old)
    new, _ = edit_csv(old, table, make_plan({2: {1: "one\r\ntwo\nthree\x0bfour"}}, {1: "error"}))
    assert new == b"prompt,error\na,one two three four\n"


@pytest.mark.parametrize(
    ("content", "encoding", "row"),
    [
        (b"other,image\na,b\n", "utf-8", 2),  # not the header that was read
        (b"prompt,image\na,b\n", "utf-8", 9),  # no such row
        (b"prompt,image\n\xff,b\n", "utf-8", 2),  # not the encoding that was said
    ],
)
def test_file_of_another_layout_is_refused(
    csv_table: MakeTable, make_plan: MakePlan, content: bytes, encoding: str, row: int
) -> None:
    """Rather no result than one in a wrong place."""
    table = csv_table(SHEET, encoding=encoding, content=b"prompt,image\na,b\n")
    with pytest.raises(SheetError) as caught:
        edit_csv(content, table, make_plan({row: {2: "queued"}}, {2: "status"}))
    assert caught.value.code == "layout_unclear"
