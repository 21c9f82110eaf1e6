"""The gallery of a sheet, made when it is asked for: a page in a sheet's folder is not trusted."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import urlencode

from aiohttp import web

from batch_runner.app.board.rows import FILMS, stored_film
from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.files import POSTERS, Beside
from batch_runner.app.gallery.gallery import MODULES, STYLES, Wish, beside, write_gallery
from batch_runner.reporter.page import policy_of
from batch_runner.web.house import campaign_of
from batch_runner.web.looks import apart

CHUNK = 1 << 18  # bytes of the page that are sent at a time
POLICY = f"{policy_of(STYLES, MODULES)}; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How the page reaches files from where it is served."""

    near: Beside

    def video(self, stored: str) -> str | None:
        """The link to a video; ``None`` if it is not there."""
        there = self.near.video(stored) is not None
        return f"video?{urlencode({'file': stored})}" if there else None

    def poster(self, task_id: str) -> str | None:
        """The link to a task's poster; ``None`` if there is none."""
        return self.near.poster(task_id)


async def page(request: web.Request) -> web.StreamResponse:
    """The page, however many rows it has: it goes through a file, not through the memory."""
    campaign = await campaign_of(request)
    with tempfile.TemporaryFile() as file:
        await apart(_write(campaign, cast("BinaryIO", file)))
        size = file.tell()
        file.seek(0)
        response = web.StreamResponse(headers={"Content-Security-Policy": POLICY})
        response.content_type, response.charset = "text/html", "utf-8"
        response.content_length = size
        await response.prepare(request)
        while chunk := file.read(CHUNK):
            await response.write(chunk)
    return response


async def _write(campaign: Campaign, file: BinaryIO) -> None:
    await write_gallery(campaign, file, Served(near=beside(campaign)), Wish())


async def video(request: web.Request) -> web.FileResponse:
    """A video that the page shows."""
    campaign = await campaign_of(request)
    path = await apart(stored_film(campaign, request.query.get("file", "")))
    return web.FileResponse(path, headers={"Content-Type": FILMS[path.suffix]})


async def poster(request: web.Request) -> web.FileResponse:
    """A picture of a video (its route lets only names of ours through)."""
    campaign = await campaign_of(request)
    path = campaign.sidecar.folder / POSTERS / f"{request.match_info['name']}.jpg"
    if path.is_symlink() or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": "image/jpeg"})
