"""A submit over real sockets: sent at most once, and never more certain than it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from batch_runner.core.errors import ConfigError
from batch_runner.core.outcomes import SubmitKind, SubmitOutcome
from batch_runner.provider.client import HttpProvider, Timeouts

BODY = '{"model":"viduq3","prompt":"日本 — 5"}'.encode()
ACCEPTED = {"code": 200, "data": [{"status": "submitted", "task_id": "task_A"}]}
Made = Callable[..., HttpProvider]


def _submit(provider: HttpProvider, times: int = 1) -> list[SubmitOutcome]:
    async def run() -> list[SubmitOutcome]:
        async with provider:
            return [await provider.submit(BODY, f"key-{i}") for i in range(times)]

    return asyncio.run(run())


def _scenario(listen: Any, provider: Made, script: Any, **timeouts: float) -> tuple[Any, Any]:
    """One submit against a scripted server: what came out, and what the server saw."""

    async def run() -> tuple[Any, Any]:
        async with listen(script) as server, provider(server.origin, **timeouts) as client:
            return await client.submit(BODY, "key-1"), server

    return asyncio.run(run())


def test_a_submit_sends_exactly_what_it_was_given(listen: Any, provider: Made, says: Any) -> None:
    """Path, bytes, key and headers arrive as promised, and the task's id comes back."""
    outcome, server = _scenario(listen, provider, says(200, ACCEPTED, X_Request_Id="r-1"))
    assert (outcome.kind, outcome.task_id) == (SubmitKind.ACCEPTED, "task_A")
    assert outcome.request_id == "r-1"
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/v1/videos/generations")
    assert request.body == BODY
    assert request.headers["authorization"] == "Bearer sk-Test0123456789"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "key-1"
    assert request.headers["user-agent"].startswith("batch-runner/")
    assert "expect" not in request.headers


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\nContent-", "connection_lost"),
        (b"garbage without sense\r\n\r\n", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b'{"code":200', "answer_cut"),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 99\r\n\r\n" + b'{"error":', "answer_cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ""),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b'{"code":200,"da', "unreadable_answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000 + b"\r\n\r\n", "connection_lost"),
    ],
)
@pytest.mark.parametrize("reset", [False, True])
def test_a_lost_answer_is_unknown_and_not_sent_again(
    listen: Any, provider: Made, hangs_up: Any, data: bytes, code: str, *, reset: bool
) -> None:
    """Once the request was taken, no way to lose the answer resends it or calls it refused."""
    outcome, server = _scenario(listen, provider, hangs_up(data, reset=reset))
    assert outcome.kind is SubmitKind.UNKNOWN
    assert outcome.code == code or reset or not code  # depends on what arrived together
    assert outcome.message
    assert server.posts == 1


