"""Submissions: accepted once, durably, within limits; wrong ones refused."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Caller

Play = Callable[..., None]


def test_an_accepted_submission_is_on_disk_with_all_it_was(play: Play) -> None:
    """The log line holds key, body, time and cost, and never the API key."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit(key="k1", duration=10, resolution="1080p")).task_id
        (line,) = api.accepted()
        assert line["task_id"] == task_id
        assert (line["idempotency_key"], line["at"], line["cost"]) == ("k1", api.clock.now, 1.0)
        assert line["body"]["duration"] == 10
        assert "good-key" not in api.log.read_text(encoding="utf-8")
        assert (await api.call("GET", "/sandbox/log")).json["accepted"][0]["task_id"] == task_id

    play(scenario)


def test_the_same_key_and_body_get_the_first_answer_again(play: Play) -> None:
    """A replay is marked, names the same task and accepts nothing."""

    async def scenario(api: Caller) -> None:
        first, again = await api.submit(key="k1"), await api.submit(key="k1")
        assert again.task_id == first.task_id
        assert again.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert len(api.accepted()) == 1

    play(scenario)


def test_a_key_is_forgotten_after_a_day_and_is_one_account_s_own(play: Play) -> None:
    """Another API key, or a day later: the same idempotency key is a new submission."""

    async def scenario(api: Caller) -> None:
        await api.submit(key="k1")
        api.auth["Authorization"] = "Bearer other-key"
        await api.submit(key="k1")
        api.clock.now += 86_400
        await api.submit(key="k1")
        assert len(api.accepted()) == 3

    play(scenario)


def test_without_a_key_each_send_is_a_task(play: Play) -> None:
    """Nothing but the key tells two equal bodies to be one job."""

    async def scenario(api: Caller) -> None:
        assert (await api.submit()).task_id != (await api.submit()).task_id

    play(scenario)


def test_a_key_at_work_is_answered_409(play: Play) -> None:
    """While the first answer is under way, a second send of the key is told to wait."""

    async def scenario(api: Caller) -> None:
        replies = await asyncio.gather(api.submit(key="k1"), api.submit(key="k1"))
        good, early = sorted(replies, key=lambda reply: reply.status)
        assert (good.status, early.status) == (200, 409)
        assert early.json["error"]["code"] == "idempotency_in_progress"
        assert early.headers["Retry-After"] == "1"
        assert len(api.accepted()) == 1

    play(scenario, "slow=0.2")


def test_tasks_and_keys_survive_a_restart(play: Play) -> None:
    """A sandbox started on the same state knows its tasks, its keys and its port."""
    seen: list[Any] = []

    async def before(api: Caller) -> None:
        seen.extend([(await api.submit(key="k1")).task_id, api.box.origin])

    async def after(api: Caller) -> None:
        assert (await api.submit(key="k1")).task_id == seen[0]
        assert (await api.look(seen[0])).json["data"]["status"] == "completed"
        assert api.box.origin == seen[1]

    play(before)
    play(after)


def test_a_torn_last_line_is_cut_off(play: Play, tmp_path: Path) -> None:
    """A line that a crash left half is dropped, and the next one is whole."""
    log = tmp_path / "state" / "accepted.jsonl"

    async def submit(api: Caller) -> None:
        await api.submit()

    play(submit)
    with log.open("ab") as file:
        file.write(b'{"schema": 1, "numb')
    play(submit)
    assert [line.startswith(b'{"schema": 1') for line in log.read_bytes().splitlines()] == [
        True
    ] * 2


def test_a_damaged_log_is_refused(play: Play, tmp_path: Path) -> None:
    """A whole line that is no submission stops the start, and is named."""
    log = tmp_path / "state" / "accepted.jsonl"
    log.parent.mkdir()
    log.write_text("what is this\n", encoding="utf-8")

    async def scenario(api: Caller) -> None:
        await api.submit()

    with pytest.raises(ValueError, match=r"accepted\.jsonl is damaged"):
        play(scenario)


