"""What stands before every route: counting, the key, and the faults of the whole service."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from batch_runner.sandbox import answers
from batch_runner.sandbox.connection import closed, drop
from batch_runner.sandbox.identity import REQUEST_ID, account_of, new_request_id
from batch_runner.sandbox.world import WORLD

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger("batch_runner.sandbox")


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and log each request by its route and status."""
    resource = request.match_info.route.resource
    route = f"{request.method} {resource.canonical if resource else request.path}"
    status = "500"
    try:
        response = await handler(request)
        status = "closed" if closed(request) else str(response.status)
    except web.HTTPException as error:
        status = str(error.status)
        raise
    finally:
        if not request.path.startswith("/sandbox/"):
            request.app[WORLD].requests[route, status] += 1
            _log.info("%s %s", route, status)
    return response


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who has a key; control needs none, files neither, and ``down`` closes all else."""
    if request.path.startswith("/sandbox/"):
        return await handler(request)
    world = request.app[WORLD]
    if world.board.number("down") is not None:
        return drop(request)
    if request.path.startswith("/files/"):
        return await handler(request)
    if account_of(request) is None:
        return answers.key_refused("No Authorization header")
    if world.key_is_bad():
        return answers.key_refused()
    response = await _handle(request, handler)
    if not response.prepared:
        response.headers.setdefault(REQUEST_ID, new_request_id())
    return response


async def _handle(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        message = f"Invalid URL ({request.method} {request.path})"
        return answers.error(error.status, message, "invalid_request_error", code="")
    except web.HTTPRequestEntityTooLarge:
        return answers.error(413, "Request body is too large", "invalid_request_error")
