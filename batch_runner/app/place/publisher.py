"""Gives stored videos links that last: copies them to where those lead, if they lie elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from batch_runner.app.gallery.files import is_video
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.places import is_inner, is_url
from batch_runner.core.publishing import Published, link_below
from batch_runner.storage.digest import digest_of
from batch_runner.storage.place import Place
from batch_runner.storage.trouble import PlaceError

MOST_NAMES = 1000  # tried for one video


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPublisher:
    """Publishes what lies in the video folder, under the names it has there."""

    base_url: str
    videos: Path | str  # folder or URL where videos are stored
    sheet_folder: Path  # what their paths in the ledger are relative to
    place: Place | None  # None: the links lead to where the videos are stored

    @property
    def base(self) -> str:
        """What all links begin with."""
        return f"{self.base_url}/"

    async def publish(self, job: Job) -> Published:
        """Put a row's video where its lasting link leads; nothing to do where it is gone."""
        stored = job.video_file or ""
        name = self._name(stored)
        if name is None or not is_inner(name):
            return Published(trouble=phrase("it does not lie in the folder of the videos"))
        if self.place is None:
            return Published(link=link_below(self.base_url, name))
        file = self.sheet_folder / stored
        if not await asyncio.to_thread(is_video, file):
            return Published()  # somebody took it away: whoever did has it
        try:
            return Published(link=link_below(self.base_url, await self._put(file, name)))
        except (PlaceError, OSError) as error:
            return Published(trouble=str(error))

    async def _put(self, file: Path, name: str) -> str:
        """Put a copy there; the name that was free, or that it has from an earlier try."""
        assert self.place is not None
        known = await asyncio.to_thread(digest_of, file)
        for free in numbered(name):
            if await self.place.put(file, free, known):
                return free
        raise PlaceError(phrase("no name for it is free there"))

    def _name(self, stored: str) -> str | None:
        """What a video is called within the folder of the videos; ``None``: it is not there."""
        if isinstance(self.videos, str):
            return stored.removeprefix(f"{self.videos}/") if is_url(stored) else None
        if is_url(stored):
            return None
        # As they really are: a ledger that came with a sheet may name any file.
        path = (self.sheet_folder / stored).resolve()
        if path.is_relative_to(videos := self.videos.resolve()):
            return path.relative_to(videos).as_posix()
        near = path.is_relative_to(self.sheet_folder.resolve())
        return path.name if near and self.place is not None else None


def numbered(name: str) -> Iterator[str]:
    """A name, then the same with 2, 3 ... before its extension."""
    yield name
    path = PurePosixPath(name)
    for number in range(2, MOST_NAMES):
        yield str(path.with_name(f"{path.stem}_{number}{path.suffix}"))
