"""``/files``: videos, thumbnails and uploaded images, public and without a key."""

from __future__ import annotations

from aiohttp import web

from batch_runner.sandbox import answers
from batch_runner.sandbox.connection import cut
from batch_runner.sandbox.uploads import UPLOAD_SECONDS, folder
from batch_runner.sandbox.video import thumbnail, video
from batch_runner.sandbox.world import WORLD


async def serve_video(request: web.Request) -> web.StreamResponse:
    """A task's video: 410 once its link has expired, 403 by the fault ``link-expired``."""
    world = request.app[WORLD]
    task = world.log.tasks.get(request.match_info["task_id"])
    if task is None:
        raise web.HTTPNotFound
    subject, number = task.subject, int(request.match_info["number"])
    dead = world.board.number("link-expired", subject)
    if dead is not None and number <= dead:
        world.retire(task.task_id, number)
        raise web.HTTPForbidden
    if int(request.match_info["expires"]) <= world.clock():
        raise web.HTTPGone
    if world.board.strikes("not-a-video", subject, task.task_id):
        return answers.page("Please wait ...", 200)
    film = video(task.task_id)
    if world.board.strikes("cut-download", subject, task.task_id):
        return await cut(request, film, "video/mp4")
    return web.Response(body=film, content_type="video/mp4")


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
