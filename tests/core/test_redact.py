"""What is kept of foreign text: no key, one line, printable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.redact import HIDDEN, one_line, redact, told

KEY = "sk-Abcdef0123456789+/="


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"key {KEY} is bad", f"key {HIDDEN} is bad"),
        ("key sk-Abcdef0123456789%2B%2F%3D", f"key {HIDDEN}"),
        ("Authorization: Bearer abcdef123456", f"Authorization: Bearer {HIDDEN}"),
        ("Proxy-Authorization: Basic bWU6d29yZA==", f"Proxy-Authorization: Basic {HIDDEN}"),
        ("key sk-Abcdef0123456789+\\/=", f"key {HIDDEN}"),
        ("another one: sk-proj-000111222", f"another one: {HIDDEN}"),
        ("proxy http://me:word@proxy.example:3128", f"proxy http://{HIDDEN}@proxy.example:3128"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, hidden: str) -> None:
    """The key in any form, other keys, bearer tokens and proxy passwords do not survive."""
    assert redact(text, (KEY,)) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "task-unified-17",
        "a risk-free disk",
        "https://a.example/v@2.mp4",
        "",
        "Bearer of",
        "basic parameters 5",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Nothing is hidden that is no secret; an empty secret hides nothing."""
    assert redact(text, ("", KEY)) == text


def test_of_two_secrets_the_longer_goes_first() -> None:
    """A secret that begins like another leaves no rest of it."""
    assert redact("abc-tail", ("abc", "abc-tail")) == HIDDEN


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=80), limit=st.integers(1, 40))
def test_any_text_becomes_one_printable_line(text: str, limit: int) -> None:
    """Whatever the text, the line is printable, bounded and can be stored anywhere."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    line.encode("utf-8")


@settings(max_examples=100, deadline=None)
@given(
    before=st.text(max_size=60),
    after=st.text(max_size=60),
    limit=st.integers(1, 60),
    gap=st.integers(1, len(KEY) - 1),
    inside=st.sampled_from(["", "\x00", "\u200b", "\u202e"]),
)
def test_no_cut_and_no_dropped_character_uncovers_the_key(
    before: str, after: str, limit: int, gap: int, inside: str
) -> None:
    """A key is hidden wherever the text is cut, and whatever stands invisibly inside it."""
    text = f"{before} {KEY[:gap]}{inside}{KEY[gap:]} {after}"
    assert "Abcdef0" not in told(text, (KEY,), limit)


def test_a_long_line_says_that_it_goes_on() -> None:
    """A cut is shown; blanks and line ends are one blank."""
    assert one_line("one\r\n two\t three", 9) == "one two…"
