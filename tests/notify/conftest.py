"""Real endpoints on this machine: a web server that answers as told, and an SMTP server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from batch_runner.app.notify import tries
from batch_runner.app.notify.news import News
from batch_runner.app.notify.tell import Told, tell
from batch_runner.settings.notify import Notify, Target

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Endpoint:
    """A web server and what was posted to it."""

    port: int
    posts: list[dict[str, Any]] = field(default_factory=list)
    gets: int = 0

    @property
    def url(self) -> str:
        """Its address, with a part that is a secret."""
        return f"http://127.0.0.1:{self.port}/services/T0/s3cret-part"


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with a status."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


OK = status(200, b"ok")


@contextmanager
def _serving(answers: list[Answer]) -> Iterator[Endpoint]:
    """The answers in order, the last one again and again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.posts.append(json.loads(body))
            answer = answers[min(len(seen.posts), len(answers)) - 1]
            with suppress(ConnectionError):  # it had enough
                answer(self)
            self.close_connection = True

        def do_GET(self) -> None:
            seen.gets += 1
            OK(self)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen = Endpoint(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Callable[..., Endpoint]]:
    """``endpoint(answer, ...)``: start one."""
    with ExitStack() as stack:
        yield lambda *answers: stack.enter_context(_serving(list(answers) or [OK]))


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def listening(start: Callable[[], Awaitable[asyncio.Server]]) -> Iterator[int]:
    """A server on a thread and an event loop of its own; the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> asyncio.Server:
        return await start()

    async def end(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def talking(script: Script) -> AbstractContextManager[int]:
    """A server that speaks as a script says; the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            await script(reader, writer)
        writer.close()

    return listening(lambda: asyncio.start_server(handle, "127.0.0.1", 0))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between tries."""
    monkeypatch.setattr(tries, "backoff", lambda *_args: 0.0)


NEWS = News(occasion="end", title="campaign.xlsx: all done", lines=["3 succeeded."])


@pytest.fixture
def told() -> Callable[..., Told]:
    """``told(target)``: tell one target the news; what became of it."""

    def one(target: Target, news: News = NEWS, timeout: float = 20.0) -> Told:
        notify = Notify(targets=(target,), timeout=timeout)
        (result,) = asyncio.run(tell(notify, news))
        return result

    return one
