"""Quantities, selections, suggestions and advice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.nearest import did_you_mean
from batch_runner.core.prompts import advise
from batch_runner.core.selection import Sort, parse_selection
from batch_runner.core.units import parse_byte_rate, parse_duration, parse_rate, parse_usd


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("6h", 21600),
        ("5 min", 300),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30 minutes", 5400),
        ("500ms", 0.5),
        ("1.5 hours", 5400),
        ("2 days", 172800),
        ("３０秒", 30),
        ("5分", 300),
        (45, 45),
        (0.5, 0.5),
        ("90", 90),
    ],
)
def test_durations(text: Any, seconds: float) -> None:
    """Times as people write them, in seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "0s", "-5s", "5 parsecs", "s", "5s x", "1e99", True])
def test_what_is_no_duration_is_refused(text: Any) -> None:
    """Nothing is guessed, and no time is empty."""
    with pytest.raises(ValueError, match="a time such as"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "bytes_per_second"),
    [
        ("20MB/s", 20e6),
        ("500 kB/s", 5e5),
        ("1.5GB / s", 1.5e9),
        ("2MiB/s", 2**21),
        ("64KiB/s", 2**16),
        ("4000B/s", 4000),
        ("２０MB/s", 20e6),
    ],
)
def test_byte_rates(text: str, bytes_per_second: float) -> None:
    """Bytes a second as people write them, in thousands or in 1024s."""
    assert parse_byte_rate(text) == pytest.approx(bytes_per_second)


@pytest.mark.parametrize(
    "text", ["20", "20MB", "20Mb/s", "20Mbit/s", "20mb/s", "20MB/min", "0MB/s", "999B/s", "-1MB/s"]
)
def test_what_is_no_byte_rate_is_refused(text: str) -> None:
    """Bits are not taken for bytes, and a line that hardly flows is a mistake."""
    with pytest.raises(ValueError, match="a rate such as 20MB/s"):
        parse_byte_rate(text)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("60/min", 1), ("2/s", 2), ("10 / minute", 1 / 6), ("3600/h", 1), ("0.5/sec", 0.5)],
)
def test_rates(text: str, per_second: float) -> None:
    """Rates as people write them, a second."""
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize("text", ["60", "60/", "/min", "60/parsec", "0/s", "-1/s", "60/min/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """A rate without a unit could be a second's or a minute's."""
    with pytest.raises(ValueError, match="a rate such as"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (25, 25_000_000),
        ("12.50", 12_500_000),
        ("$3", 3_000_000),
        ("3 usd", 3_000_000),
        (0.1, 100_000),
        ("0.0000019", 1),
        (0, 0),
    ],
)
def test_money(value: Any, micros: int) -> None:
    """Amounts are exact, and never rounded up."""
    assert parse_usd(value) == micros


@pytest.mark.parametrize("value", ["", "ten", -1, "nan", "inf", True, "1,000", "5 EUR", "1e12"])
def test_what_is_no_amount_is_refused(value: Any) -> None:
    """A budget that cannot be understood is no budget."""
    with pytest.raises(ValueError, match="US dollars"):
        parse_usd(value)


@given(st.integers(0, 10**12))
@settings(max_examples=50)
def test_every_micro_dollar_counts(micros: int) -> None:
    """Any amount of whole micro-dollars survives being written in dollars."""
    assert parse_usd(f"{micros // 10**6}.{micros % 10**6:06}") == micros


def test_lines_may_be_named() -> None:
    """Line numbers and spans, as they stand in the sheet."""
    chosen = parse_selection(" 5, 8-12 ")
    assert [line for line in range(1, 20) if chosen.has_line(line)] == [5, 8, 9, 10, 11, 12]
    assert parse_selection(7).spans == ((7, 7),)


def test_states_may_be_named() -> None:
    """New and failed are no matter of lines."""
    assert parse_selection("New").sort is Sort.NEW
    assert parse_selection("failed").has_line(99)


@pytest.mark.parametrize("text", ["", "old", "0", "8-5", "5,", "1-2-3", "-3", "unknown"])
def test_other_selections_are_refused(text: str) -> None:
    """Above all, "unknown" rows cannot be chosen for sending."""
    with pytest.raises(ValueError, match="line numbers"):
        parse_selection(text)


def test_suggestions_name_the_nearest_or_all() -> None:
    """A typo gets its word; a stranger gets the list, cut where it helps nobody."""
    assert did_you_mean("Bugdet", ["budget", "limits"]) == "Did you mean budget?"
    assert did_you_mean("zzz", ["budget", "limits"]) == "Known: budget, limits."
    assert did_you_mean("zzz", [f"name{i}" for i in range(20)]).endswith("and 8 more.")
    assert did_you_mean("zzz", []) == ""


@pytest.mark.parametrize(
    "prompt",
    [
        "Lorem ipsum dolor sit amet",
        "TODO: ask Anna",
        "Your prompt here",
        "xxx",
        "test",
        "テスト",
        "ここにプロンプトを入力",
        "在此输入提示词",
        "A {{ product }} turns",
        "<prompt>",
        "...",
    ],
)
def test_placeholder_prompts_are_noticed(prompt: str) -> None:
    """What nobody wants to pay for is said before it is paid."""
    assert [advice.code for advice in advise(prompt)] == ["prompt_placeholder"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Beautiful girl, blue eyes, masterpiece, highly detailed, 8k",
        "美しい女性、高画質、傑作",
        "Photorealistic portrait of a cute cat",
    ],
)
def test_prompts_of_looks_only_are_noticed(prompt: str) -> None:
    """A list of looks, as for pictures, makes a poor video."""
    assert [advice.code for advice in advise(prompt)] == ["prompt_looks_only"]


@pytest.mark.parametrize(
    "prompt",
    [
        "The beautiful girl turns to the camera, 8k, highly detailed",
        "A red car on a wet road at night",
        "Slow dolly in on a watch",
        "女の子がカメラに向かって走る、高画質、美しい",
        "猫跳上墙头，镜头跟随，高清，精美",
        "Un chat saute sur le mur",
        "A tester runs her latest test drive",
        "She writes a to-do list",
    ],
)
def test_ordinary_prompts_are_left_in_peace(prompt: str) -> None:
    """Advice is rare enough to be read."""
    assert advise(prompt) == ()
