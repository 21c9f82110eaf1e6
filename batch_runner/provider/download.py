"""Bringing a finished video home: whole, checked, and never from a private address.

Links are public and short-lived (24 h in the task status page's example), and no host is fixed
(https://docs.apimart.ai/en/api-reference/tasks/status), so every host is judged as it comes. The API key
is not sent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import aiohttp
from yarl import URL

from batch_runner.core.errors import ConfigError
from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.core.redact import redact, told
from batch_runner.core.wire import retry_after
from batch_runner.provider.exchange import NETWORK_ERRORS, reason, through
from batch_runner.provider.guard import (
    Place,
    PublicResolver,
    RefusedLinkError,
    check_link,
    place_of,
    refused_when_resolved,
)
from batch_runner.provider.part import Part, StorageError, in_thread, part_file
from batch_runner.provider.proxies import Proxies

_T = TypeVar("_T")

LARGEST_VIDEO = 4 * 1024**3
"""Bytes; what is larger is no generated clip."""

MOST_REDIRECTS = 5

_CHUNK = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_PLAIN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """What downloads need: a session of their own, and where they may go."""

    session: aiohttp.ClientSession
    proxies: Proxies
    origin: Place  # the API's own: allowed, wherever it is
    largest: int = LARGEST_VIDEO  # bytes

    @classmethod
    def open(
        cls,
        *,
        origin: URL,
        proxies: Proxies,
        user_agent: str,
        connections: int,
        timeout: aiohttp.ClientTimeout,
    ) -> Self:
        """Within a running loop; close it afterwards."""
        place = place_of(origin)
        # A proxy in one's own network is named by the user, not by a link.
        allowed = {place, *proxies.places()}
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, resolver=PublicResolver(allowed)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity", "User-Agent": user_agent},
            timeout=timeout,
            auto_decompress=False,  # the length that was announced is that of the bytes sent
            read_bufsize=_CHUNK,
        )
        return cls(session=session, proxies=proxies, origin=place)

    async def close(self) -> None:
        """End all connections."""
        await self.session.close()


async def fetch(downloads: Downloads, url: str, target: Path) -> FetchOutcome:
    """Download a video to ``target`` plus the extension its content asks for; never raises.

    Streamed into ``<target>.<random>.part`` beside it; renamed only when its length is the one
    announced and its container is complete. The part is gone afterwards, also when cancelled.
    """
    try:
        return await _follow(downloads, url, target)
    except RefusedLinkError as error:
        return _outcome(FetchKind.REFUSED, str(error))
    except StorageError as error:
        return _outcome(FetchKind.DISK, str(error))
    except (ConfigError, ValueError) as error:  # an unusable proxy; a URL beyond repair
        return _outcome(FetchKind.UNAVAILABLE, str(error))
    except NETWORK_ERRORS as error:
        refused = refused_when_resolved(error)
        if refused:
            return _outcome(FetchKind.REFUSED, refused)
        told_why = redact(reason(error), downloads.proxies.secrets())
        return _outcome(FetchKind.UNAVAILABLE, told_why)


async def _follow(downloads: Downloads, link: str, target: Path) -> FetchOutcome:
    """Ask for the video and take it."""

    async def take(response: aiohttp.ClientResponse) -> FetchOutcome:
        return await _judge(response, target, downloads.largest)

    found = await follow(downloads, link, take)
    return found or _outcome(FetchKind.LINK_DEAD, "the link redirects without end")


async def follow(
    downloads: Downloads, link: str, take: Callable[[aiohttp.ClientResponse], Awaitable[_T]]
) -> _T | None:
    """Go where a link leads, judging every address on the way before it is asked.

    Returns:
        What ``take`` makes of the answer; ``None``: it redirects without end.

    Raises:
        RefusedLinkError: it leads where downloads do not go.
        ConfigError, ValueError: the proxy or the address cannot be used.
        aiohttp.ClientError, OSError: the network.
    """
    url = _parse(link)
    for _ in range(MOST_REDIRECTS + 1):
        check_link(url, {downloads.origin})
        url = url.with_user(None)  # nor any other credentials
        proxy = await in_thread(partial(downloads.proxies.for_url, url))
        request = through(proxy, url, {})
        async with downloads.session.get(url, allow_redirects=False, **request) as response:
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return await take(response)
        url = url.join(_parse(location))
    return None


async def _judge(response: aiohttp.ClientResponse, target: Path, largest: int) -> FetchOutcome:
    """The meaning of the status; under 200 the video is taken."""
    status = response.status
    if status == 200:
        return await _take(response, target, largest)
    if 400 <= status < 500 and status not in _LATER:
        return _outcome(FetchKind.LINK_DEAD, f"HTTP {status}")
    headers = {"retry-after": response.headers.get("Retry-After", "")}
    wait = retry_after(headers, datetime.now(UTC))
    return _outcome(FetchKind.UNAVAILABLE, f"HTTP {status}", wait)


async def _take(response: aiohttp.ClientResponse, target: Path, largest: int) -> FetchOutcome:
    """Stream the body to disk, check it, and give it its name."""
    announced = response.content_length
    if announced is not None and announced > largest:
        return _outcome(FetchKind.DAMAGED, f"{announced} bytes are more than a video can have")
    with part_file(target) as part:
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                part.write(chunk)
                if part.size > largest:
                    return _outcome(FetchKind.DAMAGED, "it is larger than a video can be")
        except aiohttp.ClientPayloadError:
            return _outcome(FetchKind.DAMAGED, _ended_early(part, announced))
        flaw = await in_thread(part.flaw)
        if flaw:
            return _outcome(FetchKind.DAMAGED, flaw)
        path = await in_thread(part.keep)
    return FetchOutcome(kind=FetchKind.SAVED, path=path, size=part.size, sha256=part.sha256)


def _ended_early(part: Part, announced: int | None) -> str:
    of_all = f" of {announced}" if announced is not None else ""
    return f"the download ended early, after {part.size}{of_all} bytes"


def _parse(link: str) -> URL:
    """A link as a URL; one that is properly encoded is left as it is, for it may be signed."""
    try:
        return URL(link.strip(), encoded=_PLAIN.fullmatch(link.strip()) is not None)
    except ValueError as error:
        raise RefusedLinkError("the link is not an http(s) address") from error


def _outcome(kind: FetchKind, message: str, wait: float | None = None) -> FetchOutcome:
    return FetchOutcome(kind=kind, message=told(message, (), 300), retry_after=wait)
