"""The provider's answers, one example each, and whatever bytes there may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.outcomes import Balance, PollKind, PollOutcome, SubmitKind, SubmitOutcome
from batch_runner.core.wire import read_balance, read_poll, read_submit

NOW = datetime(2026, 9, 19, 10, 0, tzinfo=UTC)
KEY = "sk-Abcdef0123456789abcdef"
EXAMPLES = Path(__file__).parent.parent / "contract"

Reader = Callable[..., SubmitOutcome | PollOutcome | Balance]
READERS: dict[str, Reader] = {
    "submit": read_submit,
    "poll": read_poll,
    "balance": read_balance,
}


def _examples() -> list[Any]:
    found = [
        pytest.param(file.stem, entry, id=f"{file.stem}: {entry['name']}")
        for file in sorted(EXAMPLES.glob("*.json"))
        for entry in json.loads(file.read_text(encoding="utf-8"))
    ]
    assert found, "the shared examples are missing"
    return found


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.parametrize(("group", "entry"), _examples())
def test_every_shared_example_is_read_as_it_is_meant(group: str, entry: dict[str, Any]) -> None:
    """Each documented or observed answer becomes the outcome that the shared examples name."""
    text = entry["body_text"] if "body_text" in entry else json.dumps(entry["body"])
    now = datetime.fromisoformat(entry["now"]) if "now" in entry else NOW
    outcome = READERS[group](
        entry["status"], entry.get("headers", {}), text.encode(), now=now, secrets=(KEY,)
    )
    got = {name: _value(value) for name, value in asdict(outcome).items()}
    assert {name: got[name] for name in entry["expect"]} == entry["expect"]


def _submit(status: int, body: object, **headers: str) -> SubmitOutcome:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_submit(status, headers, text, now=NOW, secrets=(KEY,))


def _poll(status: int, body: object) -> PollOutcome:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_poll(status, {}, text, now=NOW, secrets=(KEY,))


def _task(**fields: object) -> dict[str, object]:
    return {"code": 200, "data": {"id": "task_1", **fields}}


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["completed", "failed", "https://v.example/a.mp4", "1e999", "402", "-1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "data",
                    "id",
                    "task_id",
                    "status",
                    "error",
                    "message",
                    "type",
                    "result",
                    "videos",
                    "url",
                    "urls",
                    "success",
                    "expires_at",
                    "cost",
                    "credits_cost",
                    "progress",
                    "remain_balance",
                    "request_id",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_bodies = st.binary(max_size=60) | _json.map(lambda value: json.dumps(value).encode())
_headers = st.dictionaries(
    st.sampled_from(["Retry-After", "X-Request-Id", "Idempotency-Replayed"]),
    st.text(max_size=20) | st.sampled_from(["1", "-5", "Sat, 19 Sep 2026 10:00:30 GMT"]),
)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@settings(max_examples=250, deadline=None)
@given(status=st.integers(100, 599), headers=_headers, body=_bodies)
def test_no_answer_whatever_makes_a_reader_raise(
    reader: Reader, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Any status, headers and bytes give an outcome: retries are sane, texts are printable."""
    outcome = reader(status, headers, body, now=NOW, secrets=(KEY,))
    wait = getattr(outcome, "retry_after", None)
    assert wait is None or 0 <= wait <= 3600
    assert outcome.message.isprintable()
    assert len(outcome.message) <= 300
    cost = getattr(outcome, "cost", None)
    assert cost is None or 0 <= cost <= 10**12


@settings(max_examples=300, deadline=None)
@given(status=st.integers(100, 599), body=_bodies)
def test_only_a_success_with_an_id_is_accepted_and_5xx_is_never_called_refused(
    status: int, body: bytes
) -> None:
    """Accepted always has an id; a bare 5xx or a success without sense is unknown."""
    outcome = _submit(status, body)
    assert (outcome.kind is SubmitKind.ACCEPTED) == (outcome.task_id is not None)
    if outcome.task_id is not None:
        assert 200 <= status < 300
    if status >= 500 and b"get_channel_failed" not in body and b"service_unav" not in body:
        assert outcome.kind is SubmitKind.UNKNOWN
    if status in {401, 402, 403, 429}:
        assert outcome.kind in {
            SubmitKind.KEY_REFUSED,
            SubmitKind.NO_BALANCE,
            SubmitKind.LIMITED,
        }


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"code":200,"data":' + b"[" * 100_000,
        b"\xff\xfe\x00",
        b'{"code": NaN, "data": Infinity}',
    ],
)
def test_deep_or_senseless_json_is_unknown(body: bytes) -> None:
    """Nesting without end and bytes that are no text leave a submit unknown, not crashed."""
    assert _submit(200, body).kind is SubmitKind.UNKNOWN
    assert _poll(200, body).kind is PollKind.UNAVAILABLE


