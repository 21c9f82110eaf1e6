"""What can be looked at: nothing here changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

from batch_runner import __version__
from batch_runner.app.board.checked import checked
from batch_runner.app.board.offer import offer
from batch_runner.app.board.rows import FILMS, film_of, read_one, read_page
from batch_runner.app.documents import lost_document
from batch_runner.app.money.evidence import gather
from batch_runner.app.money.keys import key_for
from batch_runner.app.settle import unknown_rows
from batch_runner.core.errors import BatchRunnerError, UsageError
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import State, shown
from batch_runner.ledger.board import Place
from batch_runner.settings.resolve import resolve
from batch_runner.web import documents
from batch_runner.web.house import House, campaign_of, house_of, session_of

T = TypeVar("T")

_STATES = frozenset(str(shown(state)) for state in State)


async def apart(work: Coroutine[Any, Any, T]) -> T:
    """Do what may take long in a thread: other pages are not to wait for it."""
    return await asyncio.to_thread(asyncio.run, work)


async def home(request: web.Request) -> web.Response:
    """What a page needs to begin."""
    house, session = house_of(request), session_of(request)
    assert session is not None  # the guard saw to it
    return web.json_response(
        {
            "version": __version__,
            "csrf": session.csrf,
            "folders": [str(folder) for folder in house.board.folders],
            "no_key": await asyncio.to_thread(_no_key, house),
        }
    )


def _no_key(house: House) -> str:
    """Why there is no key to run with; empty if there is one."""
    try:
        nowhere = (house.board.folders or [house.board.places[0].parent])[0] / "none.csv"
        settings = resolve(nowhere, house.board.options, house.environ)
        key_for(settings, house.account, house.environ)
    except BatchRunnerError as error:
        return str(error)
    return ""


async def events(request: web.Request) -> web.StreamResponse:
    """What is new, for as long as the page is open."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    response.content_type = "text/event-stream"
    await response.prepare(request)
    async for text in house_of(request).feed.events():
        await response.write(text.encode())
    return response


async def rows(request: web.Request) -> web.Response:
    """A page of rows."""
    shows = request.query.get("state") or None
    if shows is not None and shows not in _STATES:
        raise UsageError(phrase("there is no such state."), code="no_such_state")
    after = _place(request.query.get("after", "0.0.0"))
    campaign = await campaign_of(request)
    return web.json_response(
        documents.page_document(await apart(read_page(campaign, shows, after)))
    )


def _place(text: str) -> Place:
    parts = text.split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 9 for p in parts):
        raise UsageError(phrase("there is no such page."), code="no_such_page")
    scope, row, variant = map(int, parts)
    return scope, row, variant


def job_of(request: web.Request) -> int:
    """The row that a request names (its route lets only digits through)."""
    return int(request.match_info["job"])


async def row(request: web.Request) -> web.Response:
    """The whole story of one row."""
    campaign = await campaign_of(request)
    story = await apart(read_one(campaign, job_of(request)))
    return web.json_response(documents.one_document(story))


async def film(request: web.Request) -> web.FileResponse:
    """The video of a row."""
    campaign = await campaign_of(request)
    path = await apart(film_of(campaign, job_of(request)))
    return web.FileResponse(path, headers={"Content-Type": FILMS[path.suffix.lower()]})


async def check(request: web.Request) -> web.Response:
    """All that is wrong with a sheet."""
    found = await apart(checked(await campaign_of(request)))
    return web.json_response(documents.checked_document(found))


async def plan(request: web.Request) -> web.Response:
    """What running it would mean."""
    house = house_of(request)
    found = await apart(offer(await campaign_of(request), house.account, house.environ))
    return web.json_response(documents.offer_document(found))


async def unknown(request: web.Request) -> web.Response:
    """The rows of which nobody knows whether they were accepted, and what is known of them."""
    house, campaign = house_of(request), await campaign_of(request)
    stories = await apart(unknown_rows(campaign))
    found = await apart(gather(campaign, stories, house.environ, house.account)) if stories else []
    return web.json_response(
        {
            "rows": [documents.one_document(story) for story in stories],
            "evidence": [] if isinstance(found, str) else [lost_document(one) for one in found],
            "no_evidence": found if isinstance(found, str) else "",
        }
    )
