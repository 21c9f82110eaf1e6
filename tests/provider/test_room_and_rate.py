"""Downloads take no more of the disk and of the line than they may."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.provider.bandwidth import LARGEST_PIECE, Bandwidth
from batch_runner.provider.client import HttpProvider
from batch_runner.provider.part import Part, StorageError
from batch_runner.provider.room import RESERVE, Room
from tests.scheduler.simulated import in_virtual_time


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    """An empty part."""
    with closing(Part(tmp_path / "a.part")) as made:
        made.open()
        yield made


def test_what_does_not_fit_is_not_begun(part: Part) -> None:
    """More than is free, or than all others leave free; a sentence names the amounts."""
    room, free = Room(), shutil.disk_usage(part.path.parent).free
    with pytest.raises(StorageError, match=r"MB are to come and [\d.]+ MB are free in "):
        room.taken(part, free * 2).__enter__()
    with (
        room.taken(part, (free - RESERVE) * 2 // 3),
        closing(Part(part.path.with_name("b.part"))) as other,
    ):
        other.open()
        with pytest.raises(StorageError):
            room.taken(other, free // 2).__enter__()
        with room.taken(other, 1000):
            pass
        with room.taken(other, None):
            pass
    with room.taken(part, free // 2):
        pass


def test_a_folder_that_is_gone_is_trouble_with_the_disk(tmp_path: Path) -> None:
    """The question for room never raises anything else."""
    lost = Part(tmp_path / "gone" / "a.part")
    with pytest.raises(StorageError):
        Room().taken(lost, 1).__enter__()


@pytest.mark.skipif(not shutil.which("mount") or sys.platform != "linux", reason="needs tmpfs")
def test_a_small_disk_keeps_some_room_for_the_ledger(
    listen: Any, provider: Callable[..., HttpProvider], says: Any, tmp_path: Path, video: bytes
) -> None:
    """Half full, a video goes in; nearly full, it is refused before a byte of it is written."""
    with ExitStack() as stack:
        asked = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(tmp_path)]
        if subprocess.run(asked, capture_output=True, check=False).returncode:
            pytest.skip("a file system can only be mounted by root")
        stack.callback(subprocess.run, ["umount", "-l", str(tmp_path)], check=True)

        async def run() -> list[FetchOutcome]:
            async with listen(says(200, video)) as server, provider(server.origin) as client:
                return [
                    await client.fetch(f"{server.origin}/v", tmp_path / name, tmp_path / "p.part")
                    for name in "abcd"
                ]

        kinds = [outcome.kind for outcome in asyncio.run(run())]
        assert kinds == [FetchKind.SAVED] * 3 + [FetchKind.DISK]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]


def test_the_rate_holds_for_all_together_and_is_shared_fairly() -> None:
    """Eight downloads of one line take as long as their bytes, each its part at every moment."""

    async def story() -> None:
        line, loop = Bandwidth(1_000_000), asyncio.get_running_loop()
        got = [0] * 8

        async def one(n: int) -> None:
            while got[n] < 1_000_000:
                await line.spend(line.piece)
                got[n] += line.piece
                assert got[n] - min(got) <= 2 * line.piece

        begun = loop.time()
        await asyncio.gather(*(one(n) for n in range(8)))
        assert loop.time() - begun == pytest.approx(sum(got) / 1_000_000)

    in_virtual_time(story)


@pytest.mark.parametrize(("rate", "piece"), [(1000, 4096), (1e6, 50_000), (1e9, LARGEST_PIECE)])
def test_pieces_fit_the_rate(rate: float, piece: int) -> None:
    """None has the line for long, and a fast line is not cut into crumbs."""
    assert Bandwidth(rate).piece == piece


def test_a_line_that_was_idle_is_not_made_up_for() -> None:
    """After a pause the rate is the same as ever."""

    async def story() -> None:
        line, loop = Bandwidth(1000), asyncio.get_running_loop()
        await line.spend(100)
        await asyncio.sleep(100)
        begun = loop.time()
        await line.spend(500)
        assert loop.time() - begun == pytest.approx(0.5)

    in_virtual_time(story)


def test_a_capped_download_is_whole(listen: Any, says: Any, tmp_path: Path, video: bytes) -> None:
    """With a rate the same bytes come, in smaller pieces."""

    async def run() -> FetchOutcome:
        async with (
            listen(says(200, video)) as server,
            HttpProvider(origin=server.origin, key="k", download_rate=50e6) as client,
        ):
            return await client.fetch(f"{server.origin}/v", tmp_path / "a", tmp_path / "a.part")

    assert asyncio.run(run()).kind is FetchKind.SAVED
    assert (tmp_path / "a.mp4").read_bytes() == video
