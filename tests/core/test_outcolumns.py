from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.celltext import MAX_CELL, number_text, plain_text, starts_formula
from batch_runner.core.model import CellValue, FileStamp, Severity, SheetRow, Table
from batch_runner.core.outcolumns import (
    OUT_COLUMNS,
    STATUS_WORDS,
    job_mark,
    plan_columns,
    safe_text,
    shown_results,
)
from batch_runner.core.whose import is_mark

MARK = "0123456789ab"


def make_table(headers: Sequence[str], *rows: Sequence[CellValue], width: int = 0) -> Table:
    """A table with its header in line 1."""
    return Table(
        path=Path("campaign.csv"),
        worksheet=None,
        header_row=1,
        headers=tuple(headers),
        rows=[SheetRow(number=n, values=tuple(row)) for n, row in enumerate(rows, start=2)],
        width=max([width, len(headers), *(len(row) for row in rows)]),
        stamp=FileStamp(size=0, mtime_ns=0, inode=0, ctime_ns=0),
    )


def test_columns_of_a_new_sheet_are_appended_in_order() -> None:
    """A sheet without results gets all eight columns, right of everything in use."""
    table = make_table(["prompt", "image"], ["a cat", "http://x/1", "a note"])
    found = plan_columns(table, {}, {})
    assert [found.added[place] for place in sorted(found.added)] == list(OUT_COLUMNS)
    assert list(found.places.values()) == list(range(3, 11))
    assert found.notices == ()


def test_columns_that_show_our_results_are_ours_without_a_ledger() -> None:
    """Results written by an earlier run are recognised by their marks alone."""
    headers = ["prompt", *OUT_COLUMNS]
    row = ["a cat", "succeeded", "http://v/1.mp4", None, "t-1", 0.24, None, None, MARK]
    found = plan_columns(make_table(headers, row, ["a dog"]), {}, {})
    assert found.added == {}
    assert found.places == {name: place for place, name in enumerate(headers) if place}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Status", "failed"),
        ("STATUS", "ok"),
        ("error", "check colours"),
        ("Job", "Nike"),
        ("job", "202611230001"),
        ("task_id", 17),
        ("cost_usd", 0.5),
    ],
)
def test_user_column_of_our_name_is_never_touched(header: str, value: CellValue) -> None:
    """A filled column of the user's stays theirs, even if its words could be ours."""
    table = make_table(["prompt", header], ["a cat", value], ["a dog", None])
    found = plan_columns(table, {}, {})
    name = header.casefold()
    assert 1 not in found.places.values()
    assert found.names[name] == f"batch_{name}"
    (notice,) = found.notices
    assert notice.severity is Severity.NOTICE
    assert (notice.code, notice.column) == ("column_kept", 1)
    assert header in notice.message
    assert f"batch_{name}" in notice.message


def test_rows_that_were_not_sent_need_no_mark() -> None:
    """Beside marked rows, those that were skipped or invalid leave our columns ours."""
    headers = ["prompt", *OUT_COLUMNS]
    sent = ["a cat", "succeeded", "http://v/1.mp4", None, "t-1", 0.24, None, None, MARK]
    wrong = ["a dog", "invalid", None, None, None, None, "no image", None, None]
    found = plan_columns(make_table(headers, sent, wrong, ["a cow", "skipped"]), {}, {})
    assert found.added == {}
    assert "batch_status" in plan_columns(make_table(headers, wrong), {}, {}).names.values()


def test_a_mark_needs_a_status_word_beside_it() -> None:
    """A user's order numbers of 12 digits beside their own status words are not taken."""
    table = make_table(["prompt", "status", "job"], ["a cat", "shipped", "202611230001"])
    found = plan_columns(table, {}, {})
    assert found.names["status"] == "batch_status"
    assert found.names["job"] == "batch_job"


def test_one_foreign_cell_makes_the_column_the_users() -> None:
    """A single value that we cannot have written keeps a column out of our hands."""
    headers = ["prompt", *OUT_COLUMNS]
    ours = ["a cat", "failed", None, None, None, None, "rejected: no", None, MARK]
    theirs = ["total", None, None, None, None, 12.5]
    found = plan_columns(make_table(headers, ours, theirs), {}, {})
    assert found.names["cost_usd"] == "batch_cost_usd"
    assert found.names["error"] == "error"


def test_blank_column_of_our_name_is_used() -> None:
    """A column prepared for results is filled, whatever the case of its header."""
    table = make_table(["prompt", "Video_URL"], ["a cat", None], ["a dog", "  "])
    found = plan_columns(table, {}, {})
    assert found.places["video_url"] == 1
    assert found.names["video_url"] == "Video_URL"


def test_column_that_the_ledger_wrote_is_ours_whatever_it_holds() -> None:
    """A remembered header is ours even after the user wrote a remark into it."""
    table = make_table(["prompt", "batch_status"], ["a cat", "looks good!"])
    found = plan_columns(table, {"status": "batch_status"}, {})
    assert found.places["status"] == 1


def test_remembered_header_that_is_gone_is_added_again() -> None:
    """Deleting our column brings it back at the right, under its plain name if that is free."""
    table = make_table(["prompt"], ["a cat"])
    found = plan_columns(table, {"status": "batch_status"}, {})
    assert found.names["status"] == "status"
    assert found.added[1] == "status"


def test_of_two_columns_with_a_remembered_header_the_clean_one_is_ours() -> None:
    """A user's own second column of that name does not get our results."""
    headers = ["prompt", "status", "job", "status"]
    table = make_table(headers, ["a cat", "failed", MARK, "waiting for Bob"])
    found = plan_columns(table, {"status": "status", "job": "job"}, {})
    assert found.places["status"] == 1


