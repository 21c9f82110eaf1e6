"""Notes beside a half-downloaded file: which file it is, and how much of it is surely there.

Lines are only ever appended, each after the bytes it speaks of were forced to the disk, so no
crash, not even of the power, leaves more behind than a line that is torn.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from batch_runner.core.entity import Entity

_MOST = 256 * 1024  # bytes of notes that are read; a note for each few MiB of 4 GiB needs less


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """What is there of a file, by its notes; nothing, where they prove nothing."""

    entity: Entity | None = None
    size: int = 0  # bytes


def notes_of(part: Path) -> Path:
    """Where the notes to a part are."""
    return part.with_name(f"{part.stem}.notes.part")


def head(entity: Entity) -> bytes:
    """The first line."""
    return json.dumps(asdict(entity)).encode() + b"\n"


def line(size: int) -> bytes:
    """One further line: so many bytes from the beginning are on the disk."""
    return f"{size}\n".encode()


def read(path: Path, there: int) -> Had:
    """What is surely there, by the notes at ``path``, of a part of ``there`` bytes.

    Raises:
        OSError: they cannot be read.
    """
    with path.open("rb") as notes:
        first, *lines = notes.read(_MOST).split(b"\n")[:-1] or [b""]
    entity = _entity(first)
    sizes = [int(text) for text in lines if text.isdigit() and len(text) < 19]
    size = max(sizes, default=0)
    if entity is None or not 0 < size <= min(there, entity.length):
        return Had()
    return Had(entity=entity, size=size)


def _entity(text: bytes) -> Entity | None:
    try:
        fields = json.loads(text)
        *texts, length = (fields[name] for name in ("etag", "modified", "place", "length"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    sound = all(isinstance(value, str) and value.isprintable() for value in texts)
    return Entity(**fields) if sound and type(length) is int and len(fields) == 4 else None
