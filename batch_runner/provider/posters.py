"""Small pictures of finished videos, from the links that the provider gives with them.

The same guards as for downloads: no private address, whatever redirects say, and bounds in size
and time. A picture is decoration: what cannot be had is left out. The API key is not sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path

import aiohttp
from PIL import Image
from yarl import URL

from batch_runner.core.errors import ConfigError
from batch_runner.provider.client import USER_AGENT
from batch_runner.provider.download import Downloads, follow
from batch_runner.provider.examine import MOST_PIXELS
from batch_runner.provider.exchange import NETWORK_ERRORS
from batch_runner.provider.guard import RefusedLinkError
from batch_runner.provider.part import in_thread
from batch_runner.provider.proxies import Proxies

BOX = (290, 160)
"""Pixels that a picture keeps at most: twice what a cell shows, for fine screens."""

_AT_ONCE = 8
_PATIENCE = 20.0  # seconds for all of one call; results wait for them
_TIMEOUT = aiohttp.ClientTimeout(total=_PATIENCE, connect=10.0, sock_read=10.0)
_LARGEST = 10_000_000  # bytes
_QUALITY = 80  # of 95


async def fetch_posters(
    links: Mapping[Path, str], origin: str, box: tuple[int, int] = BOX
) -> None:
    """Store a picture at each path, as a small JPEG; those that cannot be had are not there.

    Args:
        links: where a picture goes -> its http(s) link.
        origin: the API's: its host may be asked wherever it is.
        box: pixels that a picture keeps at most.
    """
    downloads = Downloads.open(
        origin=URL(origin),
        proxies=Proxies.from_environment(),
        user_agent=USER_AGENT,
        timeout=_TIMEOUT,
    )
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(path: Path, link: str) -> None:
        async with turn:
            await _fetch(downloads, link, path, box)

    tasks = [asyncio.create_task(one(path, link)) for path, link in links.items()]
    try:
        _, late = await asyncio.wait(tasks, timeout=_PATIENCE)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await downloads.close()


async def _fetch(downloads: Downloads, link: str, path: Path, box: tuple[int, int]) -> None:
    """One picture; never raises for what a network, a server or a disk may do."""
    try:
        content = await follow(downloads, link, _take)
        if content:
            await in_thread(partial(_store, content, path, box))
    except (RefusedLinkError, ConfigError, ValueError, *NETWORK_ERRORS):
        return


async def _take(response: aiohttp.ClientResponse) -> bytes | None:
    if response.status != 200:
        return None
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > _LARGEST:
            return None
    return bytes(content)


def _store(content: bytes, path: Path, box: tuple[int, int]) -> None:
    """Make it small, and a JPEG of our own making: nothing of what came is passed on."""
    small = _small(content, box)
    if small is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        beside.write_bytes(small)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _small(content: bytes, box: tuple[int, int]) -> bytes | None:
    try:
        with Image.open(BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            plain = image.convert("RGB")
        plain.thumbnail(box)
        out = BytesIO()
        plain.save(out, "JPEG", quality=_QUALITY)
    except Exception:  # noqa: BLE001 - decoders of broken files raise whatever they stumble on
        return None
    return out.getvalue()


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height of a stored picture; ``None`` if it is not there, or broken."""
    try:
        with Image.open(path) as image:
            return image.size
    except Exception:  # noqa: BLE001 - as above
        return None