def test_configured_column_is_ours_or_made() -> None:
    """``output.columns`` takes an existing column and names the new ones."""
    table = make_table(["prompt", "状態"], ["a cat", "未着手"])
    found = plan_columns(table, {}, {"status": "状態", "video_url": "動画"})
    assert found.places["status"] == 1
    assert found.names["video_url"] == "動画"
    assert "動画" in found.added.values()
    assert found.notices == ()


def test_prefixed_column_is_found_again_without_a_ledger() -> None:
    """After the user's own Status made us use batch_status, that one stays ours."""
    headers = ["prompt", "Status", "batch_status", "job"]
    table = make_table(headers, ["a cat", "failed", "succeeded", MARK])
    found = plan_columns(table, {}, {})
    assert found.places["status"] == 2
    assert found.notices == ()


def test_prefixed_names_that_are_taken_get_a_number() -> None:
    """No name of the user's is ever doubled."""
    headers = ["prompt", "status", "batch_status", "batch_status_2"]
    table = make_table(headers, ["a cat", "a", "b", "c"])
    assert plan_columns(table, {}, {}).names["status"] == "batch_status_3"
    assert plan_columns(table, {}, {}, prefix="br_").names["status"] == "br_status"


@given(
    headers=st.lists(
        st.sampled_from(["prompt", "x", "", "Status", "job", "error", "batch_error", "status"]),
        max_size=8,
    ),
    cells=st.lists(
        st.lists(st.sampled_from([None, "failed", MARK, "note", 3]), max_size=9), max_size=4
    ),
    recorded=st.dictionaries(st.sampled_from(OUT_COLUMNS), st.sampled_from(["error", "x", "y"])),
)
@settings(max_examples=60, deadline=None)
def test_every_name_has_a_place_of_its_own(
    headers: list[str], cells: list[list[CellValue]], recorded: dict[str, str]
) -> None:
    """No two results share a column, and what is added is right of everything."""
    table = make_table(headers, *cells)
    found = plan_columns(table, recorded, {})
    assert set(found.places) == set(OUT_COLUMNS)
    assert len(set(found.places.values())) == len(OUT_COLUMNS)
    assert all(place >= table.width for place in found.added)
    added = [text.casefold() for text in found.added.values()]
    assert len({*added, *(h.casefold() for h in headers)}) == len(added) + len(
        {h.casefold() for h in headers}
    )


def test_shown_results_are_texts_without_blanks() -> None:
    """What a row shows comes as plain text, without the apostrophe that guarded it."""
    headers = ["prompt", *OUT_COLUMNS]
    row = ["a cat", "succeeded", None, None, "'-42", 0.24, None, " ", MARK]
    table = make_table(headers, row)
    found = shown_results(table.rows[0], plan_columns(table, {}, {}))
    assert found == {"status": "succeeded", "task_id": "-42", "cost_usd": "0.24", "job": MARK}


def test_shown_results_ignore_columns_still_to_be_added() -> None:
    """A stray cell right of the headers is no result."""
    table = make_table(["prompt"], ["a cat"])
    row = SheetRow(number=2, values=("a cat", "succeeded"))
    assert shown_results(row, plan_columns(table, {}, {})) == {}


def test_mark_is_the_start_of_the_hash() -> None:
    """The job column shows 12 hex digits, recognised again only as such."""
    assert job_mark("0123456789abcdef") == MARK
    assert is_mark(MARK)
    assert not any(is_mark(value) for value in (None, 123456789012, "0123456789AB", MARK + "c"))


def test_status_words_are_those_of_the_contract() -> None:
    """Exactly these words stand in a status cell."""
    words = "queued running succeeded failed invalid unknown skipped"
    assert set(words.split()) == STATUS_WORDS


INJECTIONS = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b+1",
    "\x00=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "﹦1",
    "−1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil")',
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_formula_is_defused_in_csv(text: str) -> None:
    """No known way to smuggle a formula into a CSV cell survives."""
    safe = safe_text(text, csv=True)
    assert safe.startswith("'")
    assert not starts_formula(safe)
    assert safe_text(safe, csv=True) == safe


@pytest.mark.parametrize("text", ["https://x/a=b", "task_01", "a - b", "2026-11-23", "", "日本語"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    """Texts that start no formula are written unchanged."""
    assert safe_text(text, csv=True) == text
    assert safe_text(text, csv=False) == text


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_csv_text_is_one_line(text: str) -> None:
    """Whatever is answered takes one line of a CSV file, for every reader of lines."""
    safe = safe_text(text, csv=True)
    assert len(safe.splitlines()) <= 1
    assert not starts_formula(safe)


def test_workbook_text_holds_only_what_xml_can() -> None:
    """Control characters and lone surrogates go, line breaks and tabs stay."""
    assert safe_text("a\x00\x0b\ud800\ufffeb\r\nc\td", csv=False) == "ab\nc\td"
    assert safe_text("=1+1", csv=False) == "=1+1"


@pytest.mark.parametrize("csv_file", [True, False])
@pytest.mark.parametrize("letter", ["x", "😀"])
def test_long_text_is_cut_to_what_a_cell_holds(letter: str, csv_file: bool) -> None:  # noqa: FBT001
    """Excel counts UTF-16 units, and no character is cut in two."""
    safe = safe_text(letter * MAX_CELL, csv=csv_file)
    units = len(safe.encode("utf-16-le")) // 2
    if letter == "x":
        assert safe == letter * MAX_CELL
    else:
        assert MAX_CELL - 2 <= units <= MAX_CELL
        assert set(safe) == {letter, "…"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.24, "0.24"), (1e-06, "0.000001"), (3, "3"), (2.0, "2"), (-0.0, "0"), (0.1 + 0.2, "0.3")],
)
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    """Costs read as people write them."""
    assert number_text(value) == text
    assert plain_text(value) == text
