"""Looks at a task and at the balance, and the way through proxies."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.errors import ConfigError
from batch_runner.core.outcomes import PollKind, SubmitKind
from batch_runner.provider.client import HttpProvider

Made = Callable[..., HttpProvider]
PENDING = {"code": 200, "data": {"id": "task_A", "status": "processing", "progress": 35}}


def _with(
    listen: Any, provider: Made, script: Any, ask: Callable[[HttpProvider], Any], **timeouts: float
) -> tuple[Any, Any]:
    """One question to a scripted server: what came out, and what the server saw."""

    async def run() -> tuple[Any, Any]:
        async with listen(script) as server, provider(server.origin, **timeouts) as client:
            return await ask(client), server

    return asyncio.run(run())


def test_a_look_asks_for_the_task(listen: Any, provider: Made, says: Any) -> None:
    """The id stands in the path, the language of error sentences in the query."""
    outcome, server = _with(listen, provider, says(200, PENDING), lambda c: c.poll("task_A"))
    assert (outcome.kind, outcome.progress) == (PollKind.PENDING, 35)
    assert server.requests[0].target == "/v1/tasks/task_A?language=en"


@pytest.mark.parametrize("task_id", ["a/../b", "a b", "x?y#z", "ü%2F", "\ud800", "a\r\nX: y"])
def test_no_id_leaves_its_place(listen: Any, provider: Made, says: Any, task_id: str) -> None:
    """An id from a sheet may hold anything; it stays one segment of the path."""
    _, server = _with(listen, provider, says(200, PENDING), lambda c: c.poll(task_id))
    path, _, query = server.requests[0].target.partition("?")
    assert path.startswith("/v1/tasks/")
    assert path.count("/") == 3
    assert query == "language=en"
    assert "x" not in server.requests[0].headers


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_a_look_without_an_answer_is_unavailable(
    listen: Any, provider: Made, hangs_up: Any, data: bytes
) -> None:
    """Network trouble says nothing about the task."""
    outcome, _ = _with(listen, provider, hangs_up(data), lambda c: c.poll("task_A"))
    assert outcome.kind is PollKind.UNAVAILABLE
    assert outcome.message


def test_a_look_that_takes_too_long_is_unavailable(listen: Any, provider: Made) -> None:
    """A stuck look ends by its timeout."""

    async def stuck(_request: object, _writer: object) -> None:
        await asyncio.Event().wait()

    outcome, _ = _with(listen, provider, stuck, lambda c: c.poll("task_A"), connect=0.1, read=0.1)
    assert (outcome.kind, outcome.code) == (PollKind.UNAVAILABLE, "timeout")


def test_balance_is_a_probe(listen: Any, provider: Made, says: Any, closed_port: int) -> None:
    """The service is reachable when it answers anything, and not when nothing answers."""
    rich = {"success": True, "remain_balance": 10.5, "unlimited_quota": False}
    balance, server = _with(listen, provider, says(200, rich), lambda c: c.balance())
    assert (balance.remaining, balance.reachable) == (10_500_000, True)
    assert server.requests[0].target == "/v1/balance"
    balance, _ = _with(listen, provider, says(401, {}), lambda c: c.balance())
    assert (balance.key_refused, balance.reachable) == (True, True)

    async def closed() -> Any:
        async with provider(f"http://127.0.0.1:{closed_port}") as client:
            return await client.balance()

    assert not asyncio.run(closed()).reachable


def test_an_http_proxy_is_used_with_its_password(
    listen: Any, provider: Made, says: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY leads requests to the proxy, with the credentials of its address."""

    async def run() -> Any:
        async with listen(says(200, PENDING)) as proxy:
            monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
            async with provider("http://api.invalid") as client:
                return await client.poll("task_A"), proxy

    outcome, proxy = asyncio.run(run())
    assert outcome.kind is PollKind.PENDING
    (request,) = proxy.requests
    assert request.target == "http://api.invalid/v1/tasks/task_A?language=en"
    credentials = base64.b64encode(b"me:p@ss").decode()
    assert request.headers["proxy-authorization"] == f"Basic {credentials}"
    assert request.headers["authorization"] == "Bearer sk-Test0123456789"


@pytest.mark.parametrize(
    "refusal", [b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 502 Bad\r\n\r\n", b""]
)
def test_a_proxy_that_gives_no_tunnel_means_not_sent(
    listen: Any,
    provider: Made,
    hangs_up: Any,
    refusal: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a tunnel nothing was sent, and the proxy sees neither key nor request."""

    async def run() -> Any:
        async with listen(hangs_up(refusal)) as proxy:
            monkeypatch.setenv("https_proxy", f"me:pw@127.0.0.1:{proxy.port}")
            async with provider("https://api.invalid") as client:
                return await client.submit(b"{}", "key-1"), proxy

    outcome, proxy = asyncio.run(run())
    assert outcome.kind is SubmitKind.NOT_SENT
    assert "pw" not in outcome.message
    (request,) = proxy.requests
    assert (request.method, request.target) == ("CONNECT", "api.invalid:443")
    assert request.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:pw").decode()
    assert "sk-Test" not in str(request)
    assert request.body == b""


def test_no_proxy_and_this_machine_are_reached_directly(
    listen: Any, provider: Made, says: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY is honoured, and the sandbox needs no entry in it."""

    async def run() -> Any:
        async with listen(says(502)) as proxy, listen(says(200, PENDING)) as server:
            monkeypatch.setenv("http_proxy", proxy.origin)
            monkeypatch.setenv("no_proxy", "api.invalid")
            async with provider("http://api.invalid") as client:
                outside = await client.submit(b"{}", "key-1")
            async with provider(server.origin) as client:
                inside = await client.poll("task_A")
            return outside.kind, inside.kind, proxy.connections

    assert asyncio.run(run()) == (SubmitKind.NOT_SENT, PollKind.PENDING, 0)


@pytest.mark.parametrize("proxy", ["socks5://me:pw@10.0.0.1:1080", "http://", "http://["])
def test_an_unusable_proxy_is_said_at_once(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of another kind is a config error before anything is sent."""
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(ConfigError) as caught:
        HttpProvider(origin="https://api.example", key="k")
    assert caught.value.code == "proxy_unsupported"
    assert "pw" not in str(caught.value)


def test_passwords_of_the_netrc_file_are_not_sent(
    listen: Any,
    provider: Made,
    says: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A netrc entry for the host neither breaks a call nor leaves this machine."""
    (tmp_path / "netrc").write_text("default login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    async def ask(client: HttpProvider) -> None:
        await client.poll("task_A")
        await client.fetch(f"{client!r}"[14:-2] + "a.mp4", tmp_path / "a", tmp_path / "a.part")

    _, server = _with(listen, provider, says(200, PENDING), ask)
    assert server.requests[0].headers["authorization"].startswith("Bearer ")
    assert "authorization" not in server.requests[1].headers