def test_a_complete_text_in_a_broken_answer_still_counts(
    listen: Any, provider: Made, hangs_up: Any
) -> None:
    """A task id that arrived is kept, even if the connection broke before the answer's end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    text = b'{"code":200,"data":[{"task_id":"task_A"}]}'
    outcome, _ = _scenario(listen, provider, hangs_up(head + text))
    assert (outcome.kind, outcome.task_id) == (SubmitKind.ACCEPTED, "task_A")
    limited = b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 999\r\n\r\n{"
    outcome, _ = _scenario(listen, provider, hangs_up(limited))
    assert (outcome.kind, outcome.retry_after) == (SubmitKind.LIMITED, 3.0)


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_slow_answer_is_unknown(listen: Any, provider: Made, data: bytes) -> None:
    """No answer, slow headers or a slow body: after the timeout nobody knows."""

    async def stuck(_request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await asyncio.Event().wait()

    outcome, server = _scenario(listen, provider, stuck, connect=0.1, submit=0.1)
    assert outcome.kind is SubmitKind.UNKNOWN
    assert outcome.code in {"timeout", "answer_cut"}
    assert server.posts == 1


def test_a_refused_port_is_not_sent(provider: Made, closed_port: int) -> None:
    """Where no connection opens, it is certain that nothing was sent."""
    (outcome,) = _submit(provider(f"http://127.0.0.1:{closed_port}"))
    assert (outcome.kind, outcome.code) == (SubmitKind.NOT_SENT, "not_connected")
    assert "127.0.0.1" in outcome.message


def test_a_name_that_does_not_resolve_is_not_sent(provider: Made) -> None:
    """A host that does not exist was sent nothing."""
    (outcome,) = _submit(provider("https://no-such-host.invalid"))
    assert outcome.kind is SubmitKind.NOT_SENT


def test_a_failed_tls_handshake_is_not_sent(listen: Any, provider: Made) -> None:
    """A server that speaks no TLS never saw the request, answering or not."""

    async def run() -> list[SubmitOutcome]:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        outcomes = []
        for behaviour in (plain, mute):
            listener = await asyncio.start_server(behaviour, "127.0.0.1", 0)
            port = listener.sockets[0].getsockname()[1]
            async with listener, provider(f"https://127.0.0.1:{port}", connect=0.3) as client:
                outcomes.append(await client.submit(BODY, "key-1"))
        return outcomes

    assert [outcome.kind for outcome in asyncio.run(run())] == [SubmitKind.NOT_SENT] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused(listen: Any, provider: Made, says: Any, status: int) -> None:
    """A redirect is an answer, not an invitation to send the key and the request elsewhere."""
    outcome, server = _scenario(listen, provider, says(status, Location="/elsewhere"))
    assert (outcome.kind, outcome.http_status) == (SubmitKind.UNKNOWN, status)
    assert len(server.requests) == 1


def test_a_huge_answer_is_not_read_to_its_end(listen: Any, provider: Made, says: Any) -> None:
    """An answer beyond all bounds is cut, and the submit is unknown."""
    outcome, _ = _scenario(listen, provider, says(200, b" " * (5 * 1024 * 1024)))
    assert (outcome.kind, outcome.code) == (SubmitKind.UNKNOWN, "answer_cut")


def test_a_pooled_connection_is_used_only_when_it_is_fresh(
    listen: Any, provider: Made, says: Any
) -> None:
    """Submits share a connection that was used a moment ago, and never one that idled longer."""

    async def connections(**timeouts: float) -> int:
        async with (
            listen(says(200, ACCEPTED)) as server,
            provider(server.origin, **timeouts) as client,
        ):
            for i in range(3):
                await client.submit(BODY, f"key-{i}")
            assert server.posts == 3
            return int(server.connections)

    assert Timeouts().submit_keepalive == 2.0
    assert asyncio.run(connections()) == 1
    assert asyncio.run(connections(submit_keepalive=0.0)) == 3


def test_a_broken_pooled_connection_does_not_resend(
    listen: Any, provider: Made, answer: Any
) -> None:
    """When a reused connection breaks under a submit, the library must not send it again."""
    seen: list[Any] = []

    async def once(request: object, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        if len(seen) == 1:
            writer.write(answer(200, ACCEPTED))
        else:
            writer.transport.abort()

    async def run() -> list[SubmitKind]:
        async with listen(once) as server, provider(server.origin) as client:
            kinds = [(await client.submit(BODY, f"key-{i}")).kind for i in range(2)]
            assert (server.posts, server.connections) == (2, 1)
            return kinds

    assert asyncio.run(run()) == [SubmitKind.ACCEPTED, SubmitKind.UNKNOWN]


def test_submits_and_looks_do_not_share_connections(
    listen: Any, provider: Made, says: Any
) -> None:
    """A look never leaves a connection behind that a submit would then use."""

    async def run() -> int:
        async with listen(says(200, ACCEPTED)) as server, provider(server.origin) as client:
            await client.balance()
            await client.submit(BODY, "key-1")
            return int(server.connections)

    assert asyncio.run(run()) == 2


def test_a_submit_can_be_cancelled(listen: Any, provider: Made) -> None:
    """A second interrupt does not wait for an answer."""

    async def run() -> int:
        arrived = asyncio.Event()

        async def stuck(_request: object, _writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await asyncio.Event().wait()

        async with listen(stuck) as server, provider(server.origin) as client:
            task = asyncio.ensure_future(client.submit(BODY, "key-1"))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return int(server.posts)

    assert asyncio.run(run()) == 1


def test_the_key_is_in_no_text(listen: Any, provider: Made, says: Any) -> None:
    """Neither the client's name nor an answer that echoes the key shows it."""
    client = provider("http://127.0.0.1:1")
    assert "sk-Test" not in f"{client!r} {client}"
    echo = {"error": {"message": "bad key sk-Test0123456789", "code": "sk-Test0123456789"}}
    outcome, _ = _scenario(listen, provider, says(401, echo, X_Request_Id="sk-Test0123456789"))
    assert outcome.kind is SubmitKind.KEY_REFUSED
    assert "sk-Test" not in repr(outcome)


@pytest.mark.parametrize("key", ["", "sk-a b", "sk-a\nX: y", "sk-ключ"])
def test_an_impossible_key_is_said_without_showing_it(key: str) -> None:
    """A key that no header can carry is a config error, before anything is sent."""
    with pytest.raises(ConfigError) as caught:
        HttpProvider(origin="https://api.example", key=key)
    assert caught.value.code == "key_malformed"
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    ["", "api.example", "ftp://a.example", "https://", "http://[", "https://u:p@a.example"],
)
def test_an_impossible_origin_is_refused(origin: str) -> None:
    """An origin needs a scheme and a host, and carries no password."""
    with pytest.raises(ConfigError) as caught:
        HttpProvider(origin=origin, key="k")
    assert caught.value.code == "origin_malformed"
    assert "u:p" not in str(caught.value)
