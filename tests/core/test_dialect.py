"""Finding things in the answers of services that name them in their own way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.dialect import Dialect, found_at
from batch_runner.core.outcomes import PollKind, SubmitKind
from batch_runner.core.wire import read_poll, read_submit

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWN = Dialect(
    task_id=("job.no",),
    status=("job.phase",),
    url=("job.link", "job.remark"),
    cost=("job.points",),
    error=("job.remark",),
    cost_per_usd=100,
    completed=frozenset({"done"}),
    failed=frozenset({"broken"}),
)


@pytest.mark.parametrize(
    ("document", "paths", "found"),
    [
        ({"a": {"b": 5}}, ("a.b",), (5,)),
        ({"a": {"b": ""}, "c": "x"}, ("a.b", "c"), ("x",)),
        ({"a": [{"b": 1}, {"c": 2}, {"b": 3}]}, ("a.b",), (1, 3)),
        ({"a": [{"b": 1}, {"b": 3}]}, ("a.1.b",), (3,)),
        ({"a": [1]}, ("a.7",), ()),
        ({"a": "text"}, ("a.b",), ()),
        ({"a": False}, ("a",), (False,)),
        (None, ("a",), ()),
        ({"a": 1}, (), ()),
    ],
)
def test_paths_lead_through_objects_and_lists(
    document: Any, paths: tuple[str, ...], found: tuple[object, ...]
) -> None:
    """The first path that leads to something counts; blanks are nothing."""
    assert found_at(document, paths) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["job", "no", "phase", "points", "link"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([200, 202, 400, 500]))
@settings(max_examples=150)
def test_no_answer_whatever_is_too_odd(document: Any, status: int) -> None:
    """A path that leads to nonsense never raises, and never makes a rejection of an acceptance."""
    body = json.dumps(document).encode()
    sent = read_submit(status, {}, body, now=NOW, dialect=OWN)
    looked = read_poll(status, {}, body, now=NOW, dialect=OWN)
    assert (sent.kind is SubmitKind.ACCEPTED) == (sent.task_id is not None)
    if status == 500:
        assert sent.kind is SubmitKind.UNKNOWN
        assert looked.kind is PollKind.UNAVAILABLE


def test_the_usual_places_still_count() -> None:
    """A service that says some things as APIMart does needs no word about those."""
    body = b'{"code":200,"data":[{"task_id":"t-1"}]}'
    assert read_submit(200, {}, body, now=NOW, dialect=OWN).task_id == "t-1"
    body = b'{"code":200,"data":{"status":"completed","progress":100,"cost":0.5}}'
    looked = read_poll(200, {}, body, now=NOW, dialect=OWN)
    assert (looked.kind, looked.cost) == (PollKind.COMPLETED, 500_000)


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("DONE", PollKind.COMPLETED),
        ("Broken", PollKind.FAILED),
        ("success", PollKind.COMPLETED),
        ("developing", PollKind.PENDING),
    ],
)
def test_states_are_read_in_its_own_words(phase: str, kind: PollKind) -> None:
    """Its words end a task, the usual ones do, too, and any other means: look again."""
    job = {"phase": phase, "remark": "https://files.example.com/1.mp4", "points": 25}
    looked = read_poll(200, {}, json.dumps({"job": job}).encode(), now=NOW, dialect=OWN)
    assert looked.kind is kind
    assert looked.urls == ("https://files.example.com/1.mp4",)
    assert looked.cost == 250_000
