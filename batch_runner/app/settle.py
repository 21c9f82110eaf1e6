"""Rows of which nobody knows whether they were accepted, settled by the one who can find out."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.status import Story
from batch_runner.core import wording
from batch_runner.core.errors import UsageError
from batch_runner.core.jobs import Change, Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.lock import hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How to settle a row: exactly one of the three."""

    resend: bool = False  # it was not accepted: send it again (a new attempt)
    task_id: str | None = None  # it was, and this is its task
    give_up: bool = False  # leave it, as failed


async def unknown_rows(campaign: Campaign) -> list[Story]:
    """Each unknown row with its attempts, as they tell what to look for."""
    async with reading(campaign.ledger) as ledger:
        if ledger is None:
            return []
        return [
            Story(
                job=job,
                attempts=await ledger.attempts(job.id),
                entries=await ledger.story(job.id),
            )
            for job in await ledger.unknown_jobs()
        ]


async def settle(campaign: Campaign, who: Sequence[str], verdict: Verdict) -> list[Job]:
    """Settle these rows (none named: all unknown ones).

    Raises:
        UsageError: a row is not unknown, or one task id is given for several rows.
        LockedError: a run is on.
    """
    async with _held(campaign) as ledger:
        jobs = _named(await ledger.unknown_jobs(), who, campaign)
        if verdict.task_id is not None:
            await _check_task(ledger, jobs, verdict.task_id)
        for job in jobs:
            await ledger.record(job, change_for(job, verdict, now()))
        return jobs


async def settle_one(campaign: Campaign, job: int, verdict: Verdict) -> None:
    """Settle one row, or one of its variants, by its job.

    Raises:
        UsageError: it is not unknown, or the task id belongs to another row.
        LockedError: a run is on.
    """
    async with _held(campaign) as ledger:
        jobs = [one for one in await ledger.unknown_jobs() if one.id == job]
        if not jobs:
            raise UsageError(phrase("this row is not unknown any more."), code="not_unknown")
        if verdict.task_id is not None:
            await _check_task(ledger, jobs, verdict.task_id)
        await ledger.record(jobs[0], change_for(jobs[0], verdict, now()))


def change_for(job: Job, verdict: Verdict, at: datetime) -> Change:
    """The change that settles an unknown job."""
    if verdict.task_id is not None:
        return Change(
            job=job.id,
            attempt=job.attempt,
            event=Event.ADOPTED,
            at=at,
            task_id=verdict.task_id,
            error_code="",
            error="",
            detail={"why": "the user found its task"},
        )
    if verdict.resend:
        return Change(
            job=job.id,
            attempt=job.attempt,
            event=Event.RELEASED,
            at=at,
            hold=0,
            error_code="",
            error="",
            detail={"why": "the user says it was not accepted"},
        )
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=Event.GIVEN_UP,
        at=at,
        error_code="given_up",
        error=wording.given_up(),
    )


def _named(unknown: Sequence[Job], who: Sequence[str], campaign: Campaign) -> list[Job]:
    if not who:
        return list(unknown)
    found = []
    for name in who:
        named = [job for job in unknown if job.is_called(name)]
        if not named:
            raise UsageError(
                phrase("row {name} is not unknown.", name=name),
                code="not_unknown",
                where=str(campaign.sheet),
                hint=phrase("See what is: {command}", command=campaign.command("resolve")),
            )
        found += named
    return found


async def _check_task(ledger: Ledger, jobs: Sequence[Job], task_id: str) -> None:
    if len(jobs) != 1:
        raise UsageError(
            phrase("one task id cannot settle {number} rows.", number=len(jobs)),
            code="one_task_one_row",
            hint=phrase("Name the row: --row LINE --task-id ID."),
        )
    others = await ledger.task_ids() - {jobs[0].task_id or ""}
    if task_id in others:
        raise UsageError(
            phrase(
                "the task {task_id} belongs to another row of this sheet already.", task_id=task_id
            ),
            code="task_taken",
            hint=phrase("Look again: each task is the video of one row."),
        )


@asynccontextmanager
async def _held(campaign: Campaign) -> AsyncIterator[Ledger]:
    """The ledger, nobody else at work on it."""
    if not campaign.ledger.exists():
        raise UsageError(
            phrase("this sheet was never run, so nothing is unknown."),
            code="never_run",
            where=str(campaign.sheet),
        )
    with hold(campaign.sidecar.home, host=socket.gethostname(), pid=os.getpid(), at=now()):
        ledger = await campaign.ledger.for_command()
        try:
            yield ledger
        finally:
            ledger.close()
