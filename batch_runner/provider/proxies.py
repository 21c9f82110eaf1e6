"""The way out through a proxy: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``, or the system's.

The library could read them by itself, but it would then also take passwords from ``~/.netrc``
and send those to the API or to a video's host.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.redact import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that can be used."""

    url: URL  # without its user part
    authorization: str | None = None  # for its Proxy-Authorization header
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies as they were set when the run began."""

    by_scheme: Mapping[str, str]  # "http", "https" -> address as the user gave it

    @classmethod
    def from_environment(cls) -> Proxies:
        """What the environment, or on Windows and macOS the system, names."""
        named = getproxies()
        return cls(by_scheme={s: named[s] for s in ("http", "https") if named.get(s)})

    def for_url(self, url: URL) -> Proxy | None:
        """The proxy to reach ``url`` by; ``None``: directly.

        This machine itself is always reached directly. May ask the system's name service
        (Windows), so call it in a thread where that matters.

        Raises:
            ConfigError: the proxy is of a kind that cannot be used.
        """
        address = self.by_scheme.get(url.scheme)
        host = url.host or ""
        if address is None or is_loopback(host) or proxy_bypass(f"{host}:{url.port}"):
            return None
        return _proxy(address, variable=f"{url.scheme.upper()}_PROXY")

    def secrets(self) -> tuple[str, ...]:
        """Their passwords; a very short one would hide words that are none."""
        found = set()
        for scheme, address in self.by_scheme.items():
            with contextlib.suppress(ConfigError):
                found.add(_proxy(address, variable=scheme).password)
        return tuple(password for password in found if len(password) > 3)

    def places(self) -> Iterator[tuple[str, int]]:
        """Host and port of each proxy that can be used."""
        for scheme, address in self.by_scheme.items():
            with contextlib.suppress(ConfigError):  # told when it is needed: see for_url
                proxy = _proxy(address, variable=scheme).url
                yield (proxy.host or "").lower(), proxy.port or 0


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _proxy(address: str, *, variable: str) -> Proxy:
    try:
        url = URL(address if "://" in address else f"http://{address}")
        usable = url.scheme in {"http", "https"} and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        # Without user and password, which may hold any character where they are not encoded.
        shown = redact(address.rpartition("@")[2])
        raise ConfigError(
            phrase(
                "The proxy at {shown!r} cannot be used: only http:// and https:// proxies can.",
                shown=shown,
            ),
            code="proxy_unsupported",
            hint=phrase(
                "Set {variable} to an HTTP proxy, or name the host in NO_PROXY.", variable=variable
            ),
        )
    authorization = None
    if url.user is not None:
        pair = f"{url.user}:{url.password or ''}".encode()
        authorization = f"Basic {base64.b64encode(pair).decode('ascii')}"
    return Proxy(url=url.with_user(None), authorization=authorization, password=url.password or "")
