"""Videos of equal rows: their names differ by line only, and none takes another's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batch_runner.app.place.shared_shelf import SharedShelf
from batch_runner.app.place.shelf import VideoShelf
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.storage.folder import FolderPlace


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


def test_equal_videos_of_equal_rows_lie_apart_in_a_shared_place(tmp_path: Path) -> None:
    """The very same bytes under the very same name, before the ledger knows of either: two files."""

    async def story() -> None:
        ledger = SqliteLedger.for_command(tmp_path / "ledger.sqlite")
        try:
            place = FolderPlace(tmp_path / "share")
            shelf = SharedShelf("s3://bucket", place, tmp_path / "incoming", ledger)
            jobs = [replace(job(row), row=2, task_id=f"task_{row}") for row in (3, 4)]
            for one in jobs:
                path = (await shelf.place(one)).with_suffix(".whole.mp4")
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"the same film")
            came = [await shelf.at_hand(one) for one in jobs]
            kept = await asyncio.gather(
                *(shelf.keep(one, film) for one, film in zip(jobs, came, strict=True) if film)
            )
            assert {one.name for one in kept} == {
                f"s3://bucket/2_{'b' * 8}{suffix}.mp4" for suffix in ("", "_2")
            }
            assert len(list((tmp_path / "share").iterdir())) == 2
            # What was put there and not recorded is taken for what it is by the next run: either
            # of the two, which are the same film.
            later = SharedShelf("s3://bucket", place, tmp_path / "incoming", ledger)
            assert came[0] is not None
            again = await later.keep(jobs[0], came[0])
            assert again.name in {one.name for one in kept}
            assert len(list((tmp_path / "share").iterdir())) == 2
            await later.settled(jobs[0])
            assert await later.at_hand(jobs[0]) is None
        finally:
            ledger.close()

    asyncio.run(story())
