"""Fresh links of finished videos, into the rows that they belong to; nothing is ever sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.run import world
from batch_runner.app.sync import at_work_on, write_all
from batch_runner.core.again import relinked
from batch_runner.core.errors import ConfigError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import State
from batch_runner.core.outcomes import PollKind, PollOutcome
from batch_runner.core.pace import LEAST_LOOKS, backoff
from batch_runner.ledger.ledger import Ledger
from batch_runner.provider.client import HttpProvider
from batch_runner.scheduler.gates import LookGate

STILL_GOOD = timedelta(hours=1)  # a link that lives longer is not asked for
TRIES = 4

_PASSES = frozenset({PollKind.LIMITED, PollKind.UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What became of the links."""

    shown: Path  # the file that shows them
    good: int  # links that live on anyway
    fresh: int
    gone: int  # tasks of which the provider has no video any more, or does not answer


async def refresh_links(campaign: Campaign, key: str, say: Callable[[str], None]) -> Refreshed:
    """Ask for the links of all finished rows, and write them into the sheet.

    Raises:
        ConfigError: the key is refused.
        SheetError, SheetBusyError, LockedError: as for a sync.
    """
    async with at_work_on(campaign) as ledger, world.service(campaign, key) as provider:
        jobs = [job for job in await ledger.jobs_in_sheet() if _is_finished(job)]
        old = [job for job in jobs if not _is_good(job)]
        looks = LookGate(lambda: campaign.settings.polls or LEAST_LOOKS)
        turn = asyncio.Semaphore(world.limits_of(campaign, terminal=False).downloads)

        async def one(job: Job) -> bool:
            async with turn:
                return await _refresh(job, ledger, provider, looks)

        fresh = sum(await asyncio.gather(*map(one, old)))
        shown = await write_all(campaign, ledger, say)
    good, gone = len(jobs) - len(old), len(old) - fresh
    return Refreshed(shown=shown, good=good, fresh=fresh, gone=gone)


def _is_finished(job: Job) -> bool:
    return job.state is State.SUCCEEDED and job.task_id is not None


def _is_good(job: Job) -> bool:
    dies = job.expires_at
    if job.published is not None:
        return True
    return bool(job.urls) and dies is not None and dies > now() + STILL_GOOD


async def _refresh(job: Job, ledger: Ledger, provider: HttpProvider, looks: LookGate) -> bool:
    """Ask for one link and keep it; whether there is one."""
    outcome = await _look(job, provider, looks)
    if outcome.kind is PollKind.KEY_REFUSED:
        raise ConfigError(
            phrase("the API key is refused: {message}.", message=outcome.message),
            code="key_refused",
            hint=phrase("Use the key that the videos were made with."),
        )
    if outcome.kind is not PollKind.COMPLETED or not outcome.urls:
        return False
    await ledger.record(job, relinked(job, outcome, now()))
    return True


async def _look(job: Job, provider: HttpProvider, looks: LookGate) -> PollOutcome:
    for tries in range(1, TRIES + 1):
        await looks.wait()
        outcome = await provider.poll(job.task_id or "")
        if outcome.kind not in _PASSES or tries == TRIES:
            break
        looks.pause(outcome.retry_after or backoff(tries, world.jitter()))
    return outcome
