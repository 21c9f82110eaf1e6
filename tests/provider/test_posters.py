from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_runner.provider import posters
from batch_runner.provider.posters import BOX, fetch_posters, size_of


def picture(size: tuple[int, int] = (1280, 720), kind: str = "PNG") -> bytes:
    """A picture as a server may give it."""
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


@pytest.fixture
def fetched(listen: Any, says: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """What is stored, and how often was asked, when a server gives this answer."""

    def run(*answer: Any, link: str = "{origin}/poster", origin: str = "") -> tuple[Any, int]:
        async def ask() -> int:
            async with listen(says(*answer)) as server:
                path = tmp_path / "previews" / "0123.jpg"
                where = {path: link.format(origin=server.origin)}
                await fetch_posters(where, origin or server.origin)
                return len(server.requests)

        asked = asyncio.run(ask())
        return size_of(tmp_path / "previews" / "0123.jpg"), asked

    return run


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_stored_small_and_as_jpeg(
    fetched: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    """Whatever it was, it fits into the box, its shape as before, and nothing lies beside it."""
    size, asked = fetched(200, picture(kind=kind))
    assert (size, asked) == ((284, 160), 1)
    assert size[0] <= BOX[0]
    (stored,) = (tmp_path / "previews").iterdir()
    assert stored.read_bytes().startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    "told",
    [(404, b"gone"), (200, b""), (200, b"<html>"), (200, picture()[:300]), (500, picture())],
    ids=["gone", "empty", "page", "cut short", "trouble"],
)
def test_what_is_no_picture_is_left_out(
    fetched: Callable[..., Any], tmp_path: Path, told: Any
) -> None:
    """It is decoration: nothing is raised, and nothing is stored."""
    assert fetched(*told) == (None, 1)
    assert not list(tmp_path.glob("previews/*"))


def test_what_is_too_large_is_left_out(
    fetched: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither many bytes nor few bytes that are many pixels."""
    monkeypatch.setattr(posters, "_LARGEST", 100)
    assert fetched(200, picture()) == (None, 1)
    monkeypatch.setattr(posters, "_LARGEST", 10_000_000)
    monkeypatch.setattr(posters, "MOST_PIXELS", 1280 * 720 - 1)
    assert fetched(200, picture()) == (None, 1)


@pytest.mark.parametrize(
    "link", ["http://169.254.169.254/latest", "file:///etc/passwd", "{origin}/poster", "nonsense"]
)
def test_private_places_are_not_asked(fetched: Callable[..., Any], link: str) -> None:
    """A link from outside never makes this machine ask its own network."""
    found = fetched(200, picture(), link=link, origin="https://api.example.com")
    assert found == (None, 0)
