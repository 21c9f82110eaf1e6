"""How the gallery's page reaches videos and posters: beside it, within it, or packed with it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from batch_runner.core.container import EXTENSIONS, HEAD, sniff
from batch_runner.core.places import is_elsewhere, stored_path

POSTERS = "posters"
EMBED_AT_MOST = 3_000_000
"""Bytes of a video that goes into the page itself."""

EMBED_IN_ALL = 200_000_000
"""Bytes of all of them: browsers refuse pages that are much larger."""

_MIME = {".mp4": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm", ".mkv": "video/webm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Relative links from a page in the sidecar: the folder can be moved with its sheet."""

    folder: Path  # of the page
    sheet_folder: Path  # what stored paths are relative to

    def video(self, stored: str) -> str | None:
        """The link to a video; ``None`` if it is not there."""
        path = stored_path(self.sheet_folder, stored)
        return _relative(path, self.folder) if is_video(path) else None

    def poster(self, task_id: str) -> str | None:
        """The link to a task's poster; ``None`` if there is none."""
        path = poster_path(self.folder, task_id)
        return f"{POSTERS}/{path.name}" if path.is_file() else None


@dataclass(slots=True, kw_only=True)
class Within:
    """Small videos and all posters go into the page; larger ones stay beside it."""

    beside: Beside
    left: int = EMBED_IN_ALL

    def video(self, stored: str) -> str | None:
        """The video itself, or the link to it."""
        path = stored_path(self.beside.sheet_folder, stored)
        link = self.beside.video(stored)
        if link is None or path.stat().st_size > min(EMBED_AT_MOST, self.left):
            return link
        return self._data(path, _MIME.get(path.suffix, "image/gif"))

    def poster(self, task_id: str) -> str | None:
        """The picture itself."""
        if self.beside.poster(task_id) is None:
            return None
        return self._data(poster_path(self.beside.folder, task_id), "image/jpeg")

    def _data(self, path: Path, kind: str) -> str:
        content = path.read_bytes()
        self.left -= len(content)
        return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@dataclass(slots=True, kw_only=True)
class Packed:
    """Links within an archive, and what is to be packed for them."""

    beside: Beside
    members: dict[str, Path] = field(default_factory=dict)  # name in the archive -> file
    brought: Mapping[str, Path] = field(default_factory=dict)  # videos from a shared place
    elsewhere: set[str] = field(default_factory=set)  # those that were not: not packed

    def video(self, stored: str) -> str | None:
        """The link to the video as it will be packed."""
        if stored in self.brought:
            return quote(self._member("videos", self.brought[stored]))
        if is_elsewhere(stored):
            self.elsewhere.add(stored)
        path = stored_path(self.beside.sheet_folder, stored)
        return None if self.beside.video(stored) is None else quote(self._member("videos", path))

    def poster(self, task_id: str) -> str | None:
        """The link to the poster as it will be packed."""
        if self.beside.poster(task_id) is None:
            return None
        return self._member(POSTERS, poster_path(self.beside.folder, task_id))

    def _member(self, folder: str, path: Path) -> str:
        for name in _names(folder, path):
            if self.members.setdefault(name, path) == path:
                return name
        raise AssertionError


def poster_path(folder: Path, task_id: str) -> Path:
    """Where the poster of a task's video is kept."""
    return folder / POSTERS / f"{hashlib.sha256(task_id.encode()).hexdigest()[:12]}.jpg"


def is_video(path: Path) -> bool:
    """Whether it is a video indeed: a ledger that came with a sheet may name any file."""
    if path.suffix not in EXTENSIONS:
        return False
    try:
        with path.open("rb") as file:
            return sniff(file.read(HEAD)) is not None
    except OSError:
        return False


def _relative(path: Path, folder: Path) -> str:
    try:
        return quote(Path(os.path.relpath(path, folder)).as_posix())
    except ValueError:  # another drive on Windows
        return path.absolute().as_uri()


def _names(folder: str, path: Path) -> Iterator[str]:
    """Names to be tried in turn: videos of several folders may bear the same."""
    yield f"{folder}/{path.name}"
    for number in range(2, 1_000_000):
        yield f"{folder}/{path.stem}_{number}{path.suffix}"
