"""Posters of finished videos, kept in the sidecar: made once, whatever they are made from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from batch_runner.app.gallery.cards import Seen
from batch_runner.app.gallery.files import poster_path
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.core.places import stored_path
from batch_runner.ledger.ledger import Ledger
from batch_runner.reporter.frames import POSTER, Grab, grabber, store_poster


@dataclass(slots=True, kw_only=True)
class Posters:
    """Makes what is missing: from the video at hand, else from the provider's thumbnail."""

    folder: Path  # of the page
    sheet_folder: Path
    ledger: Ledger
    origin: str | None  # of the API; None: nothing is asked for on the network
    grab: Grab | None = field(default_factory=grabber)
    asked: bool = False  # the network was tried and gave nothing: once is enough

    async def make(self, rows: Sequence[Seen]) -> None:
        """See to it that these rows have posters, as far as they can be had."""
        missing = [
            seen.job
            for seen in rows
            if seen.job.state is State.SUCCEEDED
            and seen.job.task_id
            and not poster_path(self.folder, seen.job.task_id).is_file()
        ]
        if not missing:
            return
        poster_path(self.folder, "").parent.mkdir(exist_ok=True)
        rest = await asyncio.to_thread(self._grab_all, missing)
        if rest and self.origin is not None and not self.asked:
            await self._fetch(rest, self.origin)

    def _grab_all(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Take them from videos at hand; gives those for which that did not do."""
        grab = self.grab
        if grab is None:
            return jobs

        def one(job: Job) -> bool:
            if not job.video_file:
                return False
            video = stored_path(self.sheet_folder, job.video_file)
            return store_poster(video, poster_path(self.folder, job.task_id or ""), grab)

        with ThreadPoolExecutor() as pool:  # decoders leave Python alone while they work
            done = list(pool.map(one, jobs))
        return [job for job, made in zip(jobs, done, strict=True) if not made]

    async def _fetch(self, jobs: Sequence[Job], origin: str) -> None:
        from batch_runner.provider.posters import fetch_posters

        links = await self.ledger.thumbnails([job.id for job in jobs])
        if not links:
            return
        paths = {job.id: poster_path(self.folder, job.task_id or "") for job in jobs}
        await fetch_posters({paths[job]: link for job, link in links.items()}, origin, POSTER)
        self.asked = not any(paths[job].is_file() for job in links)
