"""Faults of submits and of the whole service do what they say, and let pass when they should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import pytest

from batch_runner.sandbox.faults import FAULTS

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Reply

Play = Callable[..., None]

GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)


@pytest.mark.parametrize(
    "fault",
    ["429", "429-bare", "503", "503-bare", "503-idempotency", "502", "400-channel", "200-error"],
)
def test_a_passing_refusal_accepts_nothing_and_then_lets_pass(play: Play, fault: str) -> None:
    """Refused once for each key, unaccepted; the same key is accepted afterwards."""

    async def scenario(api: Caller) -> None:
        for key in ("k1", "k2"):
            before = len(api.accepted())
            assert "data" not in _json(await api.submit(key=key))
            assert len(api.accepted()) == before
            assert (await api.submit(key=key)).task_id
        assert len(api.accepted()) == 2

    play(scenario, fault)


def _json(reply: Reply) -> dict[str, object]:
    is_json = reply.headers["Content-Type"].startswith("application/json")
    return dict(reply.json) if is_json else {}


def test_a_number_of_times_is_kept_to(play: Play) -> None:
    """``429=2`` refuses each job twice, without a key counted by its body."""

    async def scenario(api: Caller) -> None:
        for prompt in ("A cat.", "A dog."):
            assert [(await api.submit(prompt)).status for _ in range(4)] == [429, 429, 200, 200]

    play(scenario, "429=2")


def test_a_share_hits_the_same_jobs_each_time(play: Play) -> None:
    """``500-build=0.5`` hits about half of the bodies, and those whenever they come."""

    async def scenario(api: Caller) -> None:
        prompts = [f"Scene {number}." for number in range(40)]
        first = [(await api.submit(prompt)).status for prompt in prompts]
        again = [(await api.submit(prompt)).status for prompt in prompts]
        assert first == again
        assert 8 < first.count(500) < 32

    play(scenario, "500-build=0.5")


@pytest.mark.parametrize("fault", ["500-build", "error-string"])
def test_a_lasting_refusal_lasts(play: Play, fault: str) -> None:
    """A refusal for good never accepts."""

    async def scenario(api: Caller) -> None:
        assert {(await api.submit(key="k1")).status for _ in range(3)} <= {400, 500}
        assert api.accepted() == []

    play(scenario, fault)


@pytest.mark.parametrize("fault", ["accept-then-drop", "truncated"])
def test_a_lost_answer_hides_an_accepted_task(play: Play, fault: str) -> None:
    """The task is on disk though its answer never came whole; a replay tells its id."""

    async def scenario(api: Caller) -> None:
        with pytest.raises(GONE):
            await api.submit(key="k1")
        (line,) = api.accepted()
        again = await api.submit(key="k1")
        assert again.task_id == line["task_id"]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len(api.accepted()) == 1

    play(scenario, fault)


@pytest.mark.parametrize(
    ("fault", "status"), [("502-after-accept", 502), ("html", 200), ("409-in-progress", 409)]
)
def test_a_misleading_answer_hides_an_accepted_task(play: Play, fault: str, status: int) -> None:
    """The task is on disk though its answer says otherwise; a replay tells its id."""

    async def scenario(api: Caller) -> None:
        assert (await api.submit(key="k1")).status == status
        (line,) = api.accepted()
        assert (await api.submit(key="k1")).task_id == line["task_id"]
        assert len(api.accepted()) == 1

    play(scenario, fault)


def test_an_indeterminate_key_stays_so(play: Play) -> None:
    """409-indeterminate accepts once and never tells the id."""

    async def scenario(api: Caller) -> None:
        assert [(await api.submit(key="k1")).status for _ in range(3)] == [409] * 3
        assert len(api.accepted()) == 1

    play(scenario, "409-indeterminate")


def test_without_idempotency_a_second_send_is_paid_again(play: Play) -> None:
    """no-idempotency: the same key and body make two tasks."""

    async def scenario(api: Caller) -> None:
        assert (await api.submit(key="k1")).task_id != (await api.submit(key="k1")).task_id
        assert len(api.accepted()) == 2

    play(scenario, "no-idempotency")


def test_the_balance_ends_after_so_many(play: Play) -> None:
    """402-after=2 accepts two, refuses the rest, and still shows and replays the two."""

    async def scenario(api: Caller) -> None:
        replies = [await api.submit(key=f"k{number}") for number in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 402, 402]
        assert (await api.look(replies[0].task_id)).status == 200
        assert (await api.submit(key="k0")).task_id == replies[0].task_id

    play(scenario, "402-after=2")


def test_the_key_is_refused_after_so_many(play: Play) -> None:
    """key-refused-after=1 accepts one, then refuses every request."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        assert (await api.submit()).status == 401
        assert (await api.look(task_id)).status == 401
        assert (await api.call("GET", "/v1/balance")).status == 401

    play(scenario, "key-refused-after=1")


