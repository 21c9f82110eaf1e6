"""What the answers to an upload mean, and how a request gets its links."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.outcomes import UploadKind
from batch_runner.core.uploads import (
    key_of_file,
    key_of_link,
    pictures_in,
    placeholder,
    with_links,
)
from batch_runner.core.wire_upload import read_upload

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LINK = "https://upload.example.com/f/image/1-photo.jpg"
DONE = {"url": LINK, "filename": "photo.jpg", "content_type": "image/jpeg", "bytes": 9}


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (200, DONE, UploadKind.DONE),
        (200, {"code": 200, "data": DONE}, UploadKind.DONE),
        (200, {}, UploadKind.UNAVAILABLE),
        (200, {"url": "javascript:alert(1)"}, UploadKind.UNAVAILABLE),
        (200, {"url": "https://x.example/a b"}, UploadKind.UNAVAILABLE),
        (400, {"error": {"message": "unsupported image type"}}, UploadKind.REFUSED),
        (400, {"code": "invalid_request_error", "message": "invalid image"}, UploadKind.REFUSED),
        (413, {"error": {"message": "too large"}}, UploadKind.REFUSED),
        (401, {"error": {"message": "no"}}, UploadKind.KEY_REFUSED),
        (402, {"error": {"message": "no"}}, UploadKind.NO_BALANCE),
        (429, {"error": {"message": "slow"}}, UploadKind.LIMITED),
        (404, {}, UploadKind.UNAVAILABLE),
        (500, {"error": {"message": "failed to upload image"}}, UploadKind.UNAVAILABLE),
        (302, {}, UploadKind.UNAVAILABLE),
    ],
)
def test_an_answer_has_one_meaning(status: int, document: object, kind: UploadKind) -> None:
    """Only what is said of the picture itself refuses it for good."""
    outcome = read_upload(status, {}, json.dumps(document).encode(), now=NOW)
    assert outcome.kind is kind
    assert outcome.link == (LINK if kind is UploadKind.DONE else "")


@given(st.integers(100, 599), st.binary(max_size=200))
def test_whatever_is_answered_has_a_meaning(status: int, body: bytes) -> None:
    """Nothing that a server may send is a traceback."""
    outcome = read_upload(status, {}, body, now=NOW)
    assert (outcome.kind is UploadKind.DONE) == bool(outcome.link)


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_a_request_gets_its_links_and_nothing_else_changes(
    prompt: str, one: str, two: str
) -> None:
    """Whatever prompt and links hold, the request stays the JSON that was meant."""
    keys = [key_of_file("a" * 64), key_of_link("https://x.example/a.png")]
    asked = {"prompt": prompt, "image_urls": [*map(placeholder, keys), "https://y.example/b.png"]}
    body = json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert pictures_in(body) == tuple(keys)
    sent = with_links(body, dict(zip(keys, (one, two), strict=True)))
    links = [one, two, "https://y.example/b.png"]
    assert json.loads(sent.decode("utf-8", "surrogatepass")) == {**asked, "image_urls": links}
    assert pictures_in(None) == ()
