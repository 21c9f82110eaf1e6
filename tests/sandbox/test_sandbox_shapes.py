"""The sandbox answers in the shapes of the shared examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Reply

Play = Callable[..., None]

CONTRACT = Path(__file__).parents[1] / "contract"


def example(group: str, name: str) -> dict[str, Any]:
    """One entry of the shared examples."""
    entries = json.loads((CONTRACT / f"{group}.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = [entry for entry in entries if entry["name"] == name]
    return found[0]


def shape(value: object) -> object:
    """A JSON value's keys and types, its values left out."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def assert_like(reply: Reply, entry: dict[str, Any]) -> None:
    """Status, content type, Retry-After's presence and the body's structure agree."""
    assert reply.status == entry["status"]
    expected = entry["headers"]
    assert reply.headers["Content-Type"].split(";")[0] == expected["Content-Type"].split(";")[0]
    assert ("Retry-After" in reply.headers) == ("Retry-After" in expected)
    if "body" in entry:
        assert shape(reply.json) == shape(entry["body"])
    elif "html" in expected["Content-Type"]:
        assert b"<html>" in reply.data


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (None, "accepted"),
        ("429", "limited, seconds"),
        ("429-bare", "limited, no Retry-After"),
        ("503", "service unavailable, the provider's own error"),
        ("503-bare", "service unavailable, page"),
        ("503-idempotency", "idempotency store unavailable"),
        ("502", "bad gateway, JSON"),
        ("502-after-accept", "bad gateway, JSON"),
        ("400-channel", "no channel"),
        ("500-build", "rejected, parameter error under 500"),
        ("200-error", "200 with a server error code"),
        ("error-string", "rejected, error is a string"),
        ("402-after", "no balance"),
        ("key-refused", "key refused, empty code"),
        ("html", "200, page"),
        ("409-in-progress", "first send still at work"),
    ],
)
def test_a_submit_is_answered_as_in_the_examples(play: Play, fault: str | None, name: str) -> None:
    """Each fault of a submit has the shape of the example that the client is tested with."""

    async def scenario(api: Caller) -> None:
        assert_like(await api.submit(key="k1"), example("submit", name))

    play(scenario, *([fault] if fault else []))


def test_an_indeterminate_result_has_the_code_of_the_example(play: Play) -> None:
    """409-indeterminate carries the documented code."""

    async def scenario(api: Caller) -> None:
        reply = await api.submit(key="k1")
        entry = example("submit", "result indeterminate")
        assert reply.status == entry["status"]
        assert shape(reply.json["error"]) == shape(entry["body"]["error"])
        assert reply.json["error"]["code"] == entry["body"]["error"]["code"]

    play(scenario, "409-indeterminate")


def test_a_reused_key_is_answered_as_in_the_examples(play: Play) -> None:
    """The same key with another body is refused, and nothing is accepted."""

    async def scenario(api: Caller) -> None:
        await api.submit(key="k1")
        reply = await api.submit("Another prompt.", key="k1")
        assert_like(reply, example("submit", "key reused for another body"))
        assert len(api.accepted()) == 1

    play(scenario)


def test_the_newer_shape_is_given_to_who_asks_for_it(play: Play) -> None:
    """A version header gets the versioned answer."""

    async def scenario(api: Caller) -> None:
        api.auth["X-APIMart-Response-Version"] = "2026-07-27"
        assert_like(await api.submit(), example("submit", "accepted, versioned shape"))

    play(scenario)


@pytest.mark.parametrize(
    ("prompt", "after", "name"),
    [
        ("A cat.", 5.0, "processing"),
        ("A cat.", 10.0, "completed"),
        ("[sandbox:failed]", 10.0, "failed, upstream JSON in the message"),
        ("[sandbox:forget]", 10.0, "unknown id"),
    ],
)
def test_a_look_is_answered_as_in_the_examples(
    play: Play, prompt: str, after: float, name: str
) -> None:
    """A task under way, done, failed or unknown shows what the examples show."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit(prompt)).task_id
        api.clock.now += after
        assert_like(await api.look(task_id), example("poll", name))

    play(scenario, seconds=(10.0, 10.0))


@pytest.mark.parametrize(
    ("fault", "name"), [(None, "balance"), ("balance-error", "balance not told")]
)
def test_a_balance_is_answered_as_in_the_examples(
    play: Play, fault: str | None, name: str
) -> None:
    """The balance has the documented fields, on both of its paths."""

    async def scenario(api: Caller) -> None:
        for path in ("/v1/balance", "/v1/user/balance"):
            assert_like(await api.call("GET", path), example("balance", name))

    play(scenario, *([fault] if fault else []))


def test_every_example_names_what_it_must(tmp_path: Path) -> None:
    """Each entry has a unique name, a source, an answer and its meaning."""
    for group in ("submit", "poll", "balance"):
        entries = json.loads((CONTRACT / f"{group}.json").read_text(encoding="utf-8"))
        assert len({entry["name"] for entry in entries}) == len(entries)
        for entry in entries:
            assert {"name", "source", "status", "headers", "expect"} <= entry.keys()
            assert ("body" in entry) != ("body_text" in entry)
