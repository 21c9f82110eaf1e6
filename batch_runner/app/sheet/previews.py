"""The ``preview`` column: a picture of each finished video, for those who asked for it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from batch_runner.app.sheet.projection import BLANK
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.core.model import OutCell, Thumbnail
from batch_runner.core.outcolumns import PREVIEW
from batch_runner.ledger.ledger import Ledger

PreviewCells = Mapping[int, Mapping[str, OutCell]]
"""Job -> its preview cell by the column's name."""

_MARK = 12  # hex digits


@dataclass(slots=True, kw_only=True)
class Previews:
    """Fetches the pictures of a sheet's videos and keeps them beside it."""

    folder: Path
    ledger: Ledger
    origin: str | None = None  # of the API; until it is known nothing is asked for
    asked: set[str] = field(default_factory=set)  # links that this run has asked for
    looked_at: set[str] = field(default_factory=set)  # worksheets whose pictures are known

    def forget(self) -> None:
        """The sheet was read anew: nothing is known of its pictures."""
        self.looked_at.clear()

    async def look(
        self, sheet: Path, worksheet: str, column: int, note: Callable[[int, str, str], None]
    ) -> None:
        """Note of each line which picture it shows (line, column's name, mark of the picture).

        Once for each reading of the sheet.
        """
        from batch_runner.reporter.xlsx_file import shown_marks

        if worksheet in self.looked_at:
            return
        with suppress(OSError):  # it is just being replaced: then they are written anew
            marks = await asyncio.to_thread(shown_marks, sheet, worksheet)
            for (row, place), mark in marks.items():
                if place == column:
                    note(row, PREVIEW, mark)
            self.looked_at.add(worksheet)

    async def cells(
        self, jobs: Sequence[Job], shown_at: Callable[[int], Mapping[str, str]]
    ) -> PreviewCells:
        """Job -> its preview cell, where the sheet shows another picture or none.

        Args:
            jobs: jobs that stand in the sheet.
            shown_at: what our columns show in a line; the mark of a picture for the preview.
        """
        present = {job.id: shown_at(job.row or 0).get(PREVIEW, "") for job in jobs}
        marks = {job.id: _mark(job) for job in jobs}
        differ = [job for job, mark in marks.items() if mark != present[job]]
        pictures = await self._pictures([job for job in differ if marks[job]], marks)
        return {
            job: {
                PREVIEW: OutCell(value=None, picture=pictures[job]) if job in pictures else BLANK
            }
            for job in differ
            if job in pictures or present[job]
        }

    async def _pictures(
        self, jobs: Sequence[int], marks: Mapping[int, str]
    ) -> dict[int, Thumbnail]:
        from batch_runner.provider.posters import fetch_posters, size_of

        paths = {job: self.folder / f"{marks[job]}.jpg" for job in jobs}
        links = await self.ledger.thumbnails(
            [job for job, path in paths.items() if not path.is_file()]
        )
        fresh = {paths[job]: link for job, link in links.items() if link not in self.asked}
        if fresh and self.origin is not None:
            self.asked.update(fresh.values())
            await fetch_posters(fresh, self.origin)
        found: dict[int, Thumbnail] = {}
        for job, path in paths.items():
            size = await asyncio.to_thread(size_of, path)
            if size is not None:
                found[job] = Thumbnail(mark=marks[job], path=path, width=size[0], height=size[1])
        return found


def _mark(job: Job) -> str:
    """What tells the picture of a job's video from all others; blank if it has none."""
    if job.state is not State.SUCCEEDED or not job.task_id:
        return ""
    return hashlib.sha256(job.task_id.encode()).hexdigest()[:_MARK]
