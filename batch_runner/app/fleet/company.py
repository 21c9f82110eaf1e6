"""The workers of one campaign, as one of them sees the rest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from batch_runner.app.clock import now
from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.core.uploads import Upload, Waiting
from batch_runner.ledger.postgres.bucket import Bounds, Desk
from batch_runner.ledger.postgres.ledger import PostgresLedger
from batch_runner.scheduler.sharing import Sharing

AT_ONCE = 1000  # tasks of others that are taken over at once


@dataclass(kw_only=True)
class Company:
    """What the engine asks of the others, see :class:`batch_runner.core.ports.Others`."""

    ledger: PostgresLedger
    desk: Desk
    look: float  # seconds between two looks where nobody tells of anything
    stays: bool = False  # it waits for more, though nothing is left
    told: asyncio.Event = field(default_factory=asyncio.Event)  # a look is worth it now
    _quiet: bool = False  # nobody was at anything when it was asked for last

    async def join(self, sharing: Sharing) -> None:
        """Claim as one of them from now on, within what the account bears.

        What this process left undone when it was at this campaign before is anybody's.
        """
        self.ledger.join(
            self.desk,
            lambda: Bounds(rate=sharing.pace.rate, slots=int(sharing.pace.slots)),
        )
        await self.ledger.release(now())

    async def news(self) -> None:
        """Wait until it was told, or for as long as nobody does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.look):
                await self.told.wait()
        self.told.clear()

    async def leave_more(self) -> bool:
        """Whether they are at something, or were when this worker looked for a row last."""
        if self.stays:
            return True
        if await self.ledger.count_open() > 0:
            self._quiet = False
            return True
        quiet, self._quiet = self._quiet, True
        if not quiet:
            self.told.set()  # what was given back meanwhile is found by one more look
        return not quiet


class WorkersLedger:
    """The ledger as one of many workers uses it: it sees to its own tasks, and to orphans'.

    Where the sheet is not at hand there are no pictures to upload; what a worker cannot store is
    fetched by the run that has the sheet.
    """

    def __init__(self, ledger: PostgresLedger, *, pictures: bool, videos: bool) -> None:
        """``pictures``, ``videos``: whether their places are at hand."""
        self._ledger = ledger
        self._pictures = pictures
        self._videos = videos

    async def claim(self, terms: ClaimTerms) -> Claim:
        """The next job to submit, its intent durable, and its owner this worker."""
        return await self._ledger.claim(terms)

    async def waiting_for_pictures(self, terms: ClaimTerms, most: int) -> Sequence[Waiting]:
        """The first jobs that wait for pictures to be uploaded from here."""
        return await self._ledger.waiting_for_pictures(terms, most) if self._pictures else ()

    async def keep_upload(self, upload: Upload) -> None:
        """Remember where a picture lies at the provider."""
        await self._ledger.keep_upload(upload)

    async def record(self, job: Job, change: Change) -> Job:
        """What happened to a job, durable; the job as it is then."""
        return await self._ledger.record(job, change)

    async def job(self, job: int) -> Job:
        """One job as it is now."""
        return await self._ledger.job(job)

    async def open_jobs(self) -> Sequence[Job]:
        """Accepted tasks that nobody sees to any more; from now on this worker does."""
        await self._ledger.rescue(now())
        return await self._ledger.adopt(AT_ONCE, videos=self._videos)

    async def without_video(self) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had."""
        return await self._ledger.adopt_videos(AT_ONCE) if self._videos else ()

    async def unpublished(self, base: str) -> Sequence[Job]:
        """Succeeded jobs whose stored video has no lasting link that begins so."""
        return await self._ledger.unpublished(base) if self._videos else ()

    async def task_ids(self) -> AbstractSet[str]:
        """Every task that any attempt is known to have."""
        return await self._ledger.task_ids()

    async def durations(self, model: str) -> Sequence[float]:
        """Seconds that the last tasks of a model took, sorted."""
        return await self._ledger.durations(model)
