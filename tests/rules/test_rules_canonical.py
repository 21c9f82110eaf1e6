"""The texts by which a row is recognised."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.model import ColumnMap, SheetRow
from batch_runner.core.values import canonical_cells

A, B = "https://a.example/1.png", "https://b.example/2.png"
Line = Callable[..., tuple[SheetRow, ColumnMap]]


def _texts(line: Line, name: str, *values: Any) -> set[Any]:
    return {canonical_cells(*line({name: value})) for value in values}


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("duration", [5, 5.0, "5", "5.0", "５", " 5 ", "5s", "5秒", "05", "+5"]),
        ("seed", [4294967295, 4294967295.0, "4294967295"]),
        ("strength", [0.5, "0.5", "0.50", ".5", "０．５"]),
        ("aspect_ratio", ["16:9", "16：9", "１６：９", "16x9", time(16, 9), 16 / 24 + 9 / 1440]),
        ("aspect_ratio", ["16:9", "16:09", "16:09:00", "4:09 PM", "0.672916667"]),
        ("resolution", ["720p", "720P", "７２０ｐ", " 720p\n"]),
        ("audio", [True, "TRUE", "true"]),
        ("prompt", ["a\nb", "a\r\nb", " a\rb "]),
        ("prompt", ["é", unicodedata.normalize("NFD", "é")]),
        ("prompt", [5, 5.0, "5"]),
        ("image_urls", [f"{A},{B}", f"{A}\n{B}", f'["{A}", "{B}"]', f" {A} | {B} "]),
        ("note", [None, "", " \n"]),
    ],
)
def test_one_meaning_has_one_text(line: Line, name: str, forms: list[Any]) -> None:
    """CSV and Excel forms of a cell, and spellings without meaning, are the same row."""
    assert len(_texts(line, name, *forms)) == 1


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("duration", [5, 6, 5.5, "five"]),
        ("prompt", ["A cat", "a cat", "Ａ cat", "007", "7"]),
        ("aspect_ratio", ["16:9", "9:16", time(9, 10)]),
        ("video_url", ["https://a.example/A", "https://a.example/a"]),
        ("negative_prompt", ["no Cats", "no cats"]),
        ("image_urls", [A, B, f"{A},{B}", f"{B},{A}", f"{A},{A}"]),
        ("audio", [True, False, None]),
    ],
)
def test_another_meaning_has_another_text(line: Line, name: str, forms: list[Any]) -> None:
    """An edit that asks for something else is a new job."""
    assert len(_texts(line, name, *forms)) == len(forms)


def test_image_columns_count_together(line: Line) -> None:
    """Two picture columns and one cell with both pictures are the same request."""
    row = SheetRow(number=2, values=("x", A, B))
    columns = ColumnMap(columns={"prompt": (0,), "image_urls": (1, 2)})
    both = line({"prompt": "x", "image_urls": f"{A}\n{B}"})
    assert canonical_cells(row, columns) == canonical_cells(*both)


def test_a_hyperlinked_picture_is_its_target(line: Line) -> None:
    """An Excel link and the same address typed into a CSV are one row."""
    linked = line({"image_urls": "front view"}, links={0: A})
    assert canonical_cells(*linked) == canonical_cells(*line({"image_urls": A}))


def test_the_key_names_a_row_but_is_not_part_of_it(line: Line) -> None:
    """Switching a key column on changes no row's hash."""
    with_key = line({"key": "SKU-1", "prompt": "x"})
    assert canonical_cells(*with_key) == canonical_cells(*line({"prompt": "x"}))


def test_columns_may_be_in_any_order(line: Line) -> None:
    """Moving a column is no edit."""
    one, other = line({"prompt": "x", "seed": 5}), line({"seed": 5, "prompt": "x"})
    assert canonical_cells(*one) == canonical_cells(*other)


def test_a_doubled_column_counts_with_both_cells() -> None:
    """Editing either of two columns under one name is an edit."""
    columns = ColumnMap(columns={"prompt": (0, 1)})
    rows = [SheetRow(number=2, values=v) for v in (("a", "b"), ("a", "c"), ("a", None))]
    assert len({canonical_cells(row, columns) for row in rows}) == 3


CELLS = st.one_of(
    st.none(),
    st.integers(-(10**14), 10**14),
    st.floats(0.001, 1e6).map(lambda number: float(f"{number:.12g}")),
    st.text(max_size=20),
)


@given(st.dictionaries(st.sampled_from(["prompt", "seed", "image_urls", "style"]), CELLS))
@settings(max_examples=150)
def test_csv_and_excel_forms_of_any_row_are_equal(line: Line, cells: dict[str, Any]) -> None:
    """A workbook's numbers and the text that its CSV export holds give the same row."""
    as_csv = {name: _exported(value) for name, value in cells.items()}
    assert canonical_cells(*line(cells)) == canonical_cells(*line(as_csv))


def _exported(value: Any) -> str | None:
    """What a spreadsheet program writes into a CSV for a cell."""
    if isinstance(value, float):
        return f"{value:.15f}".rstrip("0").rstrip(".") if value < 1 else f"{value:.15g}"
    return None if value is None else str(value)
