"""What a worker has instead of a sheet: no pictures, no folder for videos, nobody who looks on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Never

from batch_runner.core.jobs import Change, Job
from batch_runner.core.outcomes import FetchOutcome, Kept
from batch_runner.core.uploads import NoPicture


class Voice:
    """Hears what happens; the ledger has it all, so only what is worth a line is said."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def changed(self, job: Job, change: Change) -> None:
        """Something happened to a job, durably."""

    def noticed(self, code: str, message: str) -> None:  # noqa: ARG002 - a port
        """Something about the campaign as a whole."""
        self._say(message)


class NoPictures:
    """The pictures are where the sheet is."""

    async def picture(self, key: str) -> NoPicture:
        """None is here; the run that has the sheet uploads it."""
        return NoPicture(code="picture_elsewhere", message=key, passing=True)


class NoShelf:
    """The videos' place is where the sheet is: nothing is ever stored from here."""

    async def place(self, job: Job) -> Path:
        """There is none."""
        return self._none(job)

    async def part(self, job: Job) -> Path:
        """There is none."""
        return self._none(job)

    async def at_hand(self, job: Job) -> FetchOutcome | None:
        """There is none."""
        return self._none(job)

    async def keep(self, job: Job, came: FetchOutcome) -> Kept:  # noqa: ARG002 - a port
        """There is none."""
        return self._none(job)

    async def settled(self, job: Job) -> None:
        """There is none."""
        self._none(job)

    @staticmethod
    def _none(job: Job) -> Never:
        raise AssertionError(f"{job.name} is to be fetched by the run that has the sheet")


async def nothing() -> None:
    """There is no sheet to follow, and no books to keep."""