def test_silly_numbers_beside_an_id_do_not_lose_the_task() -> None:
    """An accepted answer with impossible numbers, doubled names or broken text keeps its id."""
    head = b'{"code":200,"code":200,"cost":NaN,"x":1e99999999999999999999,"n":'
    body = head + b"9" * 9000 + b',"t":"\xff\\ud800","data":[{"task_id":"task_A"}]}'
    outcome = _submit(200, body)
    assert (outcome.kind, outcome.task_id) == (SubmitKind.ACCEPTED, "task_A")


def test_an_id_beside_an_error_is_kept() -> None:
    """A task id under a success is never thrown away, but an error's own id is not a task."""
    both = {"error": {"code": 500, "message": "late"}, "data": {"task_id": "task_A"}}
    assert _submit(200, both).task_id == "task_A"
    own = {"error": {"code": 500, "message": "late"}, "id": "err_1"}
    assert _submit(200, own).kind is SubmitKind.UNKNOWN


@pytest.mark.parametrize("odd", ["task 1", "task\n1", "a" * 257, "tâche", "\ud800", True, 1.5])
def test_an_unusable_id_is_no_id(odd: object) -> None:
    """What could not stand in a URL is not taken for a task's id."""
    assert _submit(200, {"code": 200, "data": [{"task_id": odd}]}).code == "no_task_id"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, {"error": {"code": "get_channel_failed", "message": "x"}}, SubmitKind.UNAVAILABLE),
        (502, {"error": {"code": "bad_response_status_code"}}, SubmitKind.UNKNOWN),
        (500, {"error": {"message": "Internal error: not allowed"}}, SubmitKind.UNKNOWN),
        (502, {"error": {"message": "invalid size: 1, allowed: 2"}}, SubmitKind.UNKNOWN),
        (503, {"type": "service_unavailable"}, SubmitKind.UNAVAILABLE),
        (403, {"error": {"code": "insufficient_user_quota"}}, SubmitKind.NO_BALANCE),
        (200, {"error": {"code": "idempotency_in_progress"}}, SubmitKind.IN_PROGRESS),
        (200, {"success": False, "message": "invalid API key"}, SubmitKind.KEY_REFUSED),
        (200, {"success": False, "message": "no"}, SubmitKind.UNKNOWN),
        (200, {"code": 1, "message": "no"}, SubmitKind.UNKNOWN),
        (409, {"error": {"code": "conflict"}}, SubmitKind.UNKNOWN),
        (425, {}, SubmitKind.UNKNOWN),
        (404, b"<html>404</html>", SubmitKind.UNAVAILABLE),
        (307, {"data": {"task_id": "task_A"}}, SubmitKind.UNKNOWN),
    ],
)
def test_only_a_clear_no_is_a_no(status: int, body: object, kind: SubmitKind) -> None:
    """Answers at the edge: refused only where it is certain that nothing was accepted."""
    assert _submit(status, body).kind is kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("-5", 0),
        ("1.5", 1.5),
        ("999999", 3600),
        ("1e3", None),
        ("nan", None),
        ("", None),
        ("Sat, 19 Sep 2026 10:00:30 -0000", 30),
        ("Sat, 99 Sep 2026", None),
    ],
)
def test_retry_after_is_sane(value: str, seconds: float | None) -> None:
    """Negative waits become none, absurd ones an hour, unreadable ones are not there."""
    assert _submit(429, {}, **{"retry-after": value}).retry_after == seconds


def test_error_stuffed_into_a_message_is_unwrapped_once() -> None:
    """Upstream JSON inside a message is shown as the sentence in it."""
    message = '{"error": {"code": 404, "message": "Requested entity was not found."}}'
    outcome = _poll(200, _task(status="failed", error={"code": "task_failed", "message": message}))
    assert outcome.message == "Requested entity was not found."
    assert _submit(400, {"error": '{"error": "inner"}'}).message == "inner"
    assert _submit(400, {"error": '{"broken'}).message == '{"broken'


def test_event_stream_framing_is_read() -> None:
    """An error framed as an event stream is read like any other."""
    body = b'data: {"error":{"code":"bad_response_status_code","message":"later"}}\n\ndata: [DONE]'
    assert _submit(422, body).code == "bad_response_status_code"


def test_the_key_never_survives() -> None:
    """A key echoed in message, id, code or body is hidden before anything is cut short."""
    fault = {
        "code": KEY,
        "type": KEY,
        "message": f"bad key\n{KEY[:9]}\u200b{KEY[9:]} Bearer {KEY}",
    }
    body = json.dumps({"pad": "x" * 1990, "error": fault}, ensure_ascii=False).encode()
    outcome = _submit(400, body, **{"X-Request-Id": KEY})
    for text in asdict(outcome).values():
        assert KEY not in str(text)
        assert KEY[:8] not in str(text)
