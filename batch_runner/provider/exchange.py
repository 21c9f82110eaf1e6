"""One request and its answer, or the reason why there is none.

The one place that knows what a lost connection proves: before a connection was there, nothing
of the request can have reached the provider; from then on, everything may have.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from batch_runner.core.answer import HEADERS_READ
from batch_runner.provider.proxies import Proxy

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an API answer that are read; no true one is near it."""

NETWORK_ERRORS = (aiohttp.ClientError, OSError)
"""What a network or a server can do to a request; a timeout is an ``OSError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to the API."""

    method: str
    url: URL
    timeout: aiohttp.ClientTimeout
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | aiohttp.FormData | None = None
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]  # those that anybody reads
    body: bytes
    whole: bool  # False: the body was cut short, by the network, the clock or our bound


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No HTTP answer came."""

    sent: bool  # False: certain that nothing was sent, for no connection was opened
    timed_out: bool
    reason: str  # the library's words; not yet redacted


@dataclass(slots=True)
class _Progress:
    sent: bool = False


_progress: ContextVar[_Progress | None] = ContextVar("progress", default=None)


class WatchedRequest(aiohttp.ClientRequest):
    """Tells :func:`exchange` when a request has got its connection and begins to be sent.

    A session must make its requests of this class, or every failure counts as not sent. (A trace
    could tell the same, for a sixth of what the whole exchange takes.)
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it."""
        progress = _progress.get()
        if progress is not None:
            progress.sent = True
        return await super().send(conn)


async def exchange(session: aiohttp.ClientSession, request: Request) -> Reply | NoAnswer:
    """Send a request once and read its answer; redirects are answers.

    The library sends only idempotent methods again by itself, on a pooled connection that broke;
    a POST goes out at most once.
    """
    progress = _Progress()
    _progress.set(progress)
    try:
        async with session.request(
            request.method,
            request.url,
            data=request.body,
            timeout=request.timeout,
            allow_redirects=False,
            **through(request.proxy, request.url, request.headers),
        ) as response:
            assert progress.sent, "the session makes no watched requests"
            body, whole = await _read(response)
            # The first of several headers of one name counts.
            given = response.headers
            headers = {name: given[name] for name in HEADERS_READ if name in given}
            return Reply(status=response.status, headers=headers, body=body, whole=whole)
    except NETWORK_ERRORS as error:
        return NoAnswer(
            sent=progress.sent,
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