def test_the_rate_limit_says_when_to_come_back(play: Play) -> None:
    """Beyond burst and rate a submit is refused with the seconds until there is room."""

    async def scenario(api: Caller) -> None:
        replies = [await api.submit() for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert 1 <= int(replies[2].headers["Retry-After"]) <= 100

    play(scenario, rate=0.01, burst=2)


def test_tasks_in_flight_are_limited(play: Play) -> None:
    """A slot is free again when a task has ended, not before."""

    async def scenario(api: Caller) -> None:
        statuses = [(await api.submit()).status for _ in range(3)]
        api.clock.now += 10
        statuses.append((await api.submit()).status)
        assert statuses == [200, 200, 429, 200]

    play(scenario, concurrency=2, seconds=(10.0, 10.0))


def test_the_balance_runs_out_and_failures_give_back(play: Play) -> None:
    """What is not there cannot be spent; a failed task's money comes back at its end."""

    async def scenario(api: Caller) -> None:
        statuses = [(await api.submit("[sandbox:failed]")).status for _ in range(3)]
        assert statuses == [200, 200, 402]
        api.clock.now += 10
        assert (await api.call("GET", "/v1/balance")).json["remain_balance"] == 0.8
        assert (await api.submit()).status == 200

    play(scenario, balance=0.8, seconds=(10.0, 10.0))


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Basic abc"])
def test_a_key_is_wanted(play: Play, header: str | None) -> None:
    """No key, no entry: 401 with an empty code and a request id, in header and message."""

    async def scenario(api: Caller) -> None:
        api.auth = {} if header is None else {"Authorization": header}
        reply = await api.submit()
        error = reply.json["error"]
        assert (reply.status, error["code"], error["type"]) == (401, "", "apimart_error")
        assert reply.headers["X-Oneapi-Request-Id"] in error["message"]

    play(scenario)


@pytest.mark.parametrize(
    "body",
    [
        {"model": ""},
        {"model": 7},
        {"prompt": ""},
        {"prompt": 5},
        {"prompt": "x" * 5001},
        {"image_urls": []},
        {"image_urls": "https://images.example.com/a.png"},
        {"image_urls": [{"url": "https://images.example.com/a.png"}]},
        {"image_urls": ["data:image/png;base64,AAAA"]},
        {"image_urls": ["https://images.example.com/a.png"] * 8},
        {"duration": 2},
        {"duration": 17},
        {"duration": "5"},
        {"duration": 5.5},
        {"duration": True},
        {"resolution": "4k"},
        {"aspect_ratio": "21:9"},
        {"seed": "7"},
        {"model": "viduq3-mix", "resolution": "540p"},
        {"model": "viduq3-mix", "duration": 0},
        {"model": "viduq3-pro", "aspect_ratio": "16:9"},
        {"model": "viduq3-pro", "image_urls": [], "prompt": "  "},
        {"model": "viduq3-pro", "prompt": "x" * 2001},
        {"model": "viduq3-pro", "seed": -2},
        {"model": "viduq3-turbo", "audio": "yes"},
        {"model": "viduq3-turbo", "image_urls": ["https://images.example.com/a.png"] * 3},
        {"model": "other-model", "prompt": " ", "image_urls": None},
    ],
)
def test_a_wrong_request_is_refused(play: Play, body: dict[str, Any]) -> None:
    """Each documented rule is enforced, and a refused request is never accepted."""

    async def scenario(api: Caller) -> None:
        reply = await api.submit(**{"prompt": "A cat.", **body})
        assert reply.status == 400
        assert reply.json["error"]["type"] == "invalid_request_error"
        assert api.accepted() == []

    play(scenario)


@pytest.mark.parametrize(
    ("body", "cost"),
    [
        ({}, 0.4),
        ({"resolution": "540p", "duration": 3}, 0.12),
        ({"model": "viduq3-mix", "duration": 1, "resolution": "1080p"}, 0.12),
        ({"model": "viduq3-mix", "seed": 7, "aspect_ratio": "9:16"}, 0.5),
        ({"model": "viduq3-pro", "image_urls": None, "aspect_ratio": "1:1", "audio": False}, 0.6),
        ({"model": "viduq3-turbo", "prompt": "", "seed": -1}, 0.24),
        ({"model": "other-model", "image_urls": None, "size": "16:9"}, 0.25),
    ],
)
def test_a_good_request_costs_its_price(play: Play, body: dict[str, Any], cost: float) -> None:
    """Model, resolution and duration make the price that the finished task states."""

    async def scenario(api: Caller) -> None:
        reply = await api.submit(**{"prompt": "A cat.", **body})
        data = (await api.look(reply.task_id)).json["data"]
        assert (data["cost"], data["credits_cost"]) == (cost, round(cost * 10, 6))

    play(scenario)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_an_unreadable_body_is_refused(play: Play, data: bytes) -> None:
    """Bytes that are no JSON object get a clean 400."""

    async def scenario(api: Caller) -> None:
        reply = await api.call("POST", "/v1/videos/generations", data=data)
        assert reply.status == 400

    play(scenario)


def test_an_idempotency_key_has_a_form(play: Play) -> None:
    """A key with blanks or of 192 characters is refused."""

    async def scenario(api: Caller) -> None:
        assert (await api.submit(key="with blank")).status == 400
        assert (await api.submit(key="k" * 192)).status == 400
        assert (await api.submit(key="k" * 191)).status == 200

    play(scenario)


def test_task_times_are_the_same_in_every_run(play: Play, tmp_path: Path) -> None:
    """Times come from number and seed alone, and lie within the range."""
    runs: list[list[float]] = []

    async def scenario(api: Caller) -> None:
        for _ in range(5):
            await api.submit()
        runs.append([task["seconds"] for task in api.accepted()])

    for seed in (1, 1, 2):
        play(scenario, seconds=(2.0, 5.0), seed=seed)
        (tmp_path / "state" / "accepted.jsonl").unlink()
    assert runs[0] == runs[1] != runs[2]
    assert all(2 <= seconds <= 5 for run in runs for seconds in run)
    assert len(set(runs[0])) > 1


def test_a_wrong_path_is_answered_as_json(play: Play) -> None:
    """Unknown paths, wrong methods and oversized bodies get an error in the service's shape."""

    async def scenario(api: Caller) -> None:
        assert (await api.call("GET", "/v1/images/generations/x")).json["error"]["code"] == ""
        assert (await api.call("DELETE", "/v1/balance")).status == 405
        big = io.BytesIO(b" " * (5 << 20))
        reply = await api.call("POST", "/v1/videos/generations", data=big)
        assert (reply.status, reply.json["error"]["code"]) == (413, 413)

    play(scenario)
