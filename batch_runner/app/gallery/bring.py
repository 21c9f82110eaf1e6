"""Videos from a shared place, brought here for an archive that is to hold them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.files import is_video
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.status import known_or_refused
from batch_runner.core.errors import UsageError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.places import check_place, is_elsewhere
from batch_runner.storage.place import Place, open_place
from batch_runner.storage.trouble import PlaceError

AT_ONCE = 4


async def bring_videos(campaign: Campaign, folder: Path) -> Mapping[str, Path]:
    """Copy a sheet's videos out of their shared place; what the ledger keeps of each -> the file.

    Raises:
        SheetError: the sheet was never run.
        ConfigError: what the place needs is not installed.
        UsageError: one cannot be had, or is not the one that was put there.
    """
    async with reading(campaign.ledger) as found:
        ledger = known_or_refused(found, campaign)
        jobs = [job for job in await ledger.jobs_in_sheet() if is_elsewhere(job.video_file or "")]
        hashes = {}
        for job in jobs:
            (last,) = (one for one in await ledger.attempts(job.id) if one.n == job.attempt)
            hashes[job.id] = last.video_sha256
    places: dict[str, Place] = {}
    turn = asyncio.Semaphore(AT_ONCE)

    async def bring(job: Job) -> tuple[str, Path]:
        stored = job.video_file or ""
        root, _, name = stored.rpartition("/")
        target = folder / str(job.id) / name
        async with turn:
            if root not in places:
                places[root] = open_place(check_place(root))
            await places[root].get(name, target, hashes[job.id])
        if not await asyncio.to_thread(is_video, target):  # a ledger may name any file
            raise PlaceError(phrase("{place} is no video", place=stored))
        return stored, target

    try:
        return dict(await asyncio.gather(*map(bring, jobs)))
    except (PlaceError, ValueError, OSError) as error:
        raise UsageError(
            phrase("a video cannot be brought from where it is kept ({reason}).", reason=error),
            code="video_not_brought",
            hint=phrase("Without --fetch the archive holds links to such videos."),
        ) from error
