"""A table that a link leads to, brought here: bounded, and only from the hosts it may be at."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

import aiohttp
from yarl import URL

from batch_runner.core.errors import ConfigError, SheetError
from batch_runner.core.language import phrase
from batch_runner.core.redact import told
from batch_runner.provider.client import USER_AGENT
from batch_runner.provider.download import Downloads, follow
from batch_runner.provider.exchange import NETWORK_ERRORS, reason
from batch_runner.provider.guard import RefusedLinkError, refused_when_resolved
from batch_runner.provider.part import in_thread
from batch_runner.provider.proxies import Proxies

LARGEST = 200_000_000  # bytes
_TIMEOUT = aiohttp.ClientTimeout(total=600.0, connect=30.0, sock_read=60.0)
_CLOSED = frozenset({401, 403, 404, 410})


class NoTableError(Exception):
    """What stands at the link is not for everybody: a login, a page, or nothing."""


async def fetch_table(
    link: str,
    place: Path,
    hosts: Collection[str],
    *,
    origin: URL | None = None,
    largest: int = LARGEST,
) -> None:
    """Store what a link leads to.

    Args:
        link: an http(s) link.
        place: the file that it goes into.
        hosts: where it and all it redirects to must be; ``.example.com``: every host below.
        origin: a place that may be asked wherever it is.
        largest: bytes that are taken at most.

    Raises:
        NoTableError: it shows no table to those who are not logged in.
        SheetError: it cannot be had, or is too large.
    """
    downloads = Downloads.open(
        origin=origin, proxies=Proxies.from_environment(), user_agent=USER_AGENT, timeout=_TIMEOUT
    )

    def judge(url: URL) -> None:
        host = url.host or ""
        if not any(host == name or (name[:1] == "." and host.endswith(name)) for name in hosts):
            raise NoTableError(f"it leads on to {host}")

    async def take(response: aiohttp.ClientResponse) -> bool:
        await _store(response, place, largest)
        return True

    try:
        if not await follow(downloads, link, take, judge=judge):
            raise _not_had("it redirects without end")
    except (RefusedLinkError, ConfigError, ValueError) as error:
        raise _not_had(str(error)) from error
    except NETWORK_ERRORS as error:
        raise _not_had(refused_when_resolved(error) or reason(error)) from error
    finally:
        await downloads.close()


async def _store(response: aiohttp.ClientResponse, place: Path, largest: int) -> None:
    if response.status in _CLOSED:
        raise NoTableError(f"HTTP {response.status}")
    if response.status != 200:
        raise _not_had(f"HTTP {response.status}")
    if "html" in response.content_type:
        raise NoTableError("a web page is shown instead of a table")
    size = 0
    with place.open("wb") as file:
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > largest:
                raise SheetError(
                    phrase(
                        "the table at the link has more than {largest} MB.",
                        largest=largest // 1000000,
                    ),
                    code="sheet_too_large",
                    hint=phrase("Split it into several."),
                )
            await in_thread(partial(file.write, piece))


def _not_had(why: str) -> SheetError:
    return SheetError(
        phrase("the table at the link cannot be had ({why}).", why=told(why, (), 200)),
        code="link_unreachable",
    )
