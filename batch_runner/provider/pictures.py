"""Looking at the pictures that rows name, before anything is paid for them.

The same guards as for downloads: no private address, whatever redirects say, and nothing without
bounds in size and time. The API key is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

import aiohttp
from yarl import URL

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.picture import LARGEST, Flaw, flaws
from batch_runner.core.redact import told
from batch_runner.provider.client import USER_AGENT
from batch_runner.provider.download import Downloads, follow
from batch_runner.provider.examine import examine
from batch_runner.provider.exchange import NETWORK_ERRORS, reason
from batch_runner.provider.guard import RefusedLinkError, refused_when_resolved
from batch_runner.provider.part import in_thread
from batch_runner.provider.proxies import Proxies

AT_ONCE = 8
TIMEOUT = aiohttp.ClientTimeout(total=60.0, connect=15.0, sock_read=20.0)

_FORBIDDEN = frozenset({401, 403})


async def look_at(links: Iterable[str], origin: str) -> Mapping[str, tuple[Flaw, ...]]:
    """What is wrong with each picture; links that are in order come with nothing.

    Args:
        links: http(s) links; each is asked once.
        origin: the API's: its host may be asked wherever it is.
    """
    downloads = Downloads.open(
        origin=URL(origin),
        proxies=Proxies.from_environment(),
        user_agent=USER_AGENT,
        timeout=TIMEOUT,
    )
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(link: str) -> tuple[Flaw, ...]:
        async with turn:
            return await _look(downloads, link)

    unique = list(dict.fromkeys(links))
    try:
        return dict(zip(unique, await asyncio.gather(*map(one, unique)), strict=True))
    finally:
        await downloads.close()


async def _look(downloads: Downloads, link: str) -> tuple[Flaw, ...]:
    """One picture; never raises for what a network or a server may do."""
    try:
        found = await follow(downloads, link, _take)
    except RefusedLinkError as error:
        return (_refused(str(error)),)
    except (ConfigError, ValueError) as error:  # an unusable proxy; an address beyond repair
        return (_unreachable(str(error)),)
    except NETWORK_ERRORS as error:
        refused = refused_when_resolved(error)
        return (_refused(refused) if refused else _unreachable(reason(error)),)
    return (_unreachable("the link redirects without end"),) if found is None else found


async def _take(response: aiohttp.ClientResponse) -> tuple[Flaw, ...]:
    if response.status in _FORBIDDEN:
        return (
            Flaw(
                code="image_forbidden",
                message=phrase(
                    "the server refuses to show it (HTTP {status}).", status=response.status
                ),
                hint=phrase(
                    "It may be protected against links from elsewhere; put a copy on the web."
                ),
            ),
        )
    if response.status != 200:
        return (_unreachable(f"HTTP {response.status}"),)
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > LARGEST:
            return (
                Flaw(
                    code="image_too_large",
                    message=phrase("it has more than {largest} MB.", largest=LARGEST // 1000000),
                    hint=phrase("Save it smaller."),
                ),
            )
    return tuple(flaws(await in_thread(partial(examine, bytes(content)))))


def _refused(why: str) -> Flaw:
    return Flaw(
        code="image_refused",
        message=phrase("it is not asked for: {why}.", why=told(why, (), 200)),
        hint=phrase("Put it where the provider can reach it, too."),
    )


def _unreachable(why: str) -> Flaw:
    return Flaw(
        code="image_unreachable",
        message=phrase("it cannot be had ({why}).", why=told(why, (), 200)),
        hint=phrase("Open the link in a private window of a browser to see what others see."),
    )
