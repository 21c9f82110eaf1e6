from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.decision_file import Choice, read_decision_file
from batch_runner.core.errors import UsageError

ONE: dict[str, Any] = {
    "job": "0123456789ab",
    "id": 7,
    "attempt": 1,
    "decision": "redo",
    "note": " slower ",
    "seed": 42,
    "prompt": "A calmer sea.",
}


def file_of(*decisions: object, **changed: object) -> bytes:
    """A file as the gallery saves it."""
    whole = {"format": "batch-runner-decisions", "version": 1, "campaign": "c", "sheet": "a.csv"}
    return json.dumps({**whole, "decisions": list(decisions), **changed}).encode()


def test_what_was_decided_is_read() -> None:
    """Job, take and decision; what only a redo can have is dropped of the others."""
    redo, keep = read_decision_file(
        file_of(ONE, {**ONE, "id": 8, "decision": "keep"}), "a.json"
    ).decisions
    assert (redo.job, redo.mark, redo.attempt) == (7, "0123456789ab", 1)
    assert (redo.choice, redo.note, redo.seed) == (Choice.REDO, "slower", 42)
    assert redo.prompt == "A calmer sea."
    assert (keep.choice, keep.seed, keep.prompt) == (Choice.KEEP, None, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"job": "../../etc/pass"}, "decisions[0].job"),
        ({"job": "0123456789AB"}, "decisions[0].job"),
        ({"id": "7"}, "decisions[0].id"),
        ({"id": True}, "decisions[0].id"),
        ({"id": -1}, "decisions[0].id"),
        ({"id": 1e400}, "decisions[0].id"),
        ({"attempt": None}, "attempt"),
        ({"decision": "delete"}, "keep, reject, redo"),
        ({"decision": ["keep"]}, "keep, reject, redo"),
        ({"seed": 1.5}, "decisions[0].seed"),
        ({"seed": 2**31}, "decisions[0].seed"),
        ({"note": "x" * 2001}, "2000 characters"),
        ({"prompt": {"a": 1}}, "decisions[0].prompt"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(change: dict[str, Any], told: str) -> None:
    """By a sentence that names the place; nothing of the file is taken."""
    with pytest.raises(UsageError, match="no file of decisions") as refused:
        read_decision_file(file_of({**ONE, **change}), "a.json")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        file_of(format="another"),
        file_of(version=2),
        file_of(decisions={}),
        file_of(ONE, ONE),
        file_of(7),
    ],
)
def test_another_file_is_refused(content: bytes) -> None:
    """No JSON, too deep, of another program or version, one job twice."""
    with pytest.raises(UsageError, match="no file of decisions"):
        read_decision_file(content, "a.json")


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([1])))
def test_no_value_breaks_it(value: object) -> None:
    """Whatever stands in a field: it is read, or refused with a sentence."""
    for name in ONE:
        with contextlib.suppress(UsageError):
            read_decision_file(file_of({**ONE, name: value}), "a.json")
