"""The dashboard as a server: from a port to the last open page."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from batch_runner.app.board.board import Board
from batch_runner.app.board.starts import Starts
from batch_runner.app.board.watcher import Watcher
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.web import changes, entrance, gallery, looks
from batch_runner.web.documents import view_document
from batch_runner.web.door import Door, Password
from batch_runner.web.feed import Documents, Feed
from batch_runner.web.guard import add_headers, guard
from batch_runner.web.hosts import LOOPBACK, Hosts, is_loopback
from batch_runner.web.house import HOUSE, House

PORT = 8788
NEXT = 20  # ports that are tried where none was asked for
LARGEST = 1 << 20  # bytes of a request; a sheet that comes in is not held, and has its own limit


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a dashboard is to be."""

    board: Board
    address: str = "127.0.0.1"
    port: int | None = None  # None: the usual one, or the next that is free
    names: frozenset[str] = frozenset()  # by which others may call it, beside addresses
    account: str | None = None
    password: Password | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def serving(offered: Offered) -> AsyncIterator[House]:
    """A dashboard at work; within the block it answers.

    Raises:
        UsageError: it cannot listen there.
    """
    starts = Starts(offered.environ)
    feed = Feed(_looker(Watcher(offered.board), starts))
    app = web.Application(middlewares=[guard], client_max_size=LARGEST)
    app.on_response_prepare.append(add_headers)
    app[entrance.ASSETS] = entrance.load_assets()
    _route(app)
    async with contextlib.AsyncExitStack() as stack:
        listener = _listener(offered)
        stack.callback(listener.close)
        house = House(
            board=offered.board,
            feed=feed,
            starts=starts,
            door=Door(time.monotonic, offered.password),
            hosts=_hosts(offered, listener.getsockname()[1]),
            account=offered.account,
            environ=offered.environ,
        )
        app[HOUSE] = house
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        looking = asyncio.ensure_future(feed.run())
        stack.push_async_callback(_end, looking)
        stack.callback(feed.end)
        yield house


def _listener(offered: Offered) -> socket.socket:
    """Where the server listens: the port that was asked for, or the usual one, or one after it.

    Raises:
        UsageError: it cannot.
    """
    ports = range(PORT, PORT + NEXT) if offered.port is None else (offered.port,)
    family = socket.AF_INET6 if ":" in offered.address else socket.AF_INET
    why: OSError | None = None
    for port in ports:
        try:
            return socket.create_server((offered.address, port), family=family)
        except OSError as error:
            why = error
            if error.errno != errno.EADDRINUSE:
                break
    assert why is not None
    taken = why.errno == errno.EADDRINUSE
    raise UsageError(
        (
            phrase("the port {port} is taken by another program.", port=offered.port or PORT)
            if taken
            else phrase(
                "it cannot listen at {address} ({strerror}).",
                address=offered.address,
                strerror=why.strerror or why,
            )
        ),
        code="port_taken" if taken else "cannot_listen",
        hint=(
            phrase("Name another one: --port 8899. It may be a dashboard that is open already.")
            if taken
            else phrase("Name an address of this computer.")
        ),
    ) from why


def _hosts(offered: Offered, port: int) -> Hosts:
    if is_loopback(offered.address):
        return Hosts(port=port)
    return Hosts(port=port, names=LOOPBACK | offered.names, any_address=True)


def _looker(watcher: Watcher, starts: Starts) -> Callable[[], Documents]:
    def look() -> Documents:
        return [view_document(view, starts) for view in watcher.views()]

    return look


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _route(app: web.Application) -> None:
    """Every way that there is; below /s/ only for those who were let in."""
    private, sheet, row = "/s/{session}", "/s/{session}/sheets/{sheet}", r"/rows/{job:\d{1,15}}"
    app.add_routes(
        [
            web.get("/", entrance.page),
            web.get("/assets/{name}", entrance.asset),
            web.get("/enter", entrance.ways_in),
            web.post("/enter", entrance.enter),
            web.get(f"{private}/home", looks.home),
            web.get(f"{private}/events", looks.events),
            web.get(f"{sheet}/rows", looks.rows),
            web.get(f"{sheet}{row}", looks.row),
            web.get(f"{sheet}{row}/video", looks.film),
            web.get(f"{sheet}/check", looks.check),
            web.get(f"{sheet}/plan", looks.plan),
            web.get(f"{sheet}/unknown", looks.unknown),
            web.get(f"{sheet}/gallery/", gallery.page),
            web.get(f"{sheet}/gallery/video", gallery.video),
            web.get(f"{sheet}/gallery/posters/{{name:[0-9a-f]{{12}}}}.jpg", gallery.poster),
            web.post(f"{sheet}/start", changes.start),
            web.post(f"{sheet}/order", changes.order),
            web.post(f"{sheet}/cell", changes.mend),
            web.post(f"{sheet}{row}/resolve", changes.resolve),
            web.post(f"{sheet}/decisions", gallery.decide),
            web.post(f"{private}/upload", changes.upload),
            web.post(f"{private}/invite", changes.invite),
            web.post(f"{private}/finish", changes.finish),
        ]
    )
