"""When a half-downloaded file may be continued, by what HTTP says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from batch_runner.core.entity import Entity, asked_from, continues, entity_of

DATE = "Wed, 25 Nov 2026 21:13:53 GMT"
LATER = "Wed, 25 Nov 2026 21:13:54 GMT"
TAGGED = Entity(etag='"a"', modified="", length=100, place="here")
DATED = Entity(etag="", modified=DATE, length=100, place="here")


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"ETag": '"a"'}, TAGGED),
        ({"ETag": ' "a" ', "Last-Modified": DATE, "Date": LATER}, TAGGED),
        ({"Last-Modified": DATE, "Date": LATER}, DATED),
        ({"ETag": 'W/"a"', "Last-Modified": DATE, "Date": LATER}, DATED),
        ({"ETag": '"a"', "Accept-Ranges": "none"}, None),
        ({"ETag": 'W/"a"'}, None),
        ({"ETag": "a"}, None),
        ({"ETag": '""'}, None),
        ({"ETag": '"a\r\nX: y"'}, None),
        ({"Last-Modified": DATE, "Date": DATE}, None),
        ({"Last-Modified": DATE}, None),
        ({"Last-Modified": "yesterday", "Date": LATER}, None),
        ({"Last-Modified": DATE.replace("2026", "9" * 30), "Date": LATER}, None),
        ({"Last-Modified": DATE.replace("GMT", "-0000"), "Date": LATER}, None),
        ({}, None),
    ],
)
def test_only_strong_validators_make_a_file_known(
    headers: dict[str, str], found: Entity | None
) -> None:
    """A strong ETag, else a date older than the answer; a file without either starts anew."""
    assert entity_of(CIMultiDict(headers), 100, "here") == found
    assert entity_of(CIMultiDict(headers), None, "here") is None
    assert entity_of(CIMultiDict(headers), 0, "here") is None


def test_a_date_is_a_proof_only_where_it_came_from() -> None:
    """A fresh link to another place needs a strong ETag; nothing is asked from beyond the end."""
    assert asked_from(TAGGED, 40, "there") == {"Range": "bytes=40-", "If-Range": '"a"'}
    assert asked_from(DATED, 40, "here") == {"Range": "bytes=40-", "If-Range": DATE}
    assert asked_from(DATED, 40, "there") is None
    assert [asked_from(TAGGED, at, "here") for at in (0, 100, 101)] == [None] * 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Range": "bytes 41-99/100"},
        {"Content-Range": "bytes 0-99/100"},
        {"Content-Range": "bytes 40-99/101"},
        {"Content-Range": "bytes 40-100/100"},
        {"Content-Range": "bytes 40-39/100"},
        {"Content-Range": "bytes 40-99/*"},
        {"Content-Range": "bytes */100"},
        {"Content-Range": "items 40-99/100"},
        {"Content-Range": "bytes 40-99/100", "ETag": '"b"'},
        {"Content-Range": "bytes 40-99/100", "ETag": 'W/"a"'},
        {"Content-Range": "bytes ４0-99/100"},
    ],
)
def test_an_answer_that_is_not_the_rest_is_not_taken(headers: dict[str, str]) -> None:
    """Another place, length, unit or file: nothing of it may be appended."""
    assert not continues(TAGGED, 40, CIMultiDict(headers))


def test_the_rest_is_taken_also_in_pieces() -> None:
    """The range that was asked for, or its beginning, of the file that is known."""
    assert continues(TAGGED, 40, {"Content-Range": "bytes 40-99/100"})
    assert continues(TAGGED, 40, {"Content-Range": "bytes 40-50/100", "ETag": '"a"'})
    assert continues(DATED, 40, {"Content-Range": "bytes 40-99/100", "Last-Modified": DATE})
    assert not continues(DATED, 40, {"Content-Range": "bytes 40-99/100", "Last-Modified": LATER})


@given(st.text(), st.text(), st.text())
def test_no_header_is_too_odd(etag: str, modified: str, content_range: str) -> None:
    """Whatever a server writes into its headers is judged, never raised."""
    headers = CIMultiDict({"ETag": etag, "Last-Modified": modified, "Date": modified})
    found = entity_of(headers, 100, "here")
    assert found is None or (found.etag or found.modified).isascii()
    assert continues(TAGGED, 40, {"Content-Range": content_range}) in {True, False}
