"""Options and faults are read strictly; requests are judged without a crash."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.sandbox.catalogue import MODELS, complaint, price
from batch_runner.sandbox.faults import FAULTS, NUMBERS, Fault, parse_fault
from batch_runner.sandbox.limits import Bucket
from batch_runner.sandbox.options import SandboxOptions, parse_seconds


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault(name="429")),
        (" 503-bare ", Fault(name="503-bare")),
        ("failed=0.25", Fault(name="failed", number=0.25)),
        ("cut-download=3", Fault(name="cut-download", number=3)),
        ("402-after=0", Fault(name="402-after", number=0)),
        ("slow=0.5", Fault(name="slow", number=0.5)),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    """A name, or a name and its number."""
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stcuk", "Did you mean 'stuck'?"),
        ("", "There are: slow, 429"),
        ("429=", "'' is not a number"),
        ("429=x", "'x' is not a number"),
        ("429=0", "whole number from 1"),
        ("429=1.5", "whole number from 1"),
        ("429=inf", "whole number from 1"),
        ("402-after=2.5", "whole number from 0"),
        ("slow=-1", "seconds are 0 or more"),
        ("slow=nan", "seconds are 0 or more"),
        ("down=0.5", "takes no number"),
    ],
)
def test_a_wrong_fault_is_refused_with_what_is_allowed(text: str, message: str) -> None:
    """Unknown names and numbers out of range never pass silently."""
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_fault(text)


def test_every_fault_has_a_sentence() -> None:
    """The public table says of each fault, in one sentence, what it does."""
    assert all(sentence.endswith(".") for sentence in [*FAULTS.values(), NUMBERS])


def test_task_seconds_are_one_number_or_two() -> None:
    """``3`` and ``2-5`` are read; anything else is refused."""
    assert parse_seconds("3") == (3.0, 3.0)
    assert parse_seconds("2-5") == (2.0, 5.0)
    with pytest.raises(ValueError, match="given as 3 or 2-5"):
        parse_seconds("soon")


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": (5.0, 2.0)},
        {"seconds": (-1.0, 2.0)},
        {"rate": 0.0},
        {"burst": 0},
        {"concurrency": 0},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    """An option that cannot be meant stops the start."""
    with pytest.raises(ValueError, match=", not "):
        SandboxOptions(state=Path("state"), **wrong)


def test_the_bucket_refills_at_its_rate() -> None:
    """A burst at once, then as many as time has brought; the wait it names is enough."""
    bucket = Bucket(0.5, 2)
    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(0.0)] == [None, None, 2]
    assert bucket.take(2.0) is None
    assert bucket.take(2.0) == 2
    assert Bucket(None, 1).take(0.0) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = ("prompt", "image_urls", "duration", "resolution", "aspect_ratio", "seed", "audio")


@settings(max_examples=200)
@given(
    model=st.sampled_from([*MODELS, "other", ""]) | JSON,
    fields=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=7),
)
def test_any_request_is_judged_and_priced_or_refused(model: Any, fields: dict[str, Any]) -> None:
    """Whatever JSON comes, there is a sentence or a price above zero, never a crash."""
    body = {"model": model, **fields}
    wrong = complaint(body)
    assert wrong if wrong is not None else price(body) > 0
