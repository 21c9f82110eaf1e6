"""By which names the server may be called: no web page can make a browser call it by another."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """What a ``Host`` header may say.

    A name that a stranger's domain server points at this machine (DNS rebinding) is none of
    these. An address cannot be pointed anywhere, so where the server listens for others, too, any
    address will do; who asks by it needs the password.
    """

    port: int
    names: Collection[str] = LOOPBACK
    any_address: bool = False

    def knows(self, host: str) -> bool:
        """Whether a ``Host`` header is one of ours."""
        name, port = _split(host.lower())
        if port != self.port:
            return False
        return name in self.names or (self.any_address and _is_address(name))

    def origin(self, host: str) -> str:
        """What ``Origin`` says of a page that was loaded from there."""
        return f"http://{host.lower()}"


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def from_here(address: str) -> str:
    """How this machine itself reaches a server that listens at an address, as URLs spell it."""
    try:
        if ipaddress.ip_address(address.strip("[]")).is_unspecified:  # it listens at all of them
            return "127.0.0.1"
    except ValueError:
        pass
    if is_loopback(address):
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


def _split(host: str) -> tuple[str, int]:
    name, colon, port = host.rpartition(":")
    if not colon or "]" in port:
        return host, 80
    return name, int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
