"""What a download means for a job: stored, tried again, a fresh link, or left to the next run.

Pure: time and jitter come in as values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from batch_runner.core import wording
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.core.outcomes import FetchKind, FetchOutcome, Kept
from batch_runner.core.pace import backoff

FETCH_TRIES = 4
FRESH_LINKS = 2
WORTH_A_TRY = 1 << 20  # bytes; a download that breaks off again and again may go on for these


def is_dead(job: Job, now: datetime) -> bool:
    """Whether a job's link need not be tried: it has expired, as far as this clock tells."""
    return job.expires_at is not None and job.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchStep:
    """What to do after a download: keep the change, ask for a fresh link, or try again."""

    change: Change | None = None
    fresh_link: bool = False
    delay: float = 0.0  # seconds before the next try


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """How far a download has come."""

    tries: int = 0  # downloads in vain with the present link, the last one included
    fresh_links: int = 0  # fresh links asked for
    had: int = 0  # bytes that need not be asked for again, at most so far

    def after(self, outcome: FetchOutcome) -> Fetching:
        """With one more try; one that brought it on was not in vain."""
        won = outcome.size - self.had >= WORTH_A_TRY
        tries = 0 if won else self.tries + 1
        had = max(self.had, outcome.size)
        return replace(self, tries=tries, had=had)

    def fresh(self) -> Fetching:
        """With another link."""
        return replace(self, tries=0, fresh_links=self.fresh_links + 1)


def after_fetch(
    job: Job, outcome: FetchOutcome, now: datetime, so_far: Fetching, jitter: float
) -> FetchStep:
    """What comes of a download that did not bring the video."""
    useless = outcome.kind in {FetchKind.LINK_DEAD, FetchKind.REFUSED}
    if useless and so_far.fresh_links < FRESH_LINKS:
        return FetchStep(fresh_link=True)
    may_help = outcome.kind in {FetchKind.DAMAGED, FetchKind.UNAVAILABLE}
    if may_help and so_far.tries < FETCH_TRIES:
        return FetchStep(delay=outcome.retry_after or backoff(so_far.tries, jitter, longest=20.0))
    return FetchStep(change=unobtainable(job, outcome, now))


def kept(job: Job, came: FetchOutcome, place: Kept, now: datetime) -> Change:
    """What became of a video that came: it is stored, or the next run tries again."""
    if place.trouble:
        refused = FetchOutcome(kind=FetchKind.STORAGE, message=place.trouble)
        return unobtainable(job, refused, now)
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=Event.STORED,
        at=now,
        video_file=place.name,
        video_size=came.size,
        video_sha256=place.sha256,
        error_code="",
        error="",
    )


def unobtainable(job: Job, outcome: FetchOutcome, now: datetime) -> Change:
    """Done and paid, but not on this disk: the next run tries again."""
    return Change(
        job=job.id,
        attempt=job.attempt,
        event=Event.UNOBTAINABLE,
        at=now,
        error_code=f"video_{outcome.kind}",
        error=wording.video_missing(outcome),
    )
