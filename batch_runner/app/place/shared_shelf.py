"""Videos in a shared place, known by a URL: downloaded here, checked, then put there.

It needs no sheet: any process that can reach ledger and place may bring a video home.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from batch_runner.app.place.parts import PartNames
from batch_runner.app.place.publisher import numbered
from batch_runner.app.place.shelf import video_stem
from batch_runner.core.container import EXTENSIONS
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.outcomes import FetchKind, FetchOutcome, Kept
from batch_runner.ledger.ledger import Ledger
from batch_runner.storage.digest import digest_of
from batch_runner.storage.place import Place
from batch_runner.storage.trouble import PlaceError


class SharedShelf:
    """Names videos as a folder's shelf does; the ledger and the sheet know them by their URLs."""

    def __init__(self, url: str, place: Place, incoming: Path, ledger: Ledger) -> None:
        """Prepare.

        Args:
            url: of the place, without a slash at its end.
            place: what puts files there.
            incoming: a folder of this machine, for videos until they are put there.
            ledger: knows whose a video is.
        """
        self._url = url
        self._place = place
        self._incoming = incoming
        self._ledger = ledger
        self._given: dict[str, int] = {}  # URLs on their way to be filled -> whose they are
        self._parts: PartNames | None = None

    async def reach(self) -> str:
        """Why the place cannot be reached; nothing: it can."""
        try:
            await self._place.reach()
        except PlaceError as error:
            return str(error)
        return ""

    async def place(self, job: Job) -> Path:
        """Where it is, without extension, once it came: the same for the same task, in any run."""
        return self._incoming / (await self._names()).whole(job.task_id or "")

    async def part(self, job: Job) -> Path:
        """Where it is while it comes."""
        return self._incoming / (await self._names()).name(job.task_id or "")

    async def at_hand(self, job: Job) -> FetchOutcome | None:
        """What came before this run was there to put it away: it was whole when it got its name."""
        return await asyncio.to_thread(_at_hand, await self.place(job))

    async def keep(self, job: Job, came: FetchOutcome) -> Kept:
        """Put it there, under a name that no other job's video bears."""
        assert came.path is not None
        try:
            known = await asyncio.to_thread(digest_of, came.path)
            for name in numbered(f"{job.file_name or video_stem(job)}{came.path.suffix}"):
                url = f"{self._url}/{name}"
                if not await self._may_take(url, job):
                    continue
                self._given[url] = job.id
                if await self._place.put(came.path, name, known):
                    return Kept(name=url, sha256=known.sha256)
                del self._given[url]
        except (PlaceError, OSError) as error:
            self._forget(job)
            return Kept(trouble=str(error))
        return Kept(trouble=phrase("no name for it is free there"))

    async def settled(self, job: Job) -> None:
        """What lies here is of no use any more: the ledger knows where it is kept."""
        self._forget(job)
        await asyncio.to_thread(_remove, await self.place(job))

    def _forget(self, job: Job) -> None:
        for url in [url for url, owner in self._given.items() if owner == job.id]:
            del self._given[url]

    async def _may_take(self, url: str, job: Job) -> bool:
        """Whether no other video of this campaign has the name; a former take of the job's has it."""
        stem = url.removesuffix(Path(url).suffix)
        if await self._ledger.owner_of_file(stem) is not None:
            return False
        return self._given.get(url, job.id) == job.id

    async def _names(self) -> PartNames:
        if self._parts is None:
            self._parts = await PartNames.of(self._ledger)
        return self._parts


def _wholes(stem: Path) -> Iterator[Path]:
    """The files that a video may be in, by what it is."""
    for extension in EXTENSIONS:
        yield stem.with_name(stem.name + extension)


def _at_hand(stem: Path) -> FetchOutcome | None:
    for path in _wholes(stem):
        if path.is_file():
            return FetchOutcome(kind=FetchKind.SAVED, path=path, size=path.stat().st_size)
    return None


def _remove(stem: Path) -> None:
    for path in _wholes(stem):
        path.unlink(missing_ok=True)
