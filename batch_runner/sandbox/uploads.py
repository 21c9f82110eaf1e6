"""Uploaded images: what is taken, and where it is kept."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

LIMIT = 20_971_520  # bytes
UPLOAD_SECONDS = 72 * 3600.0  # how long an upload's link lives
_SMALLEST = 64  # bytes; less cannot be a picture

_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


def folder(state: Path) -> Path:
    """Where a sandbox keeps its uploads."""
    return state / "uploads"


def sniff(data: bytes) -> str | None:
    """The content type of an image by its first bytes; ``None``: not one that is taken."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def complaint(data: bytes) -> str | None:
    """Why an image within the size limit is not taken; ``None``: it is."""
    if sniff(data) is None:
        shown = "application/pdf" if data.startswith(b"%PDF") else "application/octet-stream"
        return f"unsupported image type: {shown}, allowed: jpeg, png, gif, webp"
    return None if len(data) >= _SMALLEST else "invalid image content"


def keep(state: Path, filename: str, data: bytes, now: float) -> str:
    """Store an image; its name in the link."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(filename).stem)[:60].lstrip(".") or "image"
    suffix = _SUFFIXES[sniff(data) or "image/jpeg"]
    name = f"{int(now * 1000)}-{secrets.token_hex(4)}-{stem}.{suffix}"
    folder(state).mkdir(parents=True, exist_ok=True)
    (folder(state) / name).write_bytes(data)
    return name
