"""A task over its time: states, ends, refunds, and the faults that befall it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

Play = Callable[..., None]


def test_a_stuck_task_is_never_done(play: Play) -> None:
    """However long one waits, it is being processed, also after a restart without the fault."""
    ids: list[str] = []

    async def before(api: Caller) -> None:
        ids.append((await api.submit()).task_id)

    async def after(api: Caller) -> None:
        api.clock.now += 1e6
        assert (await api.look(ids[0])).json["data"]["status"] == "processing"

    play(before, "stuck")
    play(after)


def test_a_failed_task_is_refunded(play: Play) -> None:
    """failed: no link, cost 0, the balance whole again; not booked as usage."""

    async def scenario(api: Caller) -> None:
        data = (await api.look((await api.submit()).task_id)).json["data"]
        assert (data["status"], data["credits_cost"], "result" in data) == ("failed", 0, False)
        assert (await api.call("GET", "/v1/balance")).json["used_balance"] == 0
        api.clock.now += 1
        assert (await api.call("GET", "/v1/usage")).json["items"] == []

    play(scenario, "failed")


def test_failed_then_ok_fails_the_first_task_of_a_body_only(play: Play) -> None:
    """The same body, submitted anew, succeeds; every other body fails first, too."""

    async def scenario(api: Caller) -> None:
        for prompt in ("A cat.", "A dog."):
            ids = [(await api.submit(prompt, key=f"{prompt[2]}{n}")).task_id for n in range(2)]
            looks = [(await api.look(task_id)).json["data"]["status"] for task_id in ids]
            assert looks == ["failed", "completed"]

    play(scenario, "failed-then-ok")


def test_odd_status_words_stand_between(play: Play) -> None:
    """unknown-status: undocumented words on the way, the documented one at the end."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        words = []
        for _ in range(11):
            words.append((await api.look(task_id)).json["data"]["status"])
            api.clock.now += 1
        assert (words[0], words[-1]) == ("submitted", "completed")
        assert set(words[1:-1]) <= {"moderating", "rendering_2", "upscaling"}

    play(scenario, "unknown-status", seconds=(10.0, 10.0))


def test_a_task_goes_through_its_states_in_order(play: Play) -> None:
    """submitted, pending, processing with growing progress, completed with times and cost."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        seen = []
        for _ in range(11):
            data = (await api.look(task_id)).json["data"]
            seen.append((data["status"], data["progress"]))
            api.clock.now += 1
        words = list(dict.fromkeys(word for word, _ in seen))
        assert words == ["submitted", "pending", "processing", "completed"]
        assert [progress for _, progress in seen] == [*range(0, 100, 10), 100]
        assert (data["actual_time"], data["estimated_time"]) == (10, 15)
        assert data["completed"] - data["created"] == 10

    play(scenario, seconds=(10.0, 10.0))


def test_a_forgotten_task_has_an_invalid_id(play: Play) -> None:
    """forget: always; forget=1: at the first look only. Another key never sees the task."""

    async def scenario(api: Caller) -> None:
        always = (await api.submit("[sandbox:forget]")).task_id
        once = (await api.submit("[sandbox:forget=1]")).task_id
        assert [(await api.look(always)).status for _ in range(3)] == [400] * 3
        assert [(await api.look(once)).status for _ in range(2)] == [400, 200]
        api.auth["Authorization"] = "Bearer other-key"
        assert (await api.look(once)).json["error"]["message"] == "Invalid task ID"

    play(scenario)


def test_a_task_may_be_done_without_a_link(play: Play) -> None:
    """no-link=1: completed, paid, no link at the first look; then there is one."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit("[sandbox:no-link=1]")).task_id
        first, second = [(await api.look(task_id)).json["data"] for _ in range(2)]
        assert (first["status"], first["cost"]) == ("completed", 0.4)
        assert first["result"]["videos"][0]["url"] == []
        assert len(second["result"]["videos"][0]["url"]) == 1

    play(scenario)


def test_variety_uses_every_shape_and_is_the_same_each_time(play: Play) -> None:
    """Both submit shapes, links as list and string, several status words; ids always agree."""

    async def scenario(api: Caller) -> None:
        submits, urls, words = set(), set(), set()
        for number in range(30):
            reply = await api.submit(f"Scene {number}.")
            submits.add((reply.status, type(reply.json["data"])))
            data = (await api.look(reply.task_id)).json["data"]
            assert data["id"] == reply.task_id
            urls.add(type(data["result"]["videos"][0]["url"]))
            words.add(data["status"])
        assert submits == {(200, list), (202, dict)}
        assert urls == {list, str}
        assert words == {"completed", "complete", "succeeded", "SUCCESS"}

    play(scenario, variety=True)
