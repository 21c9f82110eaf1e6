"""Calls to the address that a request names as ``webhook``, when its task has ended.

As the service does it: the body of a look, unsigned, at ``/callback`` below the address; again after
10, 30 and 60 seconds while the answer is no 2xx, but never after a 4xx.
"""

from __future__ import annotations

import asyncio

import aiohttp

from batch_runner.sandbox.accepted import Accepted, Fate
from batch_runner.sandbox.routes.tasks import shown
from batch_runner.sandbox.world import World

_PAUSES = (10.0, 30.0, 60.0)
_TIMEOUT = aiohttp.ClientTimeout(total=10.0)


def arrange(world: World, task: Accepted, origin: str) -> None:
    """Have the call made, if the request asks for one."""
    address = task.body.get("webhook")
    if isinstance(address, str) and address.startswith(("http://", "https://")):
        caller = asyncio.ensure_future(_call(world, task, origin, f"{address}/callback"))
        world.callers.add(caller)
        caller.add_done_callback(world.callers.discard)


async def give_up(world: World) -> None:
    """Make no call any more."""
    for caller in tuple(world.callers):
        caller.cancel()
    await asyncio.gather(*world.callers, return_exceptions=True)


async def _call(world: World, task: Accepted, origin: str, address: str) -> None:
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        if world.board.number("call-early", task.subject) is not None:
            lie = {"code": 200, "data": {"id": task.task_id, "status": "completed"}}
            await _post(session, address, lie)
        if task.fate is Fate.STUCK or world.board.number("no-call", task.subject) is not None:
            return
        await asyncio.sleep(max(0.0, task.ends_at - world.clock()))
        for pause in (0.0, *_PAUSES):
            await asyncio.sleep(pause)
            status = await _post(session, address, shown(world, task, origin))
            if status is not None and status < 500 and not 300 <= status < 400:
                break
        if world.board.number("call-twice", task.subject) is not None:
            await _post(session, address, shown(world, task, origin))


async def _post(session: aiohttp.ClientSession, address: str, body: object) -> int | None:
    """The status of the answer; ``None``: there is none."""
    try:
        async with session.post(address, json=body, allow_redirects=False) as response:
            return response.status
    except (aiohttp.ClientError, OSError):
        return None
