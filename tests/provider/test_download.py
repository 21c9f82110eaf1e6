"""Downloads over real sockets: whole or not there."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.provider.client import HttpProvider
from batch_runner.provider.download import Downloads, fetch
from batch_runner.provider.part import in_thread
from batch_runner.provider.proxies import Proxies

Made = Callable[..., HttpProvider]


def _fetch(
    listen: Any, provider: Made, script: Any, target: Path, path: str = "/v.mp4", **timeouts: float
) -> tuple[FetchOutcome, Any]:
    async def run() -> tuple[FetchOutcome, Any]:
        async with listen(script) as server, provider(server.origin, **timeouts) as client:
            return await client.fetch(
                server.origin + path, target, target.with_name("its.part")
            ), server

    return asyncio.run(run())


def _refused(provider: Made, url: str, target: Path) -> FetchOutcome:
    async def run() -> FetchOutcome:
        async with provider("https://api.invalid") as client:
            return await client.fetch(url, target, target.with_name("its.part"))

    return asyncio.run(run())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_video_is_saved_whole(
    listen: Any, provider: Made, says: Any, tmp_path: Path, video: bytes
) -> None:
    """The file has the name given, its content's extension and size; nothing else is left."""
    target = tmp_path / "videos" / "row 5_1a2b.c"
    outcome, server = _fetch(listen, provider, says(200, video), target)
    assert outcome == FetchOutcome(
        kind=FetchKind.SAVED,
        path=target.with_name("row 5_1a2b.c.mp4"),
        size=len(video),
    )
    assert target.with_name("row 5_1a2b.c.mp4").read_bytes() == video
    assert len(list(target.parent.iterdir())) == 1
    assert "authorization" not in server.requests[0].headers
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_video_without_a_length_is_judged_by_its_container(
    listen: Any, provider: Made, hangs_up: Any, tmp_path: Path, video: bytes
) -> None:
    """Where no length is announced, the end of the connection is the end, if the video says so."""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    outcome, _ = _fetch(listen, provider, hangs_up(head + video), tmp_path / "a")
    assert outcome.kind is FetchKind.SAVED
    outcome, _ = _fetch(listen, provider, hangs_up(head + video[:-1]), tmp_path / "b")
    assert outcome.kind is FetchKind.DAMAGED
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_signed_link_is_asked_for_as_it_is(
    listen: Any, provider: Made, says: Any, tmp_path: Path, video: bytes
) -> None:
    """A properly encoded link is not encoded otherwise; one that is not gets encoded."""
    signed = "/v%41%2f.mp4?sig=a%2Bb%3D%7e&x=%20"
    outcome, server = _fetch(listen, provider, says(200, video), tmp_path / "a", signed)
    assert (outcome.kind, server.requests[0].target) == (FetchKind.SAVED, signed)
    _, server = _fetch(listen, provider, says(200, video), tmp_path / "b", "/ü b.mp4")
    assert server.requests[0].target == "/%C3%BC%20b.mp4"


@pytest.mark.parametrize("cut", [0, 1, 100, 500_000])
def test_a_cut_download_is_damaged_and_leaves_nothing(
    listen: Any, provider: Made, hangs_up: Any, tmp_path: Path, video: bytes, cut: int
) -> None:
    """Fewer bytes than announced are no video."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(video)}\r\n\r\n".encode()
    outcome, _ = _fetch(listen, provider, hangs_up(head + video[:cut]), tmp_path / "a")
    assert outcome.kind is FetchKind.DAMAGED
    assert str(len(video)) in outcome.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<!doctype html><p>Sign in</p>", b'{"error":{"code":404}}', b"\0\0\0\x18ftypisom"],
)
def test_what_is_no_video_is_damaged(
    listen: Any, provider: Made, says: Any, tmp_path: Path, body: bytes
) -> None:
    """A page or an error under 200 is not stored as a video."""
    outcome, _ = _fetch(listen, provider, says(200, body), tmp_path / "a")
    assert outcome.kind is FetchKind.DAMAGED
    assert list(tmp_path.iterdir()) == []


def test_a_size_beyond_all_bounds_is_not_begun(
    listen: Any, provider: Made, hangs_up: Any, tmp_path: Path
) -> None:
    """What announces more than a video can have is not read."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    outcome, _ = _fetch(listen, provider, hangs_up(head), tmp_path / "a")
    assert outcome.kind is FetchKind.DAMAGED
    assert "99999999999" in outcome.message


