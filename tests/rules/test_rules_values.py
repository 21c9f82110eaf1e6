"""Reading cells."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.ratio import read_ratio
from batch_runner.core.values import read_boolean, read_choice, read_integer, read_text

RATIOS = [(16, 9), (9, 16), (4, 3), (3, 4), (1, 1), (21, 9), (2, 3), (3, 2), (9, 21)]


@pytest.mark.parametrize(
    "value",
    [5, 5.0, "5", "５", " 5 ", "5s", "5秒", "5 sec", "5.0", "+5", "5 Seconds", "5.", "5Ｓ"],
)
def test_whole_numbers_are_understood_as_sheets_give_them(value: Any) -> None:
    """One number, however it is stored or typed."""
    assert read_integer(value) == 5


@pytest.mark.parametrize(
    "value",
    [5.5, "5.5", "five", "", True, None, time(5), float("inf"), "1e5", "5 min", "9" * 50, "5s5"],
)
def test_what_is_no_whole_number_is_not_made_one(value: Any) -> None:
    """Nothing is rounded, guessed or taken for a number."""
    assert read_integer(value) is None


@given(st.integers(min_value=-(10**15), max_value=10**15))
@settings(max_examples=50)
def test_every_number_survives_every_form(number: int) -> None:
    """Text, float and full-width digits give the number back."""
    wide = str(number).translate({ord("0") + i: ord("０") + i for i in range(10)})
    forms = (number, str(number), f"{number}.0", f"{number}秒", float(number), wide)
    assert {read_integer(form) for form in forms} == {number}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((word, True) for word in ("yes", "TRUE", True, 1, 1.0, "1", "はい", "是", "Ｙｅｓ")),
        *((word, False) for word in ("no", "False", False, 0, "0", "いいえ", "否", "off")),
        *((word, None) for word in ("maybe", 2, "", None, "10")),
    ],
)
def test_yes_and_no_in_three_languages(value: Any, *, expected: bool | None) -> None:
    """Truth values as sheets give them; anything else is not guessed."""
    assert read_boolean(value) is expected


@pytest.mark.parametrize("value", ["720", "720P", 720, 720.0, "７２０ｐ", "720 p", " 720p "])
def test_choices_are_found_however_typed(value: Any) -> None:
    """Case, width, blanks and a missing unit do not matter."""
    assert read_choice(value, ("540p", "720p", "1080p")) == "720p"


@pytest.mark.parametrize("value", ["72", "7200", "p", "", None, "720i", True])
def test_other_words_are_no_choice(value: Any) -> None:
    """Only what can mean nothing else is taken."""
    assert read_choice(value, ("540p", "720p", "1080p")) is None


def test_an_ambiguous_number_is_no_choice() -> None:
    """720 is refused where both 720p and 720i are offered."""
    assert read_choice(720, ("720p", "720i")) is None


@pytest.mark.parametrize("form", ["{}:{}", "{}：{}", "{}x{}", "{}×{}", "{} / {}", " {} : {} "])
@pytest.mark.parametrize(("width", "height"), RATIOS)
def test_written_ratios(form: str, width: int, height: int) -> None:
    """All usual spellings of a ratio mean the same, and no notice is due."""
    ratio = read_ratio(form.format(width, height))
    assert ratio is not None
    assert (ratio.text, ratio.from_time) == (f"{width}:{height}", False)


def _as_times(hours: int, minutes: int) -> list[Any]:
    """What Excel, its CSV export and the readers make of h:mm."""
    fraction = (hours * 60 + minutes) / 1440
    half = "PM" if hours >= 12 else "AM"
    return [
        time(hours, minutes),
        timedelta(hours=hours, minutes=minutes),
        datetime(1899, 12, 31, hours, minutes),  # noqa: DTZ001 - cells have no zone
        fraction,
        round(fraction, 6),
        f"{fraction:.9f}",
        f"{hours:02}:{minutes:02}",
        f"{hours}:{minutes:02}:00",
        f"{(hours - 1) % 12 + 1}:{minutes:02} {half}",
    ]


@pytest.mark.parametrize(("width", "height"), RATIOS)
def test_ratios_that_became_times(width: int, height: int) -> None:
    """Every form in which a spreadsheet program stores the time 16:09 is 16:9 again."""
    for value in _as_times(width, height):
        ratio = read_ratio(value)
        assert ratio is not None, value
        assert ratio.text == f"{width}:{height}"


def test_a_rounded_fraction_is_still_read() -> None:
    """Four digits, as a narrow column shows them, are enough."""
    assert read_ratio(0.6729) == read_ratio(time(16, 9))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "adaptive",
        "16:9:3",
        "16",
        16,
        1.0,
        0.5,
        0.0,
        -0.5,
        1.7777,
        "0:9",
        "16:0",
        True,
        time(16, 9, 30),
        datetime(2026, 4, 3),  # noqa: DTZ001 - cells have no zone
    ],
)
def test_other_values_are_no_ratio(value: Any) -> None:
    """Dates, plain numbers and whole hours are not taken for ratios."""
    assert read_ratio(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a\r\nb\rc ", "a\nb\nc"),
        (2024, "2024"),
        (2.50, "2.5"),
        (1e20, "100000000000000000000"),
        (0.1 + 0.2, "0.3"),
        (True, "TRUE"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "ｆｕｌｌ　ｗｉｄｔｈ"),
        (" \n ", None),
        (None, None),
    ],
)
def test_prompts_stay_as_typed(value: Any, expected: str | None) -> None:
    """Only line ends and outer blanks change; numbers look as a sheet shows them."""
    assert read_text(value) == expected
