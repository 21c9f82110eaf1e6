"""What can be done: each of these changes something, and is asked for by a page of ours only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from batch_runner.app.board.arrival import take_sheet
from batch_runner.app.board.mend import Mend, mend_cell
from batch_runner.app.board.offer import given_words, run_words
from batch_runner.app.ctl.ask import tell_run
from batch_runner.app.ctl.orders import Order
from batch_runner.app.settle import Verdict, settle_one
from batch_runner.core.errors import LockedError, UsageError
from batch_runner.core.language import phrase
from batch_runner.web.house import campaign_of, entry_of, house_of
from batch_runner.web.looks import apart, job_of

DONE = {"ok": True}


async def told(request: web.Request) -> dict[str, Any]:
    """What a request says.

    Raises:
        UsageError: it is no JSON object.
    """
    try:
        document = json.loads(await request.text())
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError(phrase("a request is one JSON object."), code="bad_request")
    return document


async def start(request: web.Request) -> web.Response:
    """Run a sheet: for real, as a rehearsal, or its failed rows once more."""
    house, entry, wish = house_of(request), await entry_of(request), await told(request)
    campaign = await asyncio.to_thread(house.board.campaign, entry)
    if house.starts.is_on(entry.id):
        raise LockedError(phrase("a run of this sheet was started already."), code="locked")
    first, most = _number(wish, "first"), _number(wish, "most")
    if wish.get("again"):
        words = ["retry", str(entry.source), "--yes", "--quiet", *given_words(campaign)]
    else:
        words = run_words(campaign, first=first, most=most)
    if entry.rehearsal or wish.get("rehearse"):
        words.append("--sandbox")
    await asyncio.to_thread(house.starts.start, entry.id, words)
    house.feed.hurry()
    return web.json_response(DONE)


def _number(wish: dict[str, Any], name: str) -> int | None:
    """A whole number that may be left out."""
    value = wish.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 < value < 10**15:
        raise UsageError(
            phrase("{name} must be a whole number above zero.", name=name), code="bad_request"
        )
    return value


async def order(request: web.Request) -> web.Response:
    """Tell the run that is on: pause, resume, drain, stop, set, cancel."""
    try:
        wish = Order.from_line(await request.read())
    except ValueError as error:
        raise UsageError(str(error), code="bad_request") from None
    campaign = await campaign_of(request)
    reply = await asyncio.to_thread(tell_run, campaign, wish)
    house_of(request).feed.hurry()
    return web.json_response({"ok": bool(reply.get("ok")), "say": reply["say"]})


async def resolve(request: web.Request) -> web.Response:
    """Settle a row of which nobody knew whether it was accepted."""
    campaign, wish = await campaign_of(request), await told(request)
    task = wish.get("task_id")
    chosen = [wish.get("resend") is True, wish.get("give_up") is True, isinstance(task, str)]
    if sum(chosen) != 1 or (isinstance(task, str) and not 0 < len(task.strip()) <= 200):
        raise UsageError(phrase("say one thing: resend, give_up or task_id."), code="bad_request")
    verdict = Verdict(
        resend=chosen[0], give_up=chosen[1], task_id=task.strip() if chosen[2] and task else None
    )
    await apart(settle_one(campaign, job_of(request), verdict))
    house_of(request).feed.hurry()
    return web.json_response(DONE)


async def mend(request: web.Request) -> web.Response:
    """Correct one cell."""
    campaign, wish = await campaign_of(request), await told(request)
    worksheet = wish.get("worksheet")
    before, after = wish.get("before"), wish.get("after")
    row, column = wish.get("row"), wish.get("column")
    if not (
        isinstance(before, str)
        and isinstance(after, str)
        and type(row) is int
        and type(column) is int
        and (worksheet is None or isinstance(worksheet, str))
    ):
        raise UsageError(
            phrase("say worksheet, row, column, before and after."), code="bad_request"
        )
    one = Mend(worksheet=worksheet, row=row, column=column, before=before, after=after)
    await asyncio.to_thread(mend_cell, campaign, one)
    return web.json_response(DONE)


async def upload(request: web.Request) -> web.Response:
    """Take a sheet into a folder of the board."""
    house = house_of(request)
    folders = house.board.folders
    number = request.query.get("folder", "0")
    if not (
        number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(folders)
    ):
        raise UsageError(phrase("there is no such folder."), code="no_such_folder")
    name = request.query.get("name", "")
    path = await take_sheet(folders[int(number)], name, _chunks(request))
    entries = await asyncio.to_thread(house.board.entries)
    found = next((one.id for one in entries if one.path.name == path.name), None)
    house.feed.hurry()
    return web.json_response({"ok": True, "name": path.name, "id": found})


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(1 << 18):
        yield chunk


async def invite(request: web.Request) -> web.Response:
    """A link for one more browser."""
    house = house_of(request)
    origin = house.hosts.origin(request.host)
    return web.json_response({"link": f"{origin}/#enter={house.door.invite()}"})


async def finish(request: web.Request) -> web.Response:
    """End the dashboard; runs go on by themselves."""
    house = house_of(request)
    asyncio.get_running_loop().call_later(0.2, house.over.set)
    return web.json_response({"ok": True, "on": house.starts.on})
