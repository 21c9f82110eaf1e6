"""``/files/video``: whole or from some byte on, as file servers do it, or badly on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha256

from aiohttp import web

from batch_runner.sandbox import answers
from batch_runner.sandbox.accepted import Accepted
from batch_runner.sandbox.connection import drop
from batch_runner.sandbox.video import remade, video
from batch_runner.sandbox.world import WORLD, World

_RANGE = re.compile(r"bytes=(\d{1,18})-")  # the only form that the service's clients need
_SILENCE = 600.0  # seconds; longer than any client waits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """What is sent, and where it breaks off."""

    status: int
    data: bytes
    headers: dict[str, str]
    end: int | None = None  # bytes after which the connection is closed
    silent: bool = False  # falls silent there instead


async def serve_video(request: web.Request) -> web.StreamResponse:
    """A task's video: 410 once its link has expired, 403 by the fault ``link-expired``."""
    world = request.app[WORLD]
    task = world.log.tasks.get(request.match_info["task_id"])
    if task is None:
        raise web.HTTPNotFound
    number = int(request.match_info["number"])
    dead = world.board.number("link-expired", task.subject)
    if dead is not None and number <= dead:
        world.retire(task.task_id, number)
        raise web.HTTPForbidden
    if int(request.match_info["expires"]) <= world.clock():
        raise web.HTTPGone
    if _strikes(world, task, "not-a-video"):
        return answers.page("Please wait ...", 200)
    body = _spoiled(world, task, _body(request, world, task))
    if body.end is None:
        return web.Response(status=body.status, body=body.data, headers=body.headers)
    return await _broken_off(request, body)


def _body(request: web.Request, world: World, task: Accepted) -> _Body:
    """The video, or the range of it that is asked for."""
    film = video(task.task_id, int(world.options.video_mb * 1_000_000))
    if _strikes(world, task, "changed-video"):
        film = remade(film)
    etag = f'"{sha256(film).hexdigest()[:16]}"'
    headers = {
        "Content-Type": "video/mp4",
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": formatdate(int(task.at) - 2, usegmt=True),
    }
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    current = request.headers.get("If-Range", etag) in {etag, headers["Last-Modified"]}
    if asked is None or not current or world.board.number("no-range", task.subject):
        return _Body(status=200, data=film, headers=headers)
    first, length = int(asked[1]), len(film)
    if first >= length:
        return _Body(status=416, data=b"", headers={"Content-Range": f"bytes */{length}"})
    told = length + 1 if world.board.number("wrong-length", task.subject) else length
    headers["Content-Range"] = f"bytes {first}-{length - 1}/{told}"
    moved = world.board.number("wrong-range", task.subject) is not None
    data = film[: length - first] if moved else film[first:]
    return _Body(status=206, data=data, headers=headers)


def _spoiled(world: World, task: Accepted, body: _Body) -> _Body:
    """The same, to be broken off where a fault says so."""
    end, silent = world.board.number("cut-at", task.subject), False
    if end is None and _strikes(world, task, "cut-download"):
        end = len(body.data) // 2
    if end is None and _strikes(world, task, "stall-download"):
        end, silent = len(body.data) // 2, True
    if end is None or end >= len(body.data):
        return body
    return _Body(
        status=body.status, data=body.data, headers=body.headers, end=int(end), silent=silent
    )


async def _broken_off(request: web.Request, body: _Body) -> web.StreamResponse:
    """Promise all of it, send the beginning."""
    response = web.StreamResponse(status=body.status, headers=body.headers)
    response.content_length = len(body.data)
    with contextlib.suppress(ConnectionError):  # the client may be gone already
        await response.prepare(request)
        await response.write(body.data[: body.end])
        await asyncio.sleep(_SILENCE if body.silent else 0)
    drop(request)
    return response


def _strikes(world: World, task: Accepted, name: str) -> bool:
    return world.board.strikes(name, task.subject, task.task_id)
