"""What a file is known by: to tell that what lies somewhere is the very same."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batch_runner.core.language import phrase
from batch_runner.storage.trouble import PlaceError

PIECE = 8 * 1024 * 1024
"""Bytes of one part of an upload in several; what has fewer than two parts goes in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A file's size and hashes."""

    size: int  # bytes
    sha256: str  # hex
    etag: str  # as S3 calls an object that was uploaded so, where it does not encrypt it
    md5: str  # base64, as Google Cloud Storage tells it


def digest_of(path: Path) -> Digest:
    """Read a file once.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return digest(lambda: file.read(PIECE))


def check_hash(path: Path, sha256: str | None) -> None:
    """See to it that a file is the one that was meant, as far as its hash is known.

    Raises:
        PlaceError: it is another one.
    """
    if sha256 is not None and digest_of(path).sha256 != sha256:
        raise PlaceError(phrase("what lies there is not what was put there"))


def digest(read: Callable[[], bytes]) -> Digest:
    """The digest of what ``read`` gives, ``PIECE`` bytes at a time, until it gives none."""
    size, parts = 0, []
    sha256 = hashlib.sha256()
    md5 = hashlib.md5(usedforsecurity=False)
    while piece := read():
        size += len(piece)
        sha256.update(piece)
        md5.update(piece)
        parts.append(hashlib.md5(piece, usedforsecurity=False).digest())
    return Digest(
        size=size,
        sha256=sha256.hexdigest(),
        etag=md5.hexdigest() if size < 2 * PIECE else _of_parts(parts),
        md5=base64.b64encode(md5.digest()).decode("ascii"),
    )


def _of_parts(parts: list[bytes]) -> str:
    whole = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return f"{whole}-{len(parts)}"
