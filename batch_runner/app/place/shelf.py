"""Where a video goes: a name people understand, never one that another job's video bears."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_runner.app.place.parts import PartNames
from batch_runner.core.container import EXTENSIONS
from batch_runner.core.jobs import Job
from batch_runner.core.outcomes import FetchOutcome, Kept
from batch_runner.ledger.ledger import Ledger

JOB_MARK = 8  # hex digits of the row hash in a video's name
MOST_GIVEN = 1000  # places remembered before those that were filled are forgotten
LONGEST_STEM = 80  # characters; room for suffixes within every file system's limit
_UNSAFE = re.compile(r"[^\w.\-]+", re.UNICODE)
_BY_ROW = re.compile(rf"(\d+|row)(_v\d+)?_(?P<mark>[0-9a-f]{{{JOB_MARK}}})(_\d+)?")
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")


class VideoShelf:
    """Names videos ``<key or row>_<first 8 of job>``, or as the config says, in one folder."""

    def __init__(self, folder: Path, sheet: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._sheet_folder = sheet.parent
        self._ledger = ledger
        self._given: dict[Path, int] = {}  # places on their way to be filled -> whose they are
        self._parts: PartNames | None = None
        self._left: Mapping[str, Sequence[str]] | None = None  # by earlier runs

    async def place(self, job: Job) -> Path:
        """A path, without extension, that is free; it is this job's from now on."""
        await self._forget_filled()
        path = await self._cut_off(job) or await self._new(job)
        self._given[path] = job.id
        return path

    async def part(self, job: Job) -> Path:
        """Where its video is while it comes."""
        if self._parts is None:
            self._parts = await PartNames.of(self._ledger)
        return self._folder / self._parts.name(job.task_id or "")

    async def _new(self, job: Job) -> Path:
        stem = job.file_name or video_stem(job)
        n = 1
        while True:
            path = self._folder / (stem if n == 1 else f"{stem}_{n}")
            if await self._may_take(path, job):
                return path
            n += 1

    async def _cut_off(self, job: Job) -> Path | None:
        """What this attempt stored before it was killed, if its row has moved since."""
        if job.key is not None or job.file_name:
            return None
        if self._left is None:
            self._left = await asyncio.to_thread(self._list)
        for name in self._left.get(job.row_hash[:JOB_MARK], ()):
            path = self._folder / name
            if await self._may_take(path, job):
                return path
        return None

    def _list(self) -> Mapping[str, Sequence[str]]:
        """What lay in the folder at first, by the mark of its job; looked at once a run."""
        found: dict[str, list[str]] = {}
        for video in sorted(self._folder.glob("*_*")):
            match = _BY_ROW.fullmatch(video.stem)
            if match and video.suffix in EXTENSIONS:
                found.setdefault(match["mark"], []).append(video.stem)
        return found

    async def _forget_filled(self) -> None:
        """The ledger knows whose a stored video is; only those on their way are kept here."""
        if len(self._given) <= MOST_GIVEN:
            return
        for path in tuple(self._given):  # others may be given places meanwhile
            if await self._ledger.owner_of_file(self.name(path)) is not None:
                self._given.pop(path, None)

    async def _may_take(self, path: Path, job: Job) -> bool:
        if await self._ledger.owner_of_file(self.name(path)) is not None:
            return False  # a new attempt gets a new name, too: the video before it is paid
        # What this very attempt left behind when it was killed may be replaced.
        sent = job.accepted_at.timestamp() if job.accepted_at is not None else math.inf
        there = await asyncio.to_thread(_stored_at, path)
        # Last, as it must still hold when the place is given: else it is an equal row's, whose
        # video is not in the ledger yet.
        free = self._given.get(path, job.id) == job.id
        return free and all(at >= sent for at in there)

    async def at_hand(self, job: Job) -> FetchOutcome | None:  # noqa: ARG002
        """A video that came is where it is kept."""
        return None

    async def keep(self, job: Job, came: FetchOutcome) -> Kept:  # noqa: ARG002
        """It is where it is kept already."""
        assert came.path is not None
        return Kept(name=self.name(came.path))

    async def settled(self, job: Job) -> None:
        """Nothing is left to tidy up."""

    def name(self, path: Path) -> str:
        """A video's path as the sheet shows it: relative to the sheet, with slashes."""
        try:
            relative = os.path.relpath(path, self._sheet_folder)
        except ValueError:  # another drive on Windows
            return path.as_posix()
        return Path(relative).as_posix()


def video_stem(job: Job) -> str:
    """``<key or row>_<first 8 of job>``, safe on every file system."""
    who = job.key if job.key is not None else str(job.row or "row")
    safe = _UNSAFE.sub("_", who).strip("._")[:LONGEST_STEM] or "row"
    if _RESERVED.match(safe):
        safe = f"{safe}_"
    number = f"_v{job.variant}" if job.variant > 1 else ""
    return f"{safe}{number}_{job.row_hash[:JOB_MARK]}"


def _stored_at(path: Path) -> list[float]:
    """When the files that bear this name were written, if there are any."""
    found = []
    for extension in EXTENSIONS:
        with contextlib.suppress(FileNotFoundError):
            found.append(path.with_name(path.name + extension).stat().st_mtime)
    return found
