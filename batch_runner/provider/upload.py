"""A picture as the form that takes uploads wants it."""

from __future__ import annotations

from io import BytesIO

import aiohttp

TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
"""Extension -> type, of what is uploaded."""


def form_of(content: bytes, name: str) -> aiohttp.FormData:
    """The one field that is asked for; the type follows from the name's extension."""
    form = aiohttp.FormData()
    kind = TYPES.get(name[name.rfind(".") :], "application/octet-stream")
    # As a file, for the library sends large bytes in one piece, and nothing else goes on meanwhile.
    form.add_field("file", BytesIO(content), filename=name, content_type=kind)
    return form
