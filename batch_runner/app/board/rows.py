"""The rows of a sheet as its ledger knows them, a page at a time; and the story of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.files import is_video
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.status import Story
from batch_runner.core.errors import UsageError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.places import stored_path
from batch_runner.ledger.board import Place

PAGE = 100  # rows
FILMS: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/webm",
    ".gif": "image/gif",
}
"""Files that are given out as videos, and as what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows."""

    jobs: Sequence[Job]
    worksheets: Mapping[int, str]
    after: Place | None  # where the next page begins; None: there is none


async def read_page(campaign: Campaign, shows: str | None, after: Place) -> Page:
    """Rows in the order of the sheet, all or those of one state."""
    async with reading(campaign.ledger) as ledger:
        if ledger is None:
            return Page(jobs=(), worksheets={}, after=None)
        jobs = await ledger.page(shows, after, PAGE + 1)
        more = len(jobs) > PAGE
        last = jobs[PAGE - 1] if more else None
        return Page(
            jobs=jobs[:PAGE],
            worksheets=await ledger.worksheets(),
            after=None if last is None else (last.scope, last.row or 0, last.variant),
        )


async def read_one(campaign: Campaign, job: int) -> Story:
    """All that is known of a row.

    Raises:
        UsageError: there is no such job.
    """
    async with reading(campaign.ledger) as ledger:
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

    Raises:
        UsageError: there is none.
    """
    story = await read_one(campaign, job)
    return _film(campaign, story.job.video_file)


async def stored_film(campaign: Campaign, stored: str) -> Path:
    """A video by the path that the ledger keeps, of whatever attempt it is.

    Raises:
        UsageError: the ledger keeps no such path, or there is no video.
    """
    async with reading(campaign.ledger) as ledger:
        stem = stored.removesuffix(Path(stored).suffix)
        job = None if ledger is None else await ledger.owner_of_file(stem)
        tries = () if ledger is None or job is None else await ledger.attempts(job)
    return _film(campaign, stored if stored in {one.video_file for one in tries} else None)


def _film(campaign: Campaign, stored: str | None) -> Path:
    """The file, if it is a video indeed: a ledger that came with a sheet may name any file."""
    path = None if stored is None else stored_path(campaign.sheet.parent, stored)
    if path is None or path.suffix not in FILMS or not is_video(path):
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
    return UsageError(phrase("there is no such row or video."), code="no_such_row")
