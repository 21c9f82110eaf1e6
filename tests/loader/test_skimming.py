"""Plain cells are skimmed over; what is found is what parsing every cell would have found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.errors import SheetError
from batch_runner.core.model import column_letter
from batch_runner.core.ooxml import Relation
from batch_runner.loader.scan import Scan, _Scanner, scan_worksheet
from batch_runner.loader.skim import UnusualError, skimmed

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = {"rId1": Relation(kind="hyperlink", target="https://x.example/a", external=True)}
CELLS = st.sampled_from(
    [
        '<c r="{}"><v>5</v></c>',
        '<c r="{}" s="3" t="s"><v>0</v></c>',
        '<c r="{}" t="inlineStr"><is><t>a &lt;f&gt; t="e" and > b</t></is></c>',
        '<c r="{}" s="9"/>',
        '<c r="{}" t="e"><v>#REF!</v></c>',
        '<c r="{}"><f>1+1</f></c>',
        '<c r="{}"><f>1+1</f><v>2</v></c>',
        '<c r="{}" t="str"><f>HYPERLINK("https://x.example/b","b")</f><v>b</v></c>',
    ]
)
ROW_TAGS = st.sampled_from(["", ' hidden="1"', ' hidden="0"', ' ht="0"', ' ht="15.5"'])
ODD_CELLS = st.sampled_from(
    ["<c><v>1</v></c>", "<c r='{}'><v>1</v></c>", '<!-- no --><c r="{}"><v>1</v></c>']
)


@st.composite
def sheets(draw: st.DrawFn, cells: st.SearchStrategy[str] = CELLS) -> str:
    """A worksheet as programs write it."""
    rows = ""
    for number in sorted(draw(st.sets(st.integers(1, 40), max_size=8))):
        inside = ""
        for column in sorted(draw(st.sets(st.integers(0, 800), max_size=4))):
            inside += draw(cells).format(f"{column_letter(column)}{number}")
        tag = f'<row r="{number}"{draw(ROW_TAGS)}'
        rows += f"{tag}>{inside}</row>" if inside else f"{tag}/>"
    after = draw(
        st.sampled_from(
            [
                "",
                '<mergeCells><mergeCell ref="B2:D2"/></mergeCells>',
                '<hyperlinks><hyperlink ref="B2" r:id="rId1"/></hyperlinks>',
                '<hyperlinks><hyperlink ref="$A$1:B3" r:id="rId1" location="x"/></hyperlinks>',
            ]
        )
    )
    return (
        f'<worksheet xmlns="{MAIN}" xmlns:r="r"><sheetData>{rows}</sheetData>{after}</worksheet>'
    )


def pieces(xml: str, size: int) -> Iterator[bytes]:
    """A part as it is unpacked."""
    data = xml.encode()
    for start in range(0, len(data), size):
        yield data[start : start + size]


def parsed(xml: str) -> Scan:
    """What the parser finds if it sees all of it."""
    scanner = _Scanner(LINKS)
    scanner.parse([xml.encode()], "x")
    return scanner.scan


@given(xml=sheets(), size=st.integers(1, 500))
def test_nothing_is_missed_by_skimming(xml: str, size: int) -> None:
    """Hidden rows, links, formulas, errors and extent are as if each cell had been parsed."""
    skimmed_over = scan_worksheet(lambda: pieces(xml, size), LINKS, "x")
    assert list(skimmed(pieces(xml, size), lambda _row, _column: None))  # it is not unusual
    assert replace(skimmed_over, farthest="") == replace(parsed(xml), farthest="")
    assert bool(skimmed_over.farthest) == bool(skimmed_over.rows)


@given(xml=sheets(CELLS | ODD_CELLS), size=st.integers(1, 500))
def test_what_is_laid_out_otherwise_is_parsed_as_a_whole(xml: str, size: int) -> None:
    """Cells without an address, other quotation marks and comments are right, if unusual."""
    found = scan_worksheet(lambda: pieces(xml, size), LINKS, "x")
    assert replace(found, farthest="") == replace(parsed(xml), farthest="")


def test_plain_rows_are_not_passed_on() -> None:
    """Of a thousand rows of mere values the parser sees none."""
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 1001))
    xml = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    passed = b"".join(skimmed(pieces(xml, 4096), lambda _row, _column: None))
    assert passed == xml.replace(rows, "").encode()


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"/><row r="1"/>',
        '<row r="1"/><row r="1"/>',
        '<row r="1048577"/>',
        '<row r="1"><c r="2"><v>1</v></c></row>',
        '<row r="1"><c r="A0"><v>1</v></c></row>',
        "<row/>",
    ],
)
def test_rows_that_are_not_in_order_are_not_trusted(rows: str) -> None:
    """Twice the same, backwards, beyond the last one there is, or not saying where they are."""
    xml = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    with pytest.raises(UnusualError):
        list(skimmed([xml.encode()], lambda _row, _column: None))


def test_a_part_that_breaks_off_is_damaged() -> None:
    """Also where it breaks off between two rows."""
    xml = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    with pytest.raises(SheetError):
        scan_worksheet(lambda: [xml.encode()], {}, "x")