def test_the_keys_used_so_far_are_refused_and_others_are_not(play: Play) -> None:
    """key-replaced=1: the first key submits once, looks go on, another key submits."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        assert (await api.submit()).status == 401
        assert (await api.look(task_id)).status == 200
        other = replace(api, auth={"Authorization": "Bearer another"})
        assert [(await other.submit()).status for _ in range(2)] == [200, 200]

    play(scenario, "key-replaced=1")


def test_down_closes_everything_until_the_faults_are_lifted(play: Play) -> None:
    """No answer from any route but control, nothing accepted; lifted at run time."""

    async def scenario(api: Caller) -> None:
        for attempt in (api.submit(key="k1"), api.look("x"), api.call("GET", "/v1/balance")):
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await attempt
        assert api.accepted() == []
        counts = (await api.call("GET", "/sandbox/requests")).json["requests"]
        assert counts["POST /v1/videos/generations"]["closed"] >= 1
        await api.call("POST", "/sandbox/faults", json={"faults": []})
        assert (await api.submit(key="k1")).status == 200

    play(scenario, "down")


def test_slow_answers_come_late_but_are_accepted_at_once(play: Play) -> None:
    """A client that waits too little misses the answer of a task that exists."""

    async def scenario(api: Caller) -> None:
        submit = api.submit("[sandbox:slow=30] A cat.", key="k1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(submit, 0.3)
        assert len(api.accepted()) == 1

    play(scenario)


def test_a_prompt_s_fault_is_its_row_s_alone(play: Play) -> None:
    """Marks in a prompt hit that row, whatever the fault, and no other."""

    async def scenario(api: Caller) -> None:
        assert (await api.submit("[sandbox:key-refused] A cat.")).status == 401
        assert (await api.submit("[sandbox:402-after] A cat.")).status == 402
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await api.submit("[sandbox:down] A cat.")
        assert (await api.submit("[sandbox:429=2] A cat.")).status == 429
        assert (await api.submit("A cat.")).status == 200
        assert len(api.accepted()) == 1

    play(scenario)


def test_a_misspelt_fault_in_a_prompt_is_told(play: Play) -> None:
    """A rehearsal does not pass just because its fault's name was wrong."""

    async def scenario(api: Caller) -> None:
        reply = await api.submit("[sandbox:fialed] A cat.")
        assert reply.status == 400
        assert "Did you mean 'failed'?" in reply.json["error"]["message"]

    play(scenario)


def test_faults_are_replaced_at_run_time(play: Play) -> None:
    """Control puts other faults in force, and refuses those it does not know."""

    async def scenario(api: Caller) -> None:
        await api.call("POST", "/sandbox/faults", json={"faults": ["429"]})
        assert (await api.submit()).status == 429
        mistakes: tuple[object, ...] = ({"faults": ["no-such"]}, {"faults": [7]}, [], {})
        for wrong in mistakes:
            assert (await api.call("POST", "/sandbox/faults", json=wrong)).status == 400
        assert (await api.submit()).status == 200

    play(scenario)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_table_can_be_asked_for(play: Play, fault: str) -> None:
    """A sandbox starts with any one fault, and its control still answers."""

    async def scenario(api: Caller) -> None:
        assert (await api.call("GET", "/sandbox/log")).status == 200

    play(scenario, fault)
