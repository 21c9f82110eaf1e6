"""Being called back: an address nobody can guess, in a request that is always the same bytes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core import again
from batch_runner.core.callback import UNGUESSABLE, address_of, bytes_to_send, task_in
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State


def job(**more: Any) -> Job:
    """A job about to be sent."""
    plain = {"key": None, "row_hash": "h", "state": State.SUBMITTING, "model": "m", "attempt": 1}
    return Job(id=1, scope=1, row=2, **{**plain, **more})


def test_the_address_joins_the_request_and_nothing_else_changes() -> None:
    """The field comes last; without an address the bytes are those of the row."""
    body = json.dumps({"model": "m", "prompt": 'a "b" }'}, ensure_ascii=False).encode()
    assert bytes_to_send(job(body=body)) == body
    called = job(body=body, callback="https://hooks.example.com/x/abc")
    sent = bytes_to_send(called)
    assert json.loads(sent) == {**json.loads(body), "webhook": called.callback}
    assert sent == bytes_to_send(called)


def test_an_address_tells_nothing_and_cannot_be_guessed() -> None:
    """Each key has its own, below the base, and the key is not in it."""
    one, two = (address_of("https://h.example.com/x/", key) for key in ("key-1", "key-2"))
    assert re.fullmatch(rf"https://h\.example\.com/x/{UNGUESSABLE}", one)
    assert one != two
    assert "key" not in one


@pytest.mark.parametrize(
    ("content", "task"),
    [
        (b'{"code":200,"data":{"id":"task_1","status":"completed"}}', "task_1"),
        (b'{"data":{"id":""}}', None),
        (b'{"data":{"id":7}}', None),
        (b'{"data":{"id":"a\\nb"}}', None),
        (b'{"data":[{"id":"a"}]}', None),
        (b'{"data":{"id":"' + b"x" * 201 + b'"}}', None),
        (b"[" * 100_000, None),
    ],
)
def test_the_task_that_a_call_is_about(content: bytes, task: str | None) -> None:
    """An id in its place, of sane length and characters."""
    assert task_in(content) == task


@given(
    st.binary()
    | st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())
)
def test_no_call_is_too_odd(content: bytes) -> None:
    """Whatever is posted is read, never raised."""
    assert task_in(content) is None


def test_a_task_that_was_called_about_is_linked_with_its_reason() -> None:
    """The history says how it came to light."""
    change = again.called_back(job(state=State.UNKNOWN), "task_1", datetime.now(UTC))
    assert (change.task_id, change.error) == ("task_1", "")
    assert change.detail == {"why": "the provider called back about its task"}
