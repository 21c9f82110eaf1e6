"""What the scheduler needs from the outside world, as small protocols.

An adapter is one package: ``provider`` speaks HTTP, ``ledger`` speaks SQL. The scheduler sees
only these, so each can be exchanged (PostgreSQL, another service) without touching it.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol

from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.core.outcomes import (
    Balance,
    FetchOutcome,
    Kept,
    PollOutcome,
    SubmitOutcome,
    UploadOutcome,
)
from batch_runner.core.publishing import Published
from batch_runner.core.uploads import NoPicture, PictureFile, Upload, Waiting


class Provider(Protocol):
    """The video service. Methods never raise for what a network or a server may do."""

    async def submit(self, body: bytes, key: str) -> SubmitOutcome:
        """POST exactly these bytes under this idempotency key; paid if accepted."""
        ...

    async def upload(self, content: bytes, name: str) -> UploadOutcome:
        """Put a picture where the service itself can read it; free, and safe to repeat."""
        ...

    async def poll(self, task_id: str) -> PollOutcome:
        """Look at a task; free, and safe to repeat."""
        ...

    async def fetch(self, url: str, target: Path, part: Path) -> FetchOutcome:
        """Download a video to ``target`` plus the extension its content asks for.

        Complete or not at all: streamed into ``part``, checked for length and container, then
        renamed into place. A part that broke off is continued, where that is safe.
        """
        ...

    async def balance(self) -> Balance:
        """Ask for the account's balance; free. Also serves as the probe after an outage."""
        ...


class Ledger(Protocol):
    """The durable store of jobs. What a method did is on disk when it returns."""

    async def claim(self, terms: ClaimTerms) -> Claim:
        """Make the intent to submit the next job durable and hand it out."""
        ...

    async def waiting_for_pictures(self, terms: ClaimTerms, most: int) -> Sequence[Waiting]:
        """Of the first jobs with pictures, those that only wait for these to be uploaded.

        ``most``: how many are looked at, uploaded ones too.
        """
        ...

    async def keep_upload(self, upload: Upload) -> None:
        """Remember where a picture lies at the provider."""
        ...

    async def record(self, job: Job, change: Change) -> Job:
        """Keep what happened to a job; gives the job as it is then.

        Begun the moment it is called: cancelling the caller does not undo it.
        """
        ...

    async def job(self, job: int) -> Job:
        """One job as it is now."""
        ...

    async def open_jobs(self) -> Sequence[Job]:
        """Accepted tasks whose end is not known, and that nobody else sees to."""
        ...

    async def without_video(self) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had."""
        ...

    async def unpublished(self, base: str) -> Sequence[Job]:
        """Rows whose video is stored, but whose lasting link does not begin with ``base``."""
        ...

    async def task_ids(self) -> AbstractSet[str]:
        """Every task that any attempt is known to have."""
        ...

    async def durations(self, model: str) -> Sequence[float]:
        """Seconds that the last tasks of a model took, sorted."""
        ...


class Others(Protocol):
    """Workers elsewhere over the same ledger, which may leave this one something to do."""

    async def news(self) -> None:
        """Wait until a look is worth it: rows to send, or tasks of a worker that died."""
        ...

    async def leave_more(self) -> bool:
        """Whether what they are at may leave something to do here, where nothing is left now."""
        ...


class Pictures(Protocol):
    """Where the pictures are that have to be uploaded."""

    async def picture(self, key: str) -> PictureFile | NoPicture:
        """The very picture that rows name by this key; never another one, nor a changed one."""
        ...


class Publisher(Protocol):
    """Where stored videos get links that last."""

    @property
    def base(self) -> str:
        """What all these links begin with."""
        ...

    async def publish(self, job: Job) -> Published:
        """Put a row's stored video where its lasting link leads; safe to repeat."""
        ...


class Listener(Protocol):
    """Whoever wants to know how a run goes: progress, log."""

    def changed(self, job: Job, change: Change) -> None:
        """Something happened to a job, durably."""
        ...

    def noticed(self, code: str, message: str) -> None:
        """Something about the run as a whole: a pause, a limit, a stop."""
        ...


class Shelf(Protocol):
    """Where videos go."""

    async def place(self, job: Job) -> Path:
        """The full path, without extension, that this job's video may take."""
        ...

    async def part(self, job: Job) -> Path:
        """Where it is while it comes: the same place for the same task, in any run."""
        ...

    async def at_hand(self, job: Job) -> FetchOutcome | None:
        """This job's video where an earlier try brought it, whole, and could not keep it."""
        ...

    async def keep(self, job: Job, came: FetchOutcome) -> Kept:
        """Keep a video that came to its place, under a name that no other job's video bears."""
        ...

    async def settled(self, job: Job) -> None:
        """The ledger knows where the job's video is kept."""
        ...
