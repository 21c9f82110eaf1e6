"""One value against one parameter."""

from __future__ import annotations

from datetime import date

import pytest

from batch_runner.core.check import check
from batch_runner.core.profile import Given, Kind, Parameter


@pytest.mark.parametrize(
    ("parameter", "given", "message"),
    [
        (
            Parameter(name="duration", kind=Kind.INTEGER, choices=(6, 10), unit="seconds"),
            7,
            "duration is 7; it takes 6, 10 seconds.",
        ),
        (
            Parameter(name="seed", kind=Kind.INTEGER),
            date(2026, 1, 5),
            "seed is 2026-01-05; it takes a whole number.",
        ),
        (
            Parameter(name="steps", kind=Kind.INTEGER, low=1),
            0,
            "steps is 0; it takes a whole number from 1.",
        ),
        (
            Parameter(name="steps", kind=Kind.INTEGER, high=9),
            ("10", "11"),
            'steps is "10, 11"; it takes a whole number up to 9.',
        ),
        (
            Parameter(name="sound", kind=Kind.BOOLEAN),
            ("yes",),
            'sound is "yes"; it takes yes or no.',
        ),
        (
            Parameter(name="style", kind=Kind.TEXT),
            ("a", "b"),
            'style is "a, b"; it takes any text.',
        ),
        (
            Parameter(name="style", kind=Kind.TEXT, max_length=9),
            ("a",),
            'style is "a"; it takes at most 9 characters.',
        ),
        (
            Parameter(name="size", kind=Kind.RATIO, choices=("16:9", "adaptive")),
            ("16:9",),
            'size is "16:9"; it takes 16:9, adaptive.',
        ),
        (
            Parameter(name="size", kind=Kind.RATIO, choices=("16:9", "adaptive")),
            "x" * 99,
            f'size is "{"x" * 60}..."; it takes 16:9, adaptive.',
        ),
        (
            Parameter(name="frames", kind=Kind.IMAGES, min_items=2, max_items=2),
            "https://a.example/1.png",
            "frames names 1 images; it takes 2.",
        ),
        (
            Parameter(name="refs", kind=Kind.IMAGES, min_items=2),
            ("https://a.example/1.png",),
            "refs names 1 images; it takes at least 2.",
        ),
    ],
)
def test_refusals_say_value_and_limit(parameter: Parameter, given: Given, message: str) -> None:
    """Whatever kind a parameter is of, its refusal shows what was given and what is taken."""
    checked = check(parameter, given, "it")
    assert checked.value is None
    assert [fault.message for fault in checked.faults] == [message]


@pytest.mark.parametrize(
    ("ref", "hint"),
    [
        ("https://a.example/my cat.png", "blanks or missing parts"),
        ("https://", "blanks or missing parts"),
        ("http://[::1/cat.png", "blanks or missing parts"),
        ("data:image/png;base64,AAAA", "inside the cell's text"),
        ("pics/cat.png", "its path from the sheet"),
    ],
)
def test_unusable_links_get_a_fitting_hint(ref: str, hint: str) -> None:
    """What is no link is told apart from a link that is broken."""
    checked = check(Parameter(name="image_urls", kind=Kind.IMAGES), (ref,), "it")
    assert [hint in fault.hint for fault in checked.faults] == [True]


def test_other_words_among_ratios_are_taken() -> None:
    """A model may offer a word such as adaptive beside its ratios."""
    size = Parameter(name="size", kind=Kind.RATIO, choices=("16:9", "adaptive"))
    assert check(size, "Adaptive", "it").value == "adaptive"
    assert check(size, "16x9", "it").value == "16:9"
