"""A table behind a link: taken from the hosts it may be at, explained where it is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from batch_runner.core.errors import SheetError
from batch_runner.provider.linked_table import NoTableError, fetch_table

CSV = "prompt,image_urls\nA cat.,https://example.com/cat.png\n"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """A server on this machine that answers so; where it is."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def fetch(answer: Answer, place: Path, *, known: bool = True, largest: int = 10_000) -> None:
    """Fetch what such a server shows; ``known``: it may be asked although it is this machine."""

    async def run() -> None:
        async with serving(answer) as origin:
            known_place = URL(origin) if known else None
            hosts = ("127.0.0.1",)
            await fetch_table(
                f"{origin}/export", place, hosts, origin=known_place, largest=largest
            )

    asyncio.run(run())


async def _csv(request: web.Request) -> web.StreamResponse:
    if request.path == "/export":
        raise web.HTTPTemporaryRedirect("/elsewhere?signed=1")
    return web.Response(text=CSV, content_type="text/csv")


def test_redirects_are_followed_to_the_table(tmp_path: Path) -> None:
    """What the last answer holds is stored, byte for byte."""
    fetch(_csv, tmp_path / "a.csv")

    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == CSV


async def _login(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("https://accounts.example.com/ServiceLogin")


async def _page(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Sign in</html>", content_type="text/html")


async def _gone(_: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(_login, "accounts.example.com"), (_page, "web page"), (_gone, "404")],
)
def test_what_is_not_for_everybody_is_no_table(
    tmp_path: Path, answer: Answer, reason: str
) -> None:
    """A login elsewhere is not asked for, a page is not taken for a table, nothing is stored."""
    with pytest.raises(NoTableError, match=reason):
        fetch(answer, tmp_path / "a.csv")

    assert not (tmp_path / "a.csv").exists()


async def _broken(_: web.Request) -> web.StreamResponse:
    raise web.HTTPServiceUnavailable


async def _endless(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(request.path)


@pytest.mark.parametrize(
    ("answer", "known", "largest", "code"),
    [
        (_broken, True, 10_000, "link_unreachable"),
        (_endless, True, 10_000, "link_unreachable"),
        (_csv, False, 10_000, "link_unreachable"),  # this machine is no public address
        (_csv, True, 10, "sheet_too_large"),
    ],
)
def test_what_cannot_be_had_is_told(
    tmp_path: Path, answer: Answer, code: str, largest: int, *, known: bool
) -> None:
    """A broken server, a redirect without end, a private address, and too much of it."""
    with pytest.raises(SheetError) as refused:
        fetch(answer, tmp_path / "a.csv", known=known, largest=largest)

    assert refused.value.code == code
