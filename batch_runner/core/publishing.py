"""Giving stored videos links that last: what they are, and what became of the try.

Pure: what could be done is told by values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from batch_runner.core import wording
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event

UNPUBLISHED = "video_unpublished"
"""The error code of a row whose video is stored, and not yet to be had at its lasting link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of one try; neither ``link`` nor ``trouble``: there is nothing to publish."""

    link: str = ""
    trouble: str = ""  # one line for people


def link_below(base: str, name: str) -> str:
    """The address of a file below ``base``, whatever characters its name has."""
    return f"{base.rstrip('/')}/{quote(name, safe='/')}"


def after_publishing(job: Job, outcome: Published, now: datetime) -> Change | None:
    """What to keep of a try; ``None``: nothing happened."""
    if outcome.link:
        ours = job.error_code == UNPUBLISHED
        return Change(
            job=job.id,
            attempt=job.attempt,
            event=Event.PUBLISHED,
            at=now,
            published=outcome.link,
            error_code="" if ours else None,
            error="" if ours else None,
        )
    if outcome.trouble:
        return Change(
            job=job.id,
            attempt=job.attempt,
            event=Event.UNPUBLISHED,
            at=now,
            error_code=UNPUBLISHED,
            error=wording.not_published(outcome.trouble),
        )
    return None
