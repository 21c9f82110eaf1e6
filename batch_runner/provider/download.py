"""Bringing a finished video home: whole, checked, and never from a private address.

Links are public and short-lived (24 h in the task status page's example), and no host is fixed
(https://docs.apimart.ai/en/api-reference/tasks/status), so every host is judged as it comes. The API key
is not sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

import aiohttp
from yarl import URL

from batch_runner.core.entity import Entity, asked_from, continues, entity_of
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.core.redact import redact, told
from batch_runner.core.wire import retry_after
from batch_runner.provider.bandwidth import LARGEST_PIECE, Bandwidth
from batch_runner.provider.exchange import NETWORK_ERRORS, reason, through
from batch_runner.provider.guard import (
    Place,
    PublicResolver,
    RefusedLinkError,
    check_link,
    place_of,
    refused_when_resolved,
)
from batch_runner.provider.part import (
    OVERLAP,
    ChangedError,
    FlawError,
    Part,
    StorageError,
    in_thread,
)
from batch_runner.provider.proxies import Proxies
from batch_runner.provider.room import Room
from batch_runner.provider.writer import Writer

_T = TypeVar("_T")

LARGEST_VIDEO = 4 * 1024**3
"""Bytes; what is larger is no generated clip."""

MOST_REDIRECTS = 5

_NOWHERE: Place = ("", 0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_PLAIN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """What downloads need: a session of their own, and where they may go."""

    session: aiohttp.ClientSession
    proxies: Proxies
    origin: Place  # the API's own: allowed, wherever it is
    bandwidth: Bandwidth | None = None
    room: Room = field(default_factory=Room)
    largest: int = LARGEST_VIDEO  # bytes

    @classmethod
    def open(
        cls,
        *,
        origin: URL | None,
        proxies: Proxies,
        user_agent: str,
        timeout: aiohttp.ClientTimeout,
        rate: float | None = None,
    ) -> Self:
        """Within a running loop; close it afterwards.

        ``origin``: a place that may be asked wherever it is; ``rate``: bytes a second, of all.
        """
        place = _NOWHERE if origin is None else place_of(origin)
        # A proxy in one's own network is named by the user, not by a link.
        allowed = {place, *proxies.places()}
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, resolver=PublicResolver(allowed)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity", "User-Agent": user_agent},
            timeout=timeout,
            auto_decompress=False,  # the length that was announced is that of the bytes sent
            read_bufsize=LARGEST_PIECE,
        )
        bandwidth = None if rate is None else Bandwidth(rate)
        return cls(session=session, proxies=proxies, origin=place, bandwidth=bandwidth)

    async def pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """A body as it comes, at the rate that is allowed."""
        if self.bandwidth is None:
            async for piece in response.content.iter_any():
                yield piece
            return
        async for piece in response.content.iter_chunked(self.bandwidth.piece):
            await self.bandwidth.spend(len(piece))
            yield piece

    async def close(self) -> None:
        """End all connections."""
        await self.session.close()


async def fetch(downloads: Downloads, link: str, target: Path, path: Path) -> FetchOutcome:
    """Download a video to ``target`` plus the extension its content asks for; never raises.

    Streamed into the part ``path``, in the same folder; renamed only when its length is the one
    announced and its container is complete. A part that breaks off, also by cancelling, stays if
    it can be continued, and the next download with the same ``path`` does so.
    """
    part = Part(path)
    try:
        try:
            await in_thread(part.open)
            return await _download(downloads, link, target, part)
        except StorageError:
            part.drop()  # a full disk has better use for the room
            raise
        finally:
            await in_thread(part.close)
    except RefusedLinkError as error:
        return _outcome(FetchKind.REFUSED, str(error))
    except StorageError as error:
        return _outcome(FetchKind.DISK, str(error))
    except (ConfigError, ValueError) as error:  # an unusable proxy; a URL beyond repair
        return _outcome(FetchKind.UNAVAILABLE, str(error), size=part.lasting)
    except NETWORK_ERRORS as error:
        refused = refused_when_resolved(error)
        if refused:
            return _outcome(FetchKind.REFUSED, refused)
        told_why = redact(reason(error), downloads.proxies.secrets())
        return _outcome(FetchKind.UNAVAILABLE, told_why, size=part.lasting)


async def _download(downloads: Downloads, link: str, target: Path, part: Part) -> FetchOutcome:
    """Ask for what is missing, and for everything where that cannot be had for sure."""
    place = _place(_parse(link))

    async def take(response: aiohttp.ClientResponse) -> FetchOutcome:
        entity = entity_of(response.headers, response.content_length, place)
        return await _judge(response, _Taking(downloads, target, part, entity))

    rest = part.entity and asked_from(part.entity, part.next_byte, place)
    if rest:
        with contextlib.suppress(ChangedError):
            return await follow(downloads, link, take, rest) or _ENDLESS
    return await follow(downloads, link, take) or _ENDLESS


async def follow(
    downloads: Downloads,
    link: str,
    take: Callable[[aiohttp.ClientResponse], Awaitable[_T]],
    headers: Mapping[str, str] = MappingProxyType({}),
    judge: Callable[[URL], None] = lambda _url: None,
) -> _T | None:
    """Go where a link leads, judging every address on the way before it is asked.

    Args:
        downloads: what it is asked with.
        link: where to begin.
        take: told the answer.
        headers: that go with each request.
        judge: may refuse an address by raising, beside the rules for all of them.

    Returns:
        What ``take`` makes of the answer; ``None``: it redirects without end.

    Raises:
        RefusedLinkError: it leads where downloads do not go.
        ConfigError, ValueError: the proxy or the address cannot be used.
        aiohttp.ClientError, OSError: the network.
    """
    url = _parse(link)
    for _ in range(MOST_REDIRECTS + 1):
        judge(url)
        check_link(url, {downloads.origin})
        url = url.with_user(None)  # nor any other credentials
        proxied = downloads.proxies.by_scheme
        proxy = await in_thread(partial(downloads.proxies.for_url, url)) if proxied else None
        request = through(proxy, url, headers)
        async with downloads.session.get(url, allow_redirects=False, **request) as response:
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return await take(response)
        url = url.join(_parse(location))
    return None


@dataclass(frozen=True, slots=True)
class _Taking:
    """What the body of an answer becomes."""

    downloads: Downloads
    target: Path
    part: Part
    entity: Entity | None  # what the answer shows its file to be


async def _judge(response: aiohttp.ClientResponse, taking: _Taking) -> FetchOutcome:
    """The meaning of the status; under 200 and 206 the video is taken.

    Raises:
        ChangedError: it is no answer to the question for the rest.
    """
    status, part = response.status, taking.part
    asked = "Range" in response.request_info.headers
    if status == 200:
        part.begin(taking.entity)
        return await _take(response, taking)
    if status == 206 and asked and part.entity is not None:
        if not continues(part.entity, part.next_byte, response.headers):
            raise ChangedError
        part.go_on()
        return await _take(response, taking)
    if status == 416 and asked:
        raise ChangedError
    if 400 <= status < 500 and status not in _LATER:
        return _outcome(FetchKind.LINK_DEAD, f"HTTP {status}", size=part.lasting)
    headers = {"retry-after": response.headers.get("Retry-After", "")}
    wait = retry_after(headers, datetime.now(UTC))
    return _outcome(FetchKind.UNAVAILABLE, f"HTTP {status}", wait, size=part.lasting)


async def _take(response: aiohttp.ClientResponse, taking: _Taking) -> FetchOutcome:
    """Stream the body to disk, check it, and give it its name."""
    part, largest = taking.part, taking.downloads.largest
    whole = part.entity.length if part.entity is not None else response.content_length
    if whole is not None and whole > largest:
        return _useless(part, f"{whole} bytes are more than a video can have")
    try:
        with taking.downloads.room.taken(part, whole):
            async with Writer(part) as writer:
                async for piece in taking.downloads.pieces(response):
                    await writer.add(piece)
                    if writer.taken > largest + OVERLAP:
                        return _useless(part, "it is larger than a video can be")
    except aiohttp.ClientPayloadError:
        return _outcome(FetchKind.DAMAGED, _ended_early(part, whole), size=part.lasting)
    if whole is not None and part.size < whole:  # less than the rest was given
        return _outcome(FetchKind.DAMAGED, _ended_early(part, whole), size=part.lasting)
    try:
        path = await in_thread(partial(part.keep, taking.target))
    except FlawError as error:
        return _useless(part, str(error))
    return FetchOutcome(kind=FetchKind.SAVED, path=path, size=part.size)


def _useless(part: Part, message: str) -> FetchOutcome:
    part.drop()
    return _outcome(FetchKind.DAMAGED, message)


def _ended_early(part: Part, announced: int | None) -> str:
    of_all = f" of {announced}" if announced is not None else ""
    return f"the download ended early, after {part.size}{of_all} bytes"


def _parse(link: str) -> URL:
    """A link as a URL; one that is properly encoded is left as it is, for it may be signed."""
    try:
        return URL(link.strip(), encoded=_PLAIN.fullmatch(link.strip()) is not None)
    except ValueError as error:
        raise RefusedLinkError(phrase("the link is not an http(s) address")) from error


def _place(url: URL) -> str:
    """What links to one file have in common: a signature in the query comes and goes.

    A digest, as a path may be secret, too.
    """
    bare = f"{url.scheme}://{url.host}:{url.port}{url.raw_path}"
    return hashlib.sha256(bare.encode()).hexdigest()


def _outcome(
    kind: FetchKind, message: str, wait: float | None = None, *, size: int = 0
) -> FetchOutcome:
    return FetchOutcome(kind=kind, message=told(message, (), 300), retry_after=wait, size=size)


_ENDLESS = _outcome(FetchKind.LINK_DEAD, "the link redirects without end")
