"""Notes beside a half-downloaded file: which file it is, and how much of it is surely there.

Lines are only ever appended, so no crash can harm more than the last one. A note counts if the
bytes before it have the digest it names: what a power cut left unwritten is found out, and
nothing has to be forced to the disk while the download is on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from batch_runner.core.entity import Entity

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 1024 * 1024
_MOST = 1024 * 1024  # bytes of notes that are read; a note for each MiB of 4 GiB needs less

Mark = tuple[int, str]
"""Bytes from the beginning, and their SHA-256 in hex."""


@dataclass(slots=True, kw_only=True)
class Had:
    """What is there of a file, by its notes; nothing, where they prove nothing."""

    entity: Entity | None = None
    size: int = 0  # bytes
    digest: _Hash = field(default_factory=hashlib.sha256)


def notes_of(part: Path) -> Path:
    """Where the notes to a part are."""
    return part.with_name(f"{part.stem}.notes.part")


def head(entity: Entity) -> bytes:
    """The first line."""
    return json.dumps(asdict(entity)).encode() + b"\n"


def line(size: int, sha256: str) -> bytes:
    """One further line."""
    return f"{size} {sha256}\n".encode()


def read(path: Path, file: BinaryIO) -> Had:
    """What is surely there of ``file``, by the notes at ``path``.

    Raises:
        OSError: one of them cannot be read.
    """
    try:
        with path.open("rb") as notes:
            first, *lines = notes.read(_MOST).split(b"\n")[:-1] or [b""]
    except FileNotFoundError:
        return Had()
    entity = _entity(first)
    if entity is None:
        return Had()
    marks = sorted(mark for text in lines if (mark := _mark(text)) and mark[0] <= entity.length)
    return _proved(file, entity, marks)


def _proved(file: BinaryIO, entity: Entity, marks: Sequence[Mark]) -> Had:
    """The longest beginning of a file that has the digest that was noted for it."""
    digest, at, had = hashlib.sha256(), 0, Had(entity=entity)
    file.seek(0)
    for size, sha256 in marks:
        while at < size and (block := file.read(min(_BLOCK, size - at))):
            digest.update(block)
            at += len(block)
        if at < size:
            break
        if digest.hexdigest() == sha256:
            had = Had(entity=entity, size=size, digest=digest.copy())
    return had


def _entity(text: bytes) -> Entity | None:
    try:
        fields = json.loads(text)
        *texts, length = (fields[name] for name in ("etag", "modified", "place", "length"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    sound = all(isinstance(value, str) and value.isprintable() for value in texts)
    return Entity(**fields) if sound and type(length) is int and len(fields) == 4 else None


def _mark(text: bytes) -> Mark | None:
    size, _, sha256 = text.partition(b" ")
    return (int(size), sha256.decode("ascii", "replace")) if size.isdigit() else None
