"""A run listens for orders: one line of JSON in, one out, from its owner only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from batch_runner.app.ctl.orders import Order
from batch_runner.app.ctl.place import (
    NOTE,
    Place,
    leave_note,
    make_private,
    socket_places,
)

MOST = 4096  # bytes of a line
PATIENCE = 5.0  # seconds that somebody who connected has to say something

Obey = Callable[[Order], Awaitable[dict[str, object]]]
"""Does what was ordered; gives a document with ``ok`` and ``say``."""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(
    sidecar: Path, obey: Obey, notice: Callable[[str, str], None]
) -> AsyncIterator[None]:
    """Within this block orders are taken; a run that cannot listen goes on without."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            await _listen(sidecar, obey, stack)
        except OSError as error:
            why = error.strerror or error
            notice("ctl_unusable", f"'batch-runner ctl' cannot reach this run ({why}).")
        yield


async def _listen(sidecar: Path, obey: Obey, stack: contextlib.AsyncExitStack) -> None:
    tasks: set[asyncio.Task[object]] = set()
    token = secrets.token_urlsafe(24)
    sockets = socket_places(sidecar)
    loopback = sys.platform == "win32" or not sockets

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _talk(reader, writer, obey, token if loopback else None)
        finally:
            tasks.discard(task)
            writer.close()

    if loopback:
        server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=MOST)
        place = Place(port=server.sockets[0].getsockname()[1], token=token)
    else:
        server, path = await _on_socket(sidecar, sockets, handle)
        stack.callback(path.unlink, missing_ok=True)
        place = Place(socket=path)
    stack.push_async_callback(_close, server, tasks)
    leave_note(sidecar, place)
    stack.callback((sidecar / NOTE).unlink, missing_ok=True)


async def _on_socket(
    sidecar: Path, places: tuple[Path, ...], handle: Handler
) -> tuple[asyncio.Server, Path]:
    """Listen at the first place that takes a socket.

    Raises:
        OSError: none does.
    """
    for path in places:
        try:
            if path.parent != sidecar:
                make_private(path.parent)
            return await asyncio.start_unix_server(handle, sock=_bound(path), limit=MOST), path
        except OSError:
            if path is places[-1]:
                raise
    raise AssertionError("there is always one place")


def _bound(path: Path) -> socket.socket:
    """A socket that only its owner can connect to, from the first moment on."""
    path.unlink(missing_ok=True)  # a killed run's: this one holds the sheet's lock
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(0o600)  # nobody can connect yet: it does not listen
    except OSError:
        made.close()
        raise
    return made


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, obey: Obey, token: str | None
) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            try:
                if token is not None and not await _knows(reader, token):
                    return
                line = await reader.readline()
            except ValueError:  # a line without end
                return
        try:
            reply = await obey(Order.from_line(line))
        except ValueError as error:
            reply = {"ok": False, "say": str(error)}
        writer.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            await writer.drain()


async def _knows(reader: asyncio.StreamReader, token: str) -> bool:
    given = (await reader.readline()).strip()
    return secrets.compare_digest(given, token.encode())


async def _close(server: asyncio.Server, tasks: set[asyncio.Task[object]]) -> None:
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
