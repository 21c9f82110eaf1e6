"""The sandbox calls the address that a request names, as the service does, or badly on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

Play = Callable[..., None]


@asynccontextmanager
async def heard(status: int, enough: int) -> AsyncIterator[tuple[str, Callable[[], Any]]]:
    """An address, and what waits until so many calls have come to it; answered with a status."""
    import asyncio

    calls: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        calls.put_nowait((request.path, await request.json()))
        return web.Response(status=status)

    app = web.Application()
    app.add_routes([web.post("/{path:.*}", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()

        async def come() -> list[tuple[str, Any]]:
            return [await asyncio.wait_for(calls.get(), 20) for _ in range(enough)]

        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", come
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [("", ["completed"]), ("call-twice", ["completed"] * 2), ("call-early", ["completed"] * 2)],
)
def test_a_call_holds_what_a_look_shows(play: Play, fault: str, statuses: list[str]) -> None:
    """The body of a look, at /callback below the address; twice or early when told to."""

    async def scenario(api: Caller) -> None:
        async with heard(200, len(statuses)) as (address, come):
            prompt = f"A cat. [sandbox:{fault}]" if fault else "A cat."
            task_id = (await api.submit(prompt, webhook=address)).task_id
            calls = await come()
            assert {path for path, _ in calls} == {"/hook/callback"}
            assert [body["data"]["status"] for _, body in calls] == statuses
            assert {body["data"]["id"] for _, body in calls} == {task_id}
            assert calls[-1][1] == (await api.look(task_id)).json

    play(scenario)


def test_a_failure_is_called_about_too_and_a_stuck_task_is_not(play: Play) -> None:
    """Terminal states only; no-call calls never; an address that nobody serves hurts nobody."""

    async def scenario(api: Caller) -> None:
        async with heard(404, 1) as (address, come):
            for fault in ("stuck", "no-call", "failed"):
                await api.submit(f"[sandbox:{fault}]", webhook=address)
            ((_, body),) = await come()
            assert body["data"]["status"] == "failed"
        assert (await api.submit("Nobody there.", webhook=address)).status == 200
        assert (await api.submit("No address.", webhook="call me")).status == 200

    play(scenario)
