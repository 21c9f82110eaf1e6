"""Where a run listens: a socket in the sidecar, or where its note in the sidecar says."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

NOTE = "control.json"
SOCKET = "control.sock"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
LONGEST = 100  # bytes; systems take between 104 and 108 for the path of a socket, an end included


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to connect to."""

    socket: Path | None = None
    port: int = 0  # on this machine, where there are no such sockets
    token: str = field(default="", repr=False)  # whoever knows it could read the note


def socket_places(sidecar: Path) -> tuple[Path, ...]:
    """Paths that a run may listen at, the best first.

    A path of a socket may not be long, and not every file system holds sockets: the second is in
    a folder of the user's own among the temporary files.
    """
    name = f"{hashlib.sha256(os.fsencode(sidecar)).hexdigest()[:16]}.sock"
    ours = Path(tempfile.gettempdir(), f"batch-runner-{_user()}", name)
    return tuple(place for place in (sidecar / SOCKET, ours) if _fits(place))


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may enter.

    Raises:
        OSError: it cannot be made, or somebody else's is there.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != _user() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private folder of this user")


def leave_note(sidecar: Path, place: Place) -> None:
    """Write down where the run listens, for its owner's eyes only.

    Raises:
        OSError: the folder cannot be written.
    """
    told: dict[str, object] = (
        {"port": place.port, "token": place.token}
        if place.socket is None
        else {"socket": str(place.socket)}
    )
    fresh = sidecar / f"{NOTE}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(told, file)
    fresh.replace(sidecar / NOTE)


def read_note(sidecar: Path) -> Place | None:
    """Where the run of a sidecar listens; ``None``: nobody left a note that can be used.

    The folder may come from anybody: a socket that is not this user's own is not used, and a
    token that could be words of some other service on this machine is not sent.
    """
    try:
        told = json.loads((sidecar / NOTE).read_text(encoding="utf-8"))
        if "socket" in told:
            socket = Path(told["socket"])
            found = socket.lstat()
            ours = stat.S_ISSOCK(found.st_mode) and found.st_uid == _user()
            return Place(socket=socket) if ours and socket.suffix == ".sock" else None
        token = str(told["token"])
        return Place(port=int(told["port"]), token=token) if _TOKEN.fullmatch(token) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fits(place: Path) -> bool:
    return len(os.fsencode(place)) <= LONGEST


def _user() -> int:
    if sys.platform == "win32":
        return 0  # files there have no such owner
    return os.getuid()
