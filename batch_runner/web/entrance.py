"""The way in: what anybody may ask for. The page itself is the same for all, and holds nothing."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

from batch_runner.web.door import LONGEST_WAIT, Session
from batch_runner.web.guard import refusal
from batch_runner.web.house import cookie_name, house_of

MOST = 2000  # characters of a token or password
_one_guess = asyncio.Semaphore(1)  # at a time: it costs memory

ASSETS: web.AppKey[Mapping[str, tuple[bytes, str]]] = web.AppKey("assets", dict)


def load_assets() -> dict[str, tuple[bytes, str]]:
    """The files of the page: name -> content and kind. Nothing else is ever given out by name."""
    root = files("batch_runner") / "assets"
    found = _read(root / "dashboard")
    for shared in ("tokens.css", "states.json"):
        found[shared] = _with_kind(root / shared)
    return found


def _read(folder: Traversable) -> dict[str, tuple[bytes, str]]:
    return {one.name: _with_kind(one) for one in folder.iterdir() if one.is_file()}


def _with_kind(file: Traversable) -> tuple[bytes, str]:
    kind = {".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml"}
    suffix = file.name[file.name.rfind(".") :]
    return file.read_bytes(), kind.get(suffix) or mimetypes.guess_type(file.name)[
        0
    ] or "text/plain"


async def page(request: web.Request) -> web.Response:
    """The one page."""
    return _asset(request, "index.html")


async def asset(request: web.Request) -> web.Response:
    """A file of the page."""
    return _asset(request, request.match_info["name"])


def _asset(request: web.Request, name: str) -> web.Response:
    found = request.app[ASSETS].get(name)
    if found is None:
        raise web.HTTPNotFound
    body, kind = found
    return web.Response(body=body, content_type=kind, charset="utf-8")


async def ways_in(request: web.Request) -> web.Response:
    """Whether a password lets in, too."""
    return web.json_response({"password": house_of(request).door.password is not None})


async def enter(request: web.Request) -> web.Response:
    """Let a browser in: by the token of the printed link, or by the password."""
    door = house_of(request).door
    try:
        told = json.loads(await request.text())
        token, password = str(told.get("token", ""))[:MOST], str(told.get("password", ""))[:MOST]
    except (ValueError, AttributeError):
        raise web.HTTPBadRequest from None
    if token and (session := door.enter(token)) is not None:
        return _welcome(request, session)
    if door.password is None or not password:
        return refusal(403, "not_let_in", "This link was used already, or is too old.")
    address = request.remote or ""
    wait = door.wait(address)
    if wait > 0:
        answer = refusal(429, "wait", "Too many wrong passwords: wait a little.")
        answer.headers["Retry-After"] = str(int(min(wait, LONGEST_WAIT)) + 1)
        return answer
    async with _one_guess:
        fits = await asyncio.to_thread(door.password.fits, password)
    if not fits:
        return refusal(403, "wrong_password", "That is not the password.")
    door.forgive(address)
    return _welcome(request, door.let_in())


def _welcome(request: web.Request, session: Session) -> web.Response:
    response = web.json_response({"path": f"/s/{session.path}/"})
    response.set_cookie(
        cookie_name(request),
        session.cookie,
        path=f"/s/{session.path}/",
        httponly=True,
        samesite="Strict",
    )
    return response
