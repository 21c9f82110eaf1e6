"""The gallery of a sheet, made when it is asked for: a page in a sheet's folder is not trusted."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import urlencode

from aiohttp import web

from batch_runner.app.apply import apply_decisions
from batch_runner.app.board.rows import FILMS, stored_film
from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.files import POSTERS, Beside
from batch_runner.app.gallery.gallery import MODULES, STYLES, Wish, beside, write_gallery
from batch_runner.app.place.sidecar import is_sandbox_copy
from batch_runner.core.decision_file import MOST_BYTES, read_decision_file
from batch_runner.reporter.page import policy_of
from batch_runner.web.house import campaign_of, house_of, session_of
from batch_runner.web.looks import apart

MOST_TOLD = 5  # decisions that fit no row
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
        await apart(_write(campaign, cast("BinaryIO", file), _saving(request, campaign)))
        size = file.tell()
        file.seek(0)
        response = web.StreamResponse(headers={"Content-Security-Policy": POLICY})
        response.content_type, response.charset = "text/html", "utf-8"
        response.content_length = size
        await response.prepare(request)
        while chunk := file.read(CHUNK):
            await response.write(chunk)
    return response


async def _write(campaign: Campaign, file: BinaryIO, meta: dict[str, str]) -> None:
    await write_gallery(campaign, file, Served(near=beside(campaign)), Wish(meta=meta))


def _saving(request: web.Request, campaign: Campaign) -> dict[str, str]:
    """Where the page puts decisions; a rehearsal's copy is made anew each time, and keeps none."""
    session = session_of(request)
    if session is None or is_sandbox_copy(campaign.sheet):
        return {}
    return {"decisions": "../decisions", "csrf": session.csrf}


async def decide(request: web.Request) -> web.Response:
    """Take decisions made in the page into the sheet; 409 with a sentence for what fits no row."""
    data = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > MOST_BYTES:
            break  # it is refused with a sentence
    found = read_decision_file(bytes(data), "gallery")
    campaign, said = await campaign_of(request), list[str]()
    applied = await apart(apply_decisions(campaign, found, said.append))
    house_of(request).feed.hurry()
    if applied.left_out:
        return web.Response(status=409, text="\n".join(applied.left_out[:MOST_TOLD]))
    return web.json_response({"ok": True, "said": said})


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
