"""Which hosts a video's link may lead to: public ones, and the API's own.

A link comes from outside. Without this, whoever writes one could make this machine ask its own
network: routers, metadata services, the user's other programs.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Set as AbstractSet
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from batch_runner.core.addresses import is_public
from batch_runner.core.language import phrase
from batch_runner.provider.proxies import is_loopback

Place = tuple[str, int]
"""Host, in lower case, and port; made by :func:`place_of`."""

_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)


class RefusedLinkError(Exception):
    """A link leads where downloads do not go; the message says why."""


class _PrivateAddressError(OSError):
    """A host's name leads to no public address."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only, at the moment of connecting.

    The connection goes to the very address that was judged here, so a name cannot show one
    address first and another later.
    """

    def __init__(self, allowed: AbstractSet[Place]) -> None:
        self._allowed = allowed
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that may be asked.

        Raises:
            OSError: there are none.
        """
        try:
            found = await self._system.resolve(host, port, family)
        except UnicodeError as error:  # a name longer than names can be
            raise OSError(f"{host} is no host name") from error
        if _place(host, port) in self._allowed:
            return found
        public = [place for place in found if is_public(place["host"])]
        if not public:
            raise _PrivateAddressError(f"{host} leads to a private or local address")
        return public

    async def close(self) -> None:
        """Nothing is held open."""
        await self._system.close()


def place_of(url: URL) -> Place:
    """Where a URL's host listens."""
    return _place(url.host or "", url.port or 0)


def _place(host: str, port: int) -> Place:
    """This machine is one place under all of its names: a sandbox's links may use another."""
    return "localhost" if is_loopback(host) else host.lower(), port


def check_link(url: URL, allowed: AbstractSet[Place]) -> None:
    """Judge a link by what it shows: its scheme, and its host where that is an address.

    Names are judged when they are resolved, by :class:`PublicResolver`; through a proxy the proxy
    resolves them, so there only what is seen here is judged.

    Raises:
        RefusedLinkError: it must not be fetched.
    """
    if url.scheme not in {"http", "https"} or not url.host:
        raise RefusedLinkError(phrase("the link is not an http(s) address"))
    host = url.host.lower()
    if place_of(url) in allowed:
        return
    if is_loopback(host) or (_is_address(host) and not is_public(host)):
        raise RefusedLinkError(phrase("{host} is a private or local address", host=host))


def refused_when_resolved(error: BaseException) -> str:
    """Why a name was refused, if that is what an error of the connection means; else empty."""
    cause = error.__cause__
    return str(cause) if isinstance(cause, _PrivateAddressError) else ""


def _is_address(host: str) -> bool:
    """Whether a host is an address in any notation: ``127.0.0.1``, ``::1``, ``127.1``, ``0x7f.1``."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        # No domain ends in a number: what does is an address in an old notation.
        return _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) is not None
    return True
