"""Splitting image cells."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.images import split_refs

A, B = "https://a.example/1.png", "http://b.example/x,y|z;w.jpg?u=https://c.example/2.png"


@pytest.mark.parametrize(
    "glue", [", ", ",", ";", " ", "\n", "\r\n", " | ", "|", "、", "，", " ;\n", "\t", "\n\n"]
)
def test_links_are_split_whatever_stands_between(glue: str) -> None:
    """Commas and bars inside a link, and links inside a link, stay; order and repeats are kept."""
    assert split_refs(glue.join([A, B, A]), None) == (A, B, A)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat.png|dog one.png\npics/a,b.png", ("cat.png", "dog one.png", "pics/a,b.png")),
        (f"{A}|./cat.png", (A, "./cat.png")),
        (f"{A}|cat.png", (A, "cat.png")),
        (r"https://x.example/a|C:\pics\cat.png", ("https://x.example/a", r"C:\pics\cat.png")),
        ("https://x.example/a|b.png", ("https://x.example/a|b.png",)),
        ("https://x.example/a | b.png", ("https://x.example/a", "b.png")),
        ("file:///c:/cat.png, FILE:dog.png", ("file:///c:/cat.png", "FILE:dog.png")),
        ("https://x.example/profile:1.png", ("https://x.example/profile:1.png",)),
        ("https://x.example/http://y.example/", ("https://x.example/http://y.example/",)),
        ("HTTPS://X.example/A.PNG,", ("HTTPS://X.example/A.PNG",)),
        (f"front: {A}", ("front:", A)),
        ("data:image/png;base64,AA//BB==", ("data:image/png;base64,AA//BB==",)),
        (" , | \n ", ()),
        ("", ()),
        ("[not json", ("[not json",)),
        ('["a.png", 5, {"url": "b.png"}, " "]', ("a.png", "5", "b.png")),
        ("[" * 100_000, ("[" * 100_000,)),
    ],
)
def test_splits_only_where_something_new_begins(text: str, expected: tuple[str, ...]) -> None:
    """A path begins after a line end or a bar; nothing that was typed is lost."""
    assert split_refs(text, None) == expected


@pytest.mark.parametrize(
    ("value", "link", "expected"),
    [
        ("see here", A, (A,)),
        (None, A, (A,)),
        ("see here", " pics/cat.png ", ("pics/cat.png",)),
        ("see here", "file:///c:/cat.png", ("file:///c:/cat.png",)),
        ("cat.png", "mailto:me@example.com", ("cat.png",)),
        ("cat.png", "#Sheet2!A1", ("cat.png",)),
        (f"{A}\n{B}", A, (A, B)),
        (5, None, ("5",)),
        (None, None, ()),
    ],
)
def test_a_link_counts_over_its_text(
    value: str | int | None, link: str | None, expected: tuple[str, ...]
) -> None:
    """A hyperlink's target is the picture, unless the text names several of its own."""
    assert split_refs(value, link) == expected


WORDS = st.text(st.characters(exclude_categories=["C"]), min_size=1).map(str.strip).filter(bool)


@given(st.lists(WORDS, max_size=5))
@settings(max_examples=60)
def test_a_json_list_is_taken_as_it_is(refs: list[str]) -> None:
    """Whatever the references hold, a JSON list says exactly which there are."""
    assert split_refs(json.dumps(refs), None) == tuple(refs)


PATH_AFTER_A_BAR = re.compile(r"\|(?:\.{1,2}|~)/")  # splits on purpose: a path begins there
TAILS = (
    st.text("abc019/._-,;|~%&=+()", max_size=20)
    .map(lambda tail: tail.rstrip(",;|"))
    .filter(lambda tail: not PATH_AFTER_A_BAR.search(tail))
)
LINKS = TAILS.map(lambda tail: f"https://x.example/{tail}")


@given(st.lists(LINKS, max_size=5), st.sampled_from([", ", "\n", " ", " | ", ";\n"]))
@settings(max_examples=100)
def test_any_links_come_back_in_order(links: list[str], glue: str) -> None:
    """Joining links by any usual separator and splitting gives the same links."""
    assert split_refs(glue.join(links), None) == tuple(links)


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_splitting_loses_only_separators(text: str) -> None:
    """Every other character of any text is in one of the references, in its order."""
    kept = "".join("".join(split_refs(text, None)).split())
    if text.strip().startswith("["):
        return
    for char in " ,;|、，；":
        kept, text = kept.replace(char, ""), text.replace(char, "")
    assert kept == "".join(text.split())
