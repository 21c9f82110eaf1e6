"""Sentences in a language: looked up, filled in, and never taken for more than they are."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.language import (
    ENGLISH,
    Language,
    both,
    either,
    joined,
    phrase,
    plural,
    speak,
    spoken,
)

SENTENCES = {
    "{name} is {given}.": "{given} ist {name}.",
    "{count} rows": "{count} Zeilen",
    ", ": "、",
    "{first} or {last}": "{first} または {last}",
}
OTHER = Language(code="xx", sentences=SENTENCES)


def in_other(said: Any, *words: Any, **values: Any) -> Any:
    """What a function gives where the other language is spoken."""
    context = contextvars.copy_context()
    context.run(speak, OTHER)
    return context.run(said, *words, **values)


def test_a_sentence_is_looked_up_and_filled_in() -> None:
    """The template leads to the sentence; values may stand in another order there."""
    assert phrase("{name} is {given}.", name="a", given=1) == "a is 1."
    assert in_other(phrase, "{name} is {given}.", name="a", given=1) == "1 ist a."


def test_what_a_language_lacks_stays_english() -> None:
    """A sentence nobody translated is said all the same."""
    assert in_other(phrase, "New: {what}.", what="x") == "New: x."


@given(st.text() | st.sampled_from(["{name}", "{0.__class__}", "{", "}}", "{given!r:{name}}"]))
def test_values_are_never_templates(hostile: str) -> None:
    """Whatever a cell holds, it comes out as it is."""
    assert phrase("{name} is {given}.", name=hostile, given=hostile) == f"{hostile} is {hostile}."
    assert plural("{count} x{a}", "{count} xs{a}", 2, a=hostile) == f"2 xs{hostile}"


@pytest.mark.parametrize(("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_numbers_have_their_form(count: int, said: str) -> None:
    """English tells one from many; a language without plurals has one form."""
    assert plural("{count} row", "{count} rows", count) == said
    assert in_other(plural, "{count} row", "{count} rows", count) == f"{count} Zeilen"


def test_lists_are_joined_as_the_language_does() -> None:
    """Commas and the last word, for none, one and many."""
    assert (either([5]), either([5, 8, 10]), both("ab")) == ("5", "5, 8 or 10", "a and b")
    assert in_other(either, [5, 8, 10]) == "5、8 または 10"


def test_sentences_are_joined_by_what_stands_between() -> None:
    """A blank after a full stop, none after a full-width one, and nothing for nothing."""
    assert joined("One.", "", "Two.") == "One. Two."
    assert joined("一。", "二。", "Three.") == "一。二。Three."
    assert joined("", "") == ""


def test_side_by_side_each_speaks_its_own() -> None:
    """Tasks of one loop do not take each other's language, and their threads follow them."""

    async def one(language: Language) -> tuple[str, str]:
        speak(language)
        await asyncio.sleep(0)
        return spoken().code, await asyncio.to_thread(lambda: spoken().code)

    async def all_of_them() -> list[tuple[str, str]]:
        return list(await asyncio.gather(one(OTHER), one(ENGLISH)))

    assert asyncio.run(all_of_them()) == [("xx", "xx"), ("en", "en")]
    assert spoken() is ENGLISH
