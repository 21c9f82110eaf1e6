"""The pictures on the web that rows name: looked at before anything is paid, or fetched.

The same guards as for downloads: no private address, whatever redirects say, and nothing without
bounds in size and time. The API key is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
PATIENCE = 600.0  # seconds for all pictures that are looked at together
TIMEOUT = aiohttp.ClientTimeout(total=60.0, connect=15.0, sock_read=20.0)

_FORBIDDEN = frozenset({401, 403})
_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class NotFetched:
    """A picture that did not come."""

    flaw: Flaw
    passing: bool = False  # it may come later


async def look_at(
    links: Iterable[str], origin: str, *, patience: float = PATIENCE
) -> Mapping[str, tuple[Flaw, ...]]:
    """What is wrong with each picture; links that are in order come with nothing.

    Args:
        links: http(s) links; each is asked once.
        origin: the API's: its host may be asked wherever it is.
        patience: seconds for all of them; those that were not looked at by then are left out.
    """
    unique = iter(list(dict.fromkeys(links)))
    found: dict[str, tuple[Flaw, ...]] = {}

    async def work(downloads: Downloads) -> None:
        for link in unique:
            found[link] = await _look(downloads, link)

    async with _downloads(origin) as downloads:
        workers = [asyncio.create_task(work(downloads)) for _ in range(AT_ONCE)]
        _, late = await asyncio.wait(workers, timeout=patience)
        for worker in late:
            worker.cancel()
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
    return found


async def fetch_picture(link: str, origin: str) -> bytes | NotFetched:
    """A picture's bytes, whatever they show; never raises for what a network or server may do."""
    async with _downloads(origin) as downloads:
        return await _get(downloads, link)


@asynccontextmanager
async def _downloads(origin: str) -> AsyncIterator[Downloads]:
    downloads = Downloads.open(
        origin=URL(origin),
        proxies=Proxies.from_environment(),
        user_agent=USER_AGENT,
        timeout=TIMEOUT,
    )
    try:
        yield downloads
    finally:
        await downloads.close()


async def _look(downloads: Downloads, link: str) -> tuple[Flaw, ...]:
    content = await _get(downloads, link)
    if isinstance(content, NotFetched):
        return (content.flaw,)
    return tuple(flaws(await in_thread(partial(examine, content))))


async def _get(downloads: Downloads, link: str) -> bytes | NotFetched:
    try:
        found = await follow(downloads, link, _take)
    except RefusedLinkError as error:
        return _refused(str(error))
    except (ConfigError, ValueError) as error:  # an unusable proxy; an address beyond repair
        return _unreachable(str(error))
    except NETWORK_ERRORS as error:
        refused = refused_when_resolved(error)
        return _refused(refused) if refused else _unreachable(reason(error), passing=True)
    return _unreachable("the link redirects without end") if found is None else found


async def _take(response: aiohttp.ClientResponse) -> bytes | NotFetched:
    status = response.status
    if status in _FORBIDDEN:
        return NotFetched(
            Flaw(
                code="image_forbidden",
                message=phrase("the server refuses to show it (HTTP {status}).", status=status),
                hint=phrase(
                    "It may be protected against links from elsewhere: put a copy on the web, or download it and name it by its path."
                ),
            )
        )
    if status != 200:
        return _unreachable(f"HTTP {status}", passing=status >= 500 or status in _LATER)
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > LARGEST:
            return NotFetched(
                Flaw(
                    code="image_too_large",
                    message=phrase("it has more than {largest} MB.", largest=LARGEST // 1000000),
                    hint=phrase("Save it smaller."),
                )
            )
    return bytes(content)


def _refused(why: str) -> NotFetched:
    return NotFetched(
        Flaw(
            code="image_refused",
            message=phrase("it is not asked for: {why}.", why=told(why, (), 200)),
            hint=phrase("Put it where the provider can reach it, too."),
        )
    )


def _unreachable(why: str, *, passing: bool = False) -> NotFetched:
    return NotFetched(
        Flaw(
            code="image_unreachable",
            message=phrase("it cannot be had ({why}).", why=told(why, (), 200)),
            hint=phrase("Open the link in a private window of a browser to see what others see."),
        ),
        passing=passing,
    )
