"""Connections that end badly, on purpose."""

from __future__ import annotations

import contextlib

from aiohttp import web


def closed(request: web.Request) -> bool:
    """Whether the connection is gone, by us or by the client."""
    return request.transport is None or request.transport.is_closing()


def drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)  # for aiohttp's bookkeeping; it can no longer be sent


async def cut(request: web.Request, body: bytes, content_type: str) -> web.StreamResponse:
    """Promise a whole body, send half of it, close the connection."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.content_length = len(body)
    with contextlib.suppress(ConnectionError):  # the client may be gone already
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    drop(request)
    return response
