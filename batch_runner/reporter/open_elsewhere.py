"""The small files that spreadsheet programs leave beside a file while they have it open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

_MOST = 4096  # bytes that are read
_LONGEST = 60  # characters of a name that are shown
_ANSI, _WIDE = slice(1, 55), 55  # where Excel puts its user's name, and once more in UTF-16


def locks_of(path: Path) -> Iterator[Path]:
    """Those that are there: Excel's and LibreOffice's."""
    for name in (f"~${path.name}", f".~lock.{path.name}#"):
        if os.path.lexists(path.with_name(name)):
            yield path.with_name(name)


def told_by(lock: Path) -> str:
    """Who has it open and since when, as far as the lock says: ``by Anna on pc7, since ...``.

    The time is the lock's own, in the local zone; an old one may be left over from a crash.
    """
    parts: list[str] = []
    with suppress(OSError):
        who = _owner(lock.name, _start(lock)) if lock.is_file() else ""
        parts += [f"by {who}"] if who else []
        since = datetime.fromtimestamp(lock.stat().st_mtime).astimezone()
        parts.append(f"since {since:%Y-%m-%d %H:%M}")
    return ", ".join(parts)


def _start(lock: Path) -> bytes:
    with lock.open("rb") as file:
        return file.read(_MOST)


def _owner(name: str, content: bytes) -> str:
    if name.startswith("~$"):
        size = int.from_bytes(content[_WIDE : _WIDE + 2], "little")
        wide = content[_WIDE + 2 : _WIDE + 2 + 2 * size].decode("utf-16-le", "replace")
        return _shown(wide or content[_ANSI][: content[0] if content else 0].decode("latin-1"))
    user, login, host, *_ = [*content.decode("utf-8", "replace").split(","), "", "", ""]
    people = _shown(user) or _shown(login)
    return f"{people} on {_shown(host)}" if people and _shown(host) else people


def _shown(text: str) -> str:
    """A name from a file that anybody may have written."""
    return "".join(c for c in text if c.isprintable()).strip()[:_LONGEST]
