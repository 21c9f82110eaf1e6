"""Looks at a task and at the balance: money, times, links, and when a task is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from batch_runner.core.outcomes import PollKind, PollOutcome
from batch_runner.core.wire import read_balance, read_poll

NOW = datetime(2026, 9, 19, 10, 0, tzinfo=UTC)


def _poll(status: int, body: object) -> PollOutcome:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_poll(status, {}, text, now=NOW)


def _task(**fields: object) -> dict[str, object]:
    return {"code": 200, "data": {"id": "task_1", **fields}}


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"cost": "0.1500004"}, 150_000),
        ({"cost": "free", "credits_cost": "1.5"}, 150_000),
        ({"cost": -1}, None),
        ({"cost": True}, None),
        ({"cost": "NaN"}, None),
        ({"cost": 1e30}, None),
        ({"cost": 0, "credits_cost": 9}, 0),
    ],
)
def test_cost_is_exact_money_or_nothing(fields: dict[str, object], cost: int | None) -> None:
    """Costs come as numbers, texts or credits; what is no amount is not guessed."""
    assert _poll(200, _task(status="completed", **fields)).cost == cost


@pytest.mark.parametrize(
    "value", [1_762_940_095, "1762940095", 1_762_940_095_000, "2025-11-12T09:34:55"]
)
def test_expiry_is_read_in_every_form(value: object) -> None:
    """Unix seconds, milliseconds and ISO texts name the same moment."""
    outcome = _poll(200, _task(status="completed", result={"video_url": "x", "expires_at": value}))
    assert outcome.expires_at == datetime(2025, 11, 12, 9, 34, 55, tzinfo=UTC)


@pytest.mark.parametrize("value", [10**28, "1e400", -1, "soon", None, [], "9" * 20])
def test_a_senseless_expiry_is_none(value: object) -> None:
    """A moment beyond the calendar is no moment."""
    outcome = _poll(200, _task(status="completed", result={"expires_at": value}))
    assert outcome.expires_at is None


def test_links_are_kept_in_order_once_and_only_from_the_web() -> None:
    """Every known place and form of a link counts; others are dropped."""
    good = ["https://a.example/1.mp4", "http://b.example/2.mp4"]
    bad = ["javascript:alert(1)", "https://", "http://[", "https://a b/", "file:///etc/passwd", ""]
    result = {"videos": [{"url": [*bad, good[0]]}, {"url": {"urls": [good[1], good[0]]}}]}
    assert _poll(200, _task(status="completed", result=result)).urls == tuple(good)
    assert _poll(200, _task(status="ok?", video_url=good[1])).urls == (good[1],)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"status": "error", "message": "down"}, PollKind.UNAVAILABLE),
        (200, {"status": "failed", "error": {"message": "x"}}, PollKind.UNAVAILABLE),
        (200, {"id": "task_1", "status": "failed"}, PollKind.FAILED),
        (200, {"data": [{"id": "task_1", "status": "running"}]}, PollKind.PENDING),
        (404, b"<html>Not Found</html>", PollKind.UNAVAILABLE),
        (404, b"", PollKind.UNAVAILABLE),
        (400, {"error": {"message": "Invalid request parameters"}}, PollKind.UNAVAILABLE),
        (400, {"error": {"code": "task_not_exist"}}, PollKind.NOT_FOUND),
        (200, {"code": 402, "message": "x"}, PollKind.NO_BALANCE),
    ],
)
def test_a_task_is_failed_or_gone_only_when_that_is_certain(
    status: int, body: object, kind: PollKind
) -> None:
    """Trouble with the look is never taken for the end of the task."""
    assert _poll(status, body).kind is kind


def test_cancelled_tasks_say_so() -> None:
    """A cancelled task is failed, with a word and a sentence of its own."""
    outcome = _poll(200, _task(status="Canceled"))
    assert (outcome.kind, outcome.code, outcome.status) == (
        PollKind.FAILED,
        "cancelled",
        "Canceled",
    )
    assert "canceled" in outcome.message


@pytest.mark.parametrize(
    ("value", "progress"), [("35%", 35), (250, 100), (-3, 0), ("half", None), (12.9, 12)]
)
def test_progress_is_a_percentage(value: object, progress: int | None) -> None:
    """Progress is bounded and read from numbers and texts."""
    assert _poll(200, _task(status="running", progress=value)).progress == progress


def test_balance_in_credits_and_without_money() -> None:
    """Credits stand in for dollars; 402 means nothing is left."""
    credits_only = json.dumps({"success": True, "remain_credits": "105"}).encode()
    assert read_balance(200, {}, credits_only, now=NOW).remaining == 10_500_000
    assert read_balance(402, {}, b"{}", now=NOW).remaining == 0
    told_nothing = read_balance(200, {}, b'{"success":true}', now=NOW)
    assert (told_nothing.remaining, bool(told_nothing.message)) == (None, True)
