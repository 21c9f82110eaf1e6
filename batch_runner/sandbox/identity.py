"""Who asks, and the id that each request gets."""

from __future__ import annotations

import secrets
import time
from hashlib import sha256

from aiohttp import web

REQUEST_ID = "X-Oneapi-Request-Id"
"""The header that names a request, for the provider's support."""


def account_of(request: web.Request) -> str | None:
    """A hash that stands for the API key; ``None``: no key was given."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        return None
    return sha256(key.encode()).hexdigest()[:16]


def new_request_id() -> str:
    """The time and some chance."""
    return time.strftime("%Y%m%d%H%M%S") + secrets.token_hex(6)
