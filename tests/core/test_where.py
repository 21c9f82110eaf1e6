"""``--where``: conditions over columns, and nothing beyond them."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.controls import column_finder
from batch_runner.core.model import CellValue, ColumnMap, SheetRow
from batch_runner.core.where import parse_where

HEADERS = ["priority", "stock", "画像", "My col", "when", "ok", "Model"]
DAY = datetime(2026, 11, 1)  # noqa: DTZ001 - as a workbook stores it
ROW = ("high", "5", "x", 7.0, DAY, "yes", "kling-v2")
FIND = column_finder(HEADERS, ColumnMap(columns={"model": (6,)}), {})


def holds(text: str, cells: Sequence[CellValue] = ROW) -> bool:
    """Whether a condition holds in a row."""
    return parse_where(text).bind(FIND)(SheetRow(number=2, values=tuple(cells)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("priority == 'high'", True),
        ('PRIORITY != "high"', False),
        ("stock > 4 and `My col` <= 7", True),
        ("stock > 4 & `my-COL` < 7", False),
        ("stock == 1 | `My col` == '7'", True),
        ("~(stock == 5)", False),
        ("not stock == 6", True),
        ("3 < stock < 5.5", True),
        ("stock >= -1", True),
        ("画像 in ['x', 'y']", True),
        ("stock not in (5, 6)", False),
        ("when == '2026-11-01'", True),
        ("when < '2026-12'", True),
        ("priority.str.contains('ig')", True),
        ("priority.str.upper() == 'HIGH'", True),
        ("model.str.startswith('kling')", True),
        ("stock.isna()", False),
        ("stock.notna()", True),
        ("ok", True),
        ("ok == True", True),
        ("ok == False", False),
        ("stock", False),
        ("stock < 'high'", False),
        ("priority < 5", False),
        ("`My col` == 'it\\'s & `not` | this'", False),
    ],
)
def test_conditions_mean_what_they_say(text: str, *, wanted: bool) -> None:
    """Names, texts, numbers, lists, methods and signs as pandas writes them."""
    assert holds(text) is wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "such as"),
        ("priority = 'high'", "write == instead of ="),
        ("stock <> 5", "write !="),
        ("@os == 1", "not known here"),
        ("1", "not a comparison"),
        ("stock + 1 == 2", "stock + 1 in it"),
        ("stock is None", "without"),
        ("'x' in priority", "str.contains('a')"),
        ("__import__('os').system('x')", "calls nothing but"),
        ("priority.__class__ == 1", "calls nothing but"),
        ("priority.str.match('x')", "calls nothing but"),
        ("priority.str.contains(stock)", "calls nothing but"),
        ("(lambda: 1)() == 1", "calls nothing but"),
        ("[x for x in y] == 1", "not a column"),
        ("f'{stock}' == 1", "not a column"),
        ("stock[0] == 1", "not a column"),
        ("(" * 300, "such as"),
        ("not " * 200 + "ok", "levels"),
        ("-" * 900 + "1 == stock", "a condition"),
        ("x" * 1001 + " == 1", "at most 1000"),
    ],
)
def test_what_is_no_condition_is_refused_with_a_reason(text: str, says: str) -> None:
    """Calls, attributes, arithmetic and what cannot be read: a phrase says what is wrong."""
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_where(text)


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    """A name that no header has is no column, and the nearest header is named."""
    with pytest.raises(LookupError, match=r"no column 'prioritty'.*Nearest: 'priority'"):
        holds("prioritty == 1")


def test_our_own_results_cannot_be_asked() -> None:
    """Columns of results change during a run: what was chosen by them would not stay chosen."""
    find = column_finder(["prompt", "status"], ColumnMap(columns={}), {"status": 1})
    with pytest.raises(LookupError, match="--only new"):
        parse_where("status == 'failed'").bind(find)


WORDS = [
    "'a'",
    '"',
    "'",
    "1",
    "5.5",
    "==",
    "!=",
    "<",
    "in",
    "not",
    "and",
    "or",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "str",
    "contains",
    "lower",
    "isna",
    "@",
    "&",
    "|",
    "~",
    "-",
    "`",
    "__class__",
    "__import__",
    "eval",
    "lambda",
    ":",
    "if",
    "else",
    "for",
    "{",
    "}",
    "*",
    "=",
    "\\",
    "`My_col`",
]
PIECES = st.sampled_from([*HEADERS, *WORDS])


@given(st.lists(PIECES, max_size=12).map(" ".join) | st.text(string.printable, max_size=60))
def test_no_text_escapes(text: str) -> None:
    """Whatever is typed: it is refused with a phrase, or it is a test of the row's cells alone."""
    try:
        where = parse_where(text)
    except ValueError:
        return
    asked = []

    def column(name: str) -> int:
        asked.append(name)
        return len(asked) - 1

    test = where.bind(column)
    for cells in ((None,) * 12, ("1",) * 12, ("yes", 2, 3.5, True) * 3):
        assert test(SheetRow(number=2, values=cells)) in {True, False}


NAMES = st.sampled_from(["stock", "size"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
COMPARISONS = st.builds("{} {} {}".format, NAMES, SIGNS, st.integers(-3, 3))
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "|", "&"]), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=5,
)


@settings(deadline=None)  # pandas takes its time
@given(CONDITIONS, st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1))
def test_numbers_are_compared_as_pandas_does(text: str, cells: Sequence[tuple[int, int]]) -> None:
    """The same rows pass as in ``DataFrame.query``, whose language it is."""
    test = parse_where(text).bind({"stock": 0, "size": 1}.__getitem__)
    frame = pd.DataFrame(cells, columns=["stock", "size"])
    wanted = list(frame.query(text, engine="python").index)
    assert [i for i, row in enumerate(cells) if test(SheetRow(number=2, values=row))] == wanted
