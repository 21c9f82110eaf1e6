"""The rows of a sheet as its ledger knows them, a page at a time; and the story of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.place import guards
from batch_runner.app.run.world import video_folder
from batch_runner.app.status import Story
from batch_runner.core.errors import UsageError
from batch_runner.core.jobs import Job

PAGE = 100  # rows
FILMS: Mapping[str, str] = {".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime"}
"""Files that are given out as videos, whatever a ledger says that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows."""

    jobs: Sequence[Job]
    worksheets: Mapping[int, str]
    after: tuple[int, int] | None  # where the next page begins; None: there is none


async def read_page(campaign: Campaign, shows: str | None, after: tuple[int, int]) -> Page:
    """Rows in the order of the sheet, all or those of one state."""
    with guards.reading(campaign.sidecar) as ledger:
        if ledger is None:
            return Page(jobs=(), worksheets={}, after=None)
        jobs = await ledger.page(shows, after, PAGE + 1)
        more = len(jobs) > PAGE
        last = jobs[PAGE - 1] if more else None
        return Page(
            jobs=jobs[:PAGE],
            worksheets=await ledger.worksheets(),
            after=None if last is None else (last.scope, last.row or 0),
        )


async def read_one(campaign: Campaign, job: int) -> Story:
    """All that is known of a row.

    Raises:
        UsageError: there is no such job.
    """
    with guards.reading(campaign.sidecar) as ledger:
        found = [] if ledger is None else await ledger.some_jobs([job])
        if ledger is None or not found:
            raise _no_row()
        return Story(
            job=found[0],
            attempts=await ledger.attempts(job),
            entries=await ledger.story(job),
        )


async def film_of(campaign: Campaign, job: int) -> Path:
    """The video of a row.

    The ledger may come from anybody, like the sheet: only a video in the folder of the videos
    is ever given out.

    Raises:
        UsageError: there is none.
    """
    story = await read_one(campaign, job)
    name = story.job.video_file
    if name is None:
        raise _no_row()
    path = (campaign.sheet.parent / name).resolve()
    inside = path.is_relative_to(video_folder(campaign).resolve())
    if not inside or path.suffix.lower() not in FILMS or not path.is_file():
        raise _no_row()
    return path


def prompt_of(job: Job) -> str:
    """What the row asks for, as far as its request can be read."""
    try:
        told = json.loads(job.body or b"{}")
    except ValueError:
        return ""
    prompt = told.get("prompt") if isinstance(told, dict) else None
    return prompt if isinstance(prompt, str) else ""


def _no_row() -> UsageError:
    return UsageError("there is no such row or video.", code="no_such_row")
