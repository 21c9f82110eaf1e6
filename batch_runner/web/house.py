"""What all handlers share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from batch_runner.app.board.board import Board, Entry
from batch_runner.app.board.starts import Starts
from batch_runner.app.campaign import Campaign
from batch_runner.web.door import Door, Session
from batch_runner.web.feed import Feed
from batch_runner.web.hosts import Hosts


@dataclass(frozen=True, kw_only=True)
class House:
    """One dashboard."""

    board: Board
    feed: Feed
    starts: Starts
    door: Door
    hosts: Hosts
    account: str | None
    environ: Mapping[str, str]
    over: asyncio.Event = field(default_factory=asyncio.Event)  # set when it is to end


HOUSE = web.AppKey("house", House)


def house_of(request: web.Request) -> House:
    """The dashboard that a request goes to."""
    return request.app[HOUSE]


def cookie_name(request: web.Request) -> str:
    """Cookies know no ports: two dashboards on one machine do not take each other's."""
    return f"batch_runner_{house_of(request).hosts.port}"


def session_of(request: web.Request) -> Session | None:
    """Whose request it is; ``None``: nobody's who was let in."""
    cookie = request.cookies.get(cookie_name(request))
    return house_of(request).door.session(request.match_info["session"], cookie)


async def entry_of(request: web.Request) -> Entry:
    """The sheet that a request names by its id.

    Raises:
        UsageError: there is no such sheet.
    """
    board = house_of(request).board
    return await asyncio.to_thread(board.entry, request.match_info["sheet"])


async def campaign_of(request: web.Request) -> Campaign:
    """The same, with all that is settled about it.

    Raises:
        BatchRunnerError: there is no such sheet, or its settings cannot be used.
    """
    board = house_of(request).board
    return await asyncio.to_thread(board.campaign, await entry_of(request))
