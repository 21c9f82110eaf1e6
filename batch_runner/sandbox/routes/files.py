"""``/files``: thumbnails and uploaded images, public and without a key; see ``films`` for videos."""

from __future__ import annotations

from aiohttp import web

from batch_runner.sandbox.uploads import UPLOAD_SECONDS, folder
from batch_runner.sandbox.video import thumbnail
from batch_runner.sandbox.world import WORLD


async def serve_thumbnail(request: web.Request) -> web.Response:
    """A task's thumbnail."""
    if request.match_info["task_id"] not in request.app[WORLD].log.tasks:
        raise web.HTTPNotFound
    return web.Response(body=thumbnail(), content_type="image/jpeg")


async def serve_upload(request: web.Request) -> web.StreamResponse:
    """An uploaded image, for 72 hours."""
    world = request.app[WORLD]
    path = folder(world.options.state) / request.match_info["name"]
    if not path.is_file():
        raise web.HTTPNotFound
    if path.stat().st_mtime + UPLOAD_SECONDS <= world.clock():
        raise web.HTTPGone
    return web.FileResponse(path)
