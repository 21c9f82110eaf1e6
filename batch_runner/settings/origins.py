"""Where requests may go."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from batch_runner.core.language import phrase

DEFAULT_ORIGIN = "https://api.apimart.ai"

BUILT_IN_ORIGINS = (
    DEFAULT_ORIGIN,
    "https://api.apib.ai",
    "https://api.aiuxu.com",
    "https://api.aishuch.com",
)
"""APIMart's own origins: the same API on other lines (seen answering in 07-08/2026)."""


def check_origin(url: str) -> str:
    """An origin, lower-case and without a trailing slash or a default port.

    Raises:
        ValueError: with a plain sentence: not an https origin (plain http is for this machine
            only), or it carries a path, a query or a user.
    """
    text = url.strip()
    if "@" in text:  # said before anything else: no later message may repeat a password
        raise ValueError(phrase("an origin must not carry a user or password"))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(
            phrase(
                "'{text}' must be an origin such as {default_origin}",
                text=text,
                default_origin=DEFAULT_ORIGIN,
            )
        ) from None
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host or any(c.isspace() for c in text):
        raise ValueError(
            phrase(
                "'{text}' must be an origin such as {default_origin}",
                text=text,
                default_origin=DEFAULT_ORIGIN,
            )
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            phrase("'{text}' must be an origin only, without path or query", text=text)
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            phrase("'{text}' must use https; plain http is for this machine only", text=text)
        )
    shown = f"[{host}]" if ":" in host else host
    default_port = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{shown}" + ("" if port in {None, default_port} else f":{port}")


def check_web_address(url: str) -> str:
    """An address below which others call, without a trailing slash.

    Raises:
        ValueError: as :func:`check_origin` does; or it has a query or a fragment.
    """
    text = url.strip().rstrip("/")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(phrase("'{text}' must be a web address", text=text)) from None
    if (
        parts.query
        or parts.fragment
        or not text.isascii()
        or not text.isprintable()
        or " " in text
    ):
        raise ValueError(phrase("must be a web address without query, blanks and other alphabets"))
    return check_origin(f"{parts.scheme}://{parts.netloc}") + parts.path


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine: ``localhost`` or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
