"""A server that misbehaves exactly as told, and a provider that talks to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from batch_runner.provider.client import HttpProvider, Timeouts

KEY = "sk-Test0123456789"
Script = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class RawServer:
    """What a scripted server saw."""

    port: int = 0
    connections: int = 0
    requests: list[Received] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def posts(self) -> int:
        """How many submits arrived, whole."""
        return sum(request.method == "POST" for request in self.requests)


async def _receive(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, target, headers, body)


@asynccontextmanager
async def _listen(script: Script) -> AsyncIterator[RawServer]:
    seen = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen.connections += 1
        try:
            while not writer.is_closing():
                request = await _receive(reader)
                if request is None:
                    break
                seen.requests.append(request)
                await script(request, writer)
        finally:
            writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    seen.port = listener.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _answer(status: int, body: object = b"", **headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Length": str(len(content))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + content


@pytest.fixture
def listen() -> Callable[[Script], AbstractAsyncContextManager[RawServer]]:
    """Starts a server on this machine, as a context, whose script answers each request."""
    return _listen


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """``answer(200, body, Retry_After="1")``: the bytes of an HTTP answer."""
    return _answer


@pytest.fixture
def says(answer: Callable[..., bytes]) -> Callable[..., Script]:
    """``says(200, body)``: a script that always answers the same and stays open."""

    def script(status: int, body: object = b"", **headers: str) -> Script:
        async def respond(_request: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(status, body, **headers))
            await writer.drain()

        return respond

    return script


@pytest.fixture
def hangs_up(answer: Callable[..., bytes]) -> Callable[..., Script]:
    """``hangs_up(data)``: a script that sends this and closes; ``reset``: without courtesy."""

    def script(data: bytes = b"", *, reset: bool = False) -> Script:
        async def respond(_request: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(data)
            if reset:
                writer.transport.abort()
            else:
                await writer.drain()
                writer.close()

        return respond

    return script


@pytest.fixture
def provider() -> Callable[..., HttpProvider]:
    """``provider(origin, submit=0.3)``: a client with short timeouts."""

    def make(origin: str, **timeouts: float) -> HttpProvider:
        short = {"connect": 5.0, "submit": 5.0, "read": 5.0, "idle": 5.0, **timeouts}
        return HttpProvider(origin=origin, key=KEY, timeouts=Timeouts(**short))

    return make


@pytest.fixture
def closed_port() -> int:
    """A port of this machine that nobody listens on."""

    async def find() -> int:
        listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port: int = listener.sockets[0].getsockname()[1]
        listener.close()
        await listener.wait_closed()
        return port

    return asyncio.run(find())


@pytest.fixture
def video() -> bytes:
    """A small file with the outer structure of an MP4."""

    def box(kind: bytes, payload: bytes) -> bytes:
        return (8 + len(payload)).to_bytes(4, "big") + kind + payload

    head = box(b"ftyp", b"isom\0\0\2\0isommp41") + box(b"moov", b"m" * 90)
    return head + box(b"mdat", bytes(range(256)) * 4000)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test depends on the proxies or the netrc file of whoever runs it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