def test_a_download_without_an_end_is_given_up(
    listen: Any, hangs_up: Any, tmp_path: Path, video: bytes
) -> None:
    """What announces no length and goes on beyond the bound is dropped."""

    async def run() -> FetchOutcome:
        async with listen(hangs_up(b"HTTP/1.1 200 OK\r\n\r\n" + video)) as server:
            downloads = Downloads.open(
                origin=URL(server.origin),
                proxies=Proxies(by_scheme={}),
                user_agent="test",
                timeout=aiohttp.ClientTimeout(total=5),
            )
            try:
                small = replace(downloads, largest=1000)
                return await fetch(
                    small, f"{server.origin}/v", tmp_path / "a", tmp_path / "a.part"
                )
            finally:
                await downloads.close()

    outcome = asyncio.run(run())
    assert (outcome.kind, _names(tmp_path)) == (FetchKind.DAMAGED, [])


def test_a_cancelled_disk_job_is_not_pulled_away_under_the_disk() -> None:
    """Cancelled in the middle of a rename, the rename ends first; then the cancel counts."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    async def run() -> bool:
        task = asyncio.ensure_future(in_thread(work))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended.is_set()

    assert asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, FetchKind.LINK_DEAD) for status in (400, 401, 403, 404, 410, 451)),
        *((status, FetchKind.UNAVAILABLE) for status in (204, 206, 304, 408, 429, 500, 503)),
    ],
)
def test_statuses_tell_dead_links_from_passing_trouble(
    listen: Any, provider: Made, says: Any, tmp_path: Path, status: int, kind: FetchKind
) -> None:
    """A refused link is asked for anew; a busy server is asked again, when it says."""
    outcome, _ = _fetch(listen, provider, says(status, Retry_After="7"), tmp_path / "a")
    assert outcome.kind is kind
    assert outcome.retry_after == (7.0 if kind is FetchKind.UNAVAILABLE else None)


def test_network_trouble_is_unavailable(
    listen: Any, provider: Made, hangs_up: Any, tmp_path: Path
) -> None:
    """No answer, or none in time, may be better later; nothing is left behind."""
    outcome, _ = _fetch(listen, provider, hangs_up(b""), tmp_path / "a")
    assert outcome.kind is FetchKind.UNAVAILABLE

    async def stuck(_request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await asyncio.Event().wait()

    outcome, _ = _fetch(listen, provider, stuck, tmp_path / "a", idle=0.2)
    assert outcome.kind is FetchKind.UNAVAILABLE
    assert list(tmp_path.iterdir()) == []
    assert _refused(provider, "https://no-such.invalid/v.mp4", tmp_path / "a").kind is (
        FetchKind.UNAVAILABLE
    )


def test_trouble_with_the_disk_is_called_so(
    listen: Any, provider: Made, says: Any, tmp_path: Path, video: bytes
) -> None:
    """A folder that cannot be one is no network trouble."""
    (tmp_path / "file").write_bytes(b"")
    outcome, _ = _fetch(listen, provider, says(200, video), tmp_path / "file" / "a")
    assert outcome.kind is FetchKind.DISK
    (tmp_path / "a.mp4").mkdir()
    outcome, _ = _fetch(listen, provider, says(200, video), tmp_path / "a")
    assert outcome.kind is FetchKind.DISK
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "file"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits the size of files")
def test_a_full_disk_is_called_so(
    listen: Any, provider: Made, says: Any, tmp_path: Path, video: bytes
) -> None:
    """When the disk takes no more, what was written so far goes away."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        outcome, _ = _fetch(listen, provider, says(200, video), tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.kind is FetchKind.DISK
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_download_leaves_nothing(
    listen: Any, provider: Made, tmp_path: Path, video: bytes
) -> None:
    """An interrupted download takes its part file with it."""

    async def run() -> None:
        flowing = asyncio.Event()

        async def half(_request: object, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
            for _ in range(30):  # more than the sockets hold: some of it was read
                writer.write(video)
                await writer.drain()
            flowing.set()
            await asyncio.Event().wait()

        async with listen(half) as server, provider(server.origin) as client:
            task = asyncio.ensure_future(
                client.fetch(f"{server.origin}/v", tmp_path / "a", tmp_path / "a.part")
            )
            await flowing.wait()
            assert _names(tmp_path)[0].endswith(".part")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert _names(tmp_path) == []


def test_a_video_is_replaced_by_itself_only(
    listen: Any, provider: Made, says: Any, tmp_path: Path, video: bytes
) -> None:
    """Fetched again, the file is exchanged at once; others stay as they are."""
    (tmp_path / "a.mp4").write_bytes(b"old")
    (tmp_path / "a.txt").write_bytes(b"notes")
    outcome, _ = _fetch(listen, provider, says(200, video), tmp_path / "a")
    assert outcome.kind is FetchKind.SAVED
    assert (tmp_path / "a.mp4").read_bytes() == video
    assert (tmp_path / "a.txt").read_bytes() == b"notes"
