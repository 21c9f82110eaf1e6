"""Balance, usage, models and counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

Play = Callable[..., None]


def test_the_balance_goes_down_by_what_was_accepted(play: Play) -> None:
    """USD and credits, left and used."""

    async def scenario(api: Caller) -> None:
        await api.submit()
        body = (await api.call("GET", "/v1/balance")).json
        assert (body["remain_balance"], body["remain_credits"]) == (99.6, 996.0)
        assert (body["used_balance"], body["used_credits"]) == (0.4, 4.0)

    play(scenario, balance=100.0)


def test_usage_counts_what_was_charged_by_model_and_day(play: Play) -> None:
    """Finished tasks of the span and the account, grouped and filtered as asked."""

    async def scenario(api: Caller) -> None:
        for model in ("viduq3", "viduq3", "viduq3-mix"):
            await api.submit(model=model)
        api.clock.now += 1
        by_model = (await api.call("GET", "/v1/usage?group_by=model")).json["items"]
        amounts = {item["model"]: (item["amount_usd"], item["requests"]) for item in by_model}
        assert amounts == {"viduq3": (0.8, 2), "viduq3-mix": (0.5, 1)}
        (item,) = (await api.call("GET", "/v1/usage?model=viduq3-mix&group_by=date")).json["items"]
        assert (item["date"], item["credits"]) == ("2026-09-21", 5.0)
        assert (await api.call("GET", "/v1/usage?end=2026-09-21T00:00:00Z")).json["items"] == []
        api.auth["Authorization"] = "Bearer other-key"
        assert (await api.call("GET", "/v1/usage")).json["items"] == []

    play(scenario)


@pytest.mark.parametrize(
    "query", ["start=yesterday", "group_by=moon", "start=0", "start=1800000000&end=1700000000"]
)
def test_a_wrong_usage_query_is_refused(play: Play, query: str) -> None:
    """Unreadable times, unknown groups, spans backwards or beyond 31 days."""

    async def scenario(api: Caller) -> None:
        assert (await api.call("GET", f"/v1/usage?{query}")).status == 400

    play(scenario)


def test_the_models_are_listed(play: Play) -> None:
    """An OpenAI-style list of the models that have rules."""

    async def scenario(api: Caller) -> None:
        data = (await api.call("GET", "/v1/models")).json["data"]
        assert {"viduq3", "viduq3-mix", "viduq3-pro", "viduq3-turbo"} == {m["id"] for m in data}

    play(scenario)


def test_requests_are_counted_by_route_and_status(play: Play) -> None:
    """What a client did can be told afterwards; control itself is not counted."""

    async def scenario(api: Caller) -> None:
        await api.submit()
        await api.submit(duration=99)
        await api.look("task_x")
        counts = (await api.call("GET", "/sandbox/requests")).json["requests"]
        assert counts == {
            "POST /v1/videos/generations": {"200": 1, "400": 1},
            "GET /v1/tasks/{task_id}": {"400": 1},
        }

    play(scenario)
