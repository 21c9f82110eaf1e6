"""Where downloads go: redirects, private addresses, proxies."""

from __future__ import annotations

import asyncio
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
    place_of,
    refused_when_resolved,
)

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
                return await client.fetch(
                    f"{server.origin}/v", tmp_path / "a", tmp_path / "a.part"
                ), inner.connections

    outcome, connections = asyncio.run(run())
    assert (outcome.kind, connections) == (FetchKind.REFUSED, 0)
    assert list(tmp_path.iterdir()) == []


def test_the_own_origin_is_known_by_all_of_its_names(
    listen: Any, provider: Made, answer: Any, tmp_path: Path, video: bytes
) -> None:
    """A look-alike on this machine may call itself localhost or 127.0.0.1, at its own port."""

    async def run() -> FetchOutcome:
        async def sends(_request: object, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(200, video))

        async with listen(sends) as server:
            named = server.origin.replace("127.0.0.1", "localhost")
            async with provider(named) as client:
                return await client.fetch(
                    f"{server.origin}/v", tmp_path / "a", tmp_path / "a.part"
                )

    assert asyncio.run(run()).kind is FetchKind.SAVED


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
    allowed = {place_of(URL("http://127.0.0.1:8123"))}
    check_link(URL("http://127.0.0.1:8123/v.mp4"), allowed)
    check_link(URL("https://93.184.216.34/v.mp4"), allowed)
    with pytest.raises(RefusedLinkError):
        check_link(URL("http://127.0.0.1:8124/v.mp4"), allowed)


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
                public = await client.fetch(
                    "http://videos.invalid/v.mp4", tmp_path / "a", tmp_path / "a.part"
                )
                private = await client.fetch(
                    "http://10.0.0.1/v.mp4", tmp_path / "b", tmp_path / "b.part"
                )
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
