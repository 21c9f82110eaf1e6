"""Videos of equal rows: their names differ by line only, and none takes another's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batch_runner.app.place.shelf import VideoShelf
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.ledger.sqlite import SqliteLedger


def job(row: int) -> Job:
    """One of several equal rows, whose video is to be stored."""
    return Job(
        id=row,
        scope=1,
        row=row,
        key=None,
        row_hash="b" * 64,
        state=State.FETCHING,
        model="m",
        attempt=1,
        accepted_at=datetime.now(UTC) - timedelta(minutes=1),
    )


def test_a_video_just_stored_is_not_taken_for_what_an_equal_row_left(tmp_path: Path) -> None:
    """Between its rename and its line in the ledger a video's place is taken already."""

    async def story() -> None:
        ledger = SqliteLedger.for_command(tmp_path / "ledger.sqlite")
        try:
            shelf = VideoShelf(tmp_path / "videos", tmp_path / "sheet.csv", ledger)
            first = await shelf.place(job(2))
            first.parent.mkdir(exist_ok=True)
            first.with_suffix(".mp4").write_bytes(b"the video of row 2")
            second = await shelf.place(job(3))
            assert second != first
            # Another run knows nothing of places: what was left unrecorded may be replaced.
            later = VideoShelf(tmp_path / "videos", tmp_path / "sheet.csv", ledger)
            assert await later.place(job(4)) == first
        finally:
            ledger.close()

    asyncio.run(story())


def test_equal_rows_that_ask_at_the_same_moment_get_different_places(tmp_path: Path) -> None:
    """Also where only one video was left behind that any of them may replace."""

    async def story() -> None:
        ledger = SqliteLedger.for_command(tmp_path / "ledger.sqlite")
        try:
            videos = tmp_path / "videos"
            videos.mkdir()
            left = videos / f"2_{'b' * 8}.mp4"
            left.write_bytes(b"left by a run that was killed")
            shelf = VideoShelf(videos, tmp_path / "sheet.csv", ledger)
            places = await asyncio.gather(*(shelf.place(job(row)) for row in range(3, 9)))
            assert left.with_suffix("") in places
            assert len(set(places)) == 6
        finally:
            ledger.close()

    asyncio.run(story())
