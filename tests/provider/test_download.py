"""Downloads over real sockets: whole or not there, and never from a private address."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.provider.client import HttpProvider
from batch_runner.provider.guard import (
    PublicResolver,
    RefusedLinkError,
    check_link,
    refused_when_resolved,
)

Made = Callable[..., HttpProvider]


def _fetch(
    listen: Any, provider: Made, script: Any, target: Path, path: str = "/v.mp4", **timeouts: float
) -> tuple[FetchOutcome, Any]:
    async def run() -> tuple[FetchOutcome, Any]:
        async with listen(script) as server, provider(server.origin, **timeouts) as client:
            return await client.fetch(server.origin + path, target), server

    return asyncio.run(run())


def _refused(provider: Made, url: str, target: Path) -> FetchOutcome:
    async def run() -> FetchOutcome:
        async with provider("https://api.invalid") as client:
            return await client.fetch(url, target)

    return asyncio.run(run())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_video_is_saved_whole(
    listen: Any, provider: Made, says: Any, tmp_path: Path, video: bytes
) -> None:
    """The file has the name given, its content's extension, size and digest; nothing else is left."""
    target = tmp_path / "videos" / "row 5_1a2b.c"
    outcome, server = _fetch(listen, provider, says(200, video), target)
    assert outcome == FetchOutcome(
        kind=FetchKind.SAVED,
        path=target.with_name("row 5_1a2b.c.mp4"),
        size=len(video),
        sha256=hashlib.sha256(video).hexdigest(),
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


def test_redirects_are_followed_but_not_forever(
    listen: Any, provider: Made, answer: Any, tmp_path: Path, video: bytes
) -> None:
    """Five redirects lead to the video; a circle is a dead link."""

    async def steps(request: Any, writer: asyncio.StreamWriter) -> None:
        left = int(request.target.rpartition("/")[2])
        last = answer(200, video) if left == 0 else answer(302, Location=f"{left - 1}")
        writer.write(last)

    outcome, _ = _fetch(listen, provider, steps, tmp_path / "a", "/hop/5")
    assert outcome.kind is FetchKind.SAVED
    outcome, server = _fetch(listen, provider, steps, tmp_path / "b", "/hop/6")
    assert outcome.kind is FetchKind.LINK_DEAD
    assert len(server.requests) == 6


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "10.0.0.1"])
def test_a_redirect_to_a_private_address_is_refused(
    listen: Any, provider: Made, answer: Any, tmp_path: Path, host: str
) -> None:
    """No redirect leads into this machine or its network; nothing is even connected to."""

    async def run() -> tuple[FetchOutcome, int]:
        async def elsewhere(_request: object, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(302, Location=f"http://{host}:{inner_port}/admin"))

        async def never(_request: object, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(200, b"secret"))

        async with listen(never) as inner, listen(elsewhere) as server:
            inner_port = inner.port
            async with provider(server.origin) as client:
                return await client.fetch(f"{server.origin}/v", tmp_path / "a"), inner.connections

    outcome, connections = asyncio.run(run())
    assert (outcome.kind, connections) == (FetchKind.REFUSED, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/v.mp4",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.0.0.1./",
        "http://[::ffff:169.254.169.254]/latest/meta-data",
        "http://100.64.0.1/",
        "http://localhost:80/",
        "http://a.localhost/",
        "file:///etc/passwd",
        "ftp://files.example/v.mp4",
        "//host/v.mp4",
        "v.mp4",
        "http://",
        "http://[",
        "",
    ],
)
def test_links_into_private_places_are_refused(provider: Made, tmp_path: Path, url: str) -> None:
    """Addresses of this machine and its network in any notation, and other schemes."""
    outcome = _refused(provider, url, tmp_path / "a")
    assert outcome.kind is FetchKind.REFUSED
    assert outcome.message


def test_a_name_that_leads_to_this_machine_is_refused_when_it_is_resolved(
    listen: Any, says: Any, video: bytes
) -> None:
    """A harmless looking name is judged by where it leads, unless it is the API's own."""

    async def run(*, own: bool) -> str:
        async with listen(says(200, video)) as server:
            allowed = {("localhost", server.port)} if own else set()
            connector = aiohttp.TCPConnector(resolver=PublicResolver(allowed))
            async with aiohttp.ClientSession(connector=connector) as session:
                try:
                    async with session.get(f"http://localhost:{server.port}/"):
                        pass
                except aiohttp.ClientConnectorError as error:
                    return refused_when_resolved(error)
                return f"{server.connections} connection"

    assert "private" in asyncio.run(run(own=False))
    assert asyncio.run(run(own=True)) == "1 connection"


def test_names_too_long_and_unknown_are_just_not_there() -> None:
    """A name that cannot exist is no crash."""

    async def resolve(name: str) -> str:
        try:
            return str(await PublicResolver(set()).resolve(name, 80, socket.AF_INET))
        except OSError:
            return "not there"

    for name in ("a" * 80 + ".example", "no-such.invalid"):
        assert asyncio.run(resolve(name)) == "not there"


def test_the_origin_itself_is_allowed_by_host_and_port() -> None:
    """Only the very place of the API is excepted, not its neighbours."""
    allowed = {("127.0.0.1", 8123)}
    check_link(URL("http://127.0.0.1:8123/v.mp4"), allowed)
    check_link(URL("https://93.184.216.34/v.mp4"), allowed)
    with pytest.raises(RefusedLinkError):
        check_link(URL("http://127.0.0.1:8124/v.mp4"), allowed)


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
            task = asyncio.ensure_future(client.fetch(f"{server.origin}/v", tmp_path / "a"))
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


def test_downloads_go_through_a_proxy_that_is_itself_private(
    listen: Any,
    provider: Made,
    says: Any,
    tmp_path: Path,
    video: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The user's own proxy may stand in their network; private links are refused there too."""

    async def run() -> Any:
        async with listen(says(200, video)) as proxy:
            monkeypatch.setenv("http_proxy", f"http://localhost:{proxy.port}")
            async with provider("https://api.invalid") as client:
                public = await client.fetch("http://videos.invalid/v.mp4", tmp_path / "a")
                private = await client.fetch("http://10.0.0.1/v.mp4", tmp_path / "b")
            return public.kind, private.kind, [request.target for request in proxy.requests]

    public, private, asked = asyncio.run(run())
    assert (public, private) == (FetchKind.SAVED, FetchKind.REFUSED)
    assert asked == ["http://videos.invalid/v.mp4"]


def test_an_unusable_proxy_does_not_stop_the_others(
    provider: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy only for plain links that cannot be used is told for those links."""
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    outcome = _refused(provider, "http://videos.invalid/v.mp4", tmp_path / "a")
    assert outcome.kind is FetchKind.UNAVAILABLE
    assert "HTTP_PROXY" in outcome.message
