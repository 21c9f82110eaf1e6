"""One request and its answer, or the reason why there is none.

The one place that knows what a lost connection proves: before a connection was there, nothing
of the request can have reached the provider; from then on, everything may have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from batch_runner.provider.proxies import Proxy

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an API answer that are read; no true one is near it."""

NETWORK_ERRORS = (aiohttp.ClientError, OSError)
"""What a network or a server can do to a request; a timeout is an ``OSError``."""

_CONNECTED = "connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to the API."""

    method: str
    url: URL
    timeout: aiohttp.ClientTimeout
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool  # False: the body was cut short, by the network, the clock or our bound


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No HTTP answer came."""

    sent: bool  # False: certain that nothing was sent, for no connection was opened
    timed_out: bool
    reason: str  # the library's words; not yet redacted


def watch_connections() -> aiohttp.TraceConfig:
    """The trace that tells :func:`exchange` when a request got its connection.

    A session must have it, or every failure counts as not sent.
    """

    async def connected(_session: object, context: Any, _params: object) -> None:
        context.trace_request_ctx[_CONNECTED] = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    return trace


async def exchange(session: aiohttp.ClientSession, request: Request) -> Reply | NoAnswer:
    """Send a request once and read its answer; redirects are answers.

    The library sends only idempotent methods again by itself, on a pooled connection that broke;
    a POST goes out at most once.
    """
    progress = {_CONNECTED: False}
    try:
        async with session.request(
            request.method,
            request.url,
            data=request.body,
            timeout=request.timeout,
            allow_redirects=False,
            trace_request_ctx=progress,
            **through(request.proxy, request.url, request.headers),
        ) as response:
            body, whole = await _read(response)
            # The first of several headers of one name counts.
            headers = {name: response.headers[name] for name in response.headers}
            return Reply(status=response.status, headers=headers, body=body, whole=whole)
    except NETWORK_ERRORS as error:
        return NoAnswer(
            sent=progress[_CONNECTED],
            timed_out=isinstance(error, TimeoutError),
            reason=reason(error),
        )


def through(proxy: Proxy | None, url: URL, headers: Mapping[str, str]) -> dict[str, Any]:
    """The arguments that lead a request through a proxy, together with its headers."""
    if proxy is None:
        return {"headers": headers}
    credentials = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
    if url.scheme == "https":  # told to the proxy when the tunnel is asked for, to nobody else
        return {"headers": headers, "proxy": proxy.url, "proxy_headers": credentials}
    return {"headers": {**headers, **credentials}, "proxy": proxy.url}


def reason(error: BaseException) -> str:
    """An error in the library's words, or its kind where it has none."""
    return str(error).strip() or type(error).__name__


async def _read(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    """The body up to our bound, and whether that is all of it."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                return bytes(body[:LARGEST_ANSWER]), False
    except NETWORK_ERRORS:
        # What came may still say enough: the status is known, and the text may be complete.
        return bytes(body), False
    return bytes(body), True
