"""A download that broke off goes on where it stopped, and only where that is sure to be right."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_runner.core.outcomes import FetchKind, FetchOutcome
from batch_runner.provider import part as parts
from batch_runner.provider import writer
from batch_runner.provider.client import HttpProvider
from batch_runner.provider.notes import notes_of

Made = Callable[..., HttpProvider]
OLD = "Wed, 25 Nov 2026 21:13:53 GMT"
NOW = "Wed, 25 Nov 2026 22:00:00 GMT"
TAGGED = {"ETag": '"one"'}


@dataclass
class FileServer:
    """Serves one file as told, and writes down from where on it was asked."""

    film: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(TAGGED))
    cuts: list[int] = field(default_factory=list)  # after so many bytes each answer ends, in turn
    ranges: bool = True
    status: int | None = None  # of answers to a range, instead of 206
    told: str = "bytes {first}-{last}/{length}"
    shift: int = 0  # how far off a range's bytes really begin
    asked: list[tuple[int, str]] = field(default_factory=list)  # first byte, If-Range

    async def __call__(self, request: Any, writer: asyncio.StreamWriter) -> None:
        """Answer a request, perhaps not to its end."""
        first = int(re.sub(r"\D", "", request.headers.get("range", "0")))
        given = request.headers.get("if-range", "")
        self.asked.append((first, given))
        known = given in {self.headers.get("ETag"), self.headers.get("Last-Modified")}
        status, body, more = 200, self.film, {}
        if first and known and self.ranges:
            status, body = self.status or 206, self.film[first + self.shift :]
            last, length = len(self.film) - 1, len(self.film)
            more = {"Content-Range": self.told.format(first=first, last=last, length=length)}
        fields = {"Content-Length": str(len(body)), "Date": NOW, **self.headers, **more}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        cut = self.cuts.pop(0) if self.cuts else len(body)
        writer.write(f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body[:cut])
        await writer.drain()
        if cut < len(body):
            writer.close()


@pytest.fixture
def film(video: bytes) -> bytes:
    """A video whose places do not look alike."""
    content = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(250))
    return (
        video[: video.index(b"mdat") - 4]
        + (8 + len(content)).to_bytes(4, "big")
        + b"mdat"
        + content
    )


@pytest.fixture
def fetch(listen: Any, provider: Made, tmp_path: Path) -> Callable[..., list[FetchOutcome]]:
    """``fetch(server, "/a.mp4", ...)``: fetch one task's video by these links in turn."""

    def run(server: FileServer, *paths: str, folder: Path = tmp_path) -> list[FetchOutcome]:
        async def story() -> list[FetchOutcome]:
            async with listen(server) as at, provider(at.origin) as client:
                return [
                    await client.fetch(at.origin + path, folder / "a", folder / "task.part")
                    for path in paths or ("/v.mp4",)
                ]

        return asyncio.run(story())

    return run


def _saved(outcome: FetchOutcome, film: bytes, folder: Path) -> None:
    assert outcome.kind is FetchKind.SAVED, outcome
    assert outcome.size == len(film)
    assert [path.name for path in folder.iterdir()] == ["a.mp4"]
    assert (folder / "a.mp4").read_bytes() == film


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 9000), max_size=8))
def test_wherever_it_breaks_off_it_goes_on_there(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, cuts: list[int]
) -> None:
    """Cut at any bytes any number of times: the file is whole, and what was had is not sent again."""
    with tempfile.TemporaryDirectory() as name:
        folder, server = Path(name), FileServer(film, cuts=list(cuts))
        *broken, last = fetch(server, *["/v.mp4"] * (len(cuts) + 1), folder=folder)
        _saved(last, film, folder)
        had, begun = 0, []
        for cut in cuts:
            begun.append(max(0, had - parts.OVERLAP))
            end = begun[-1] + cut
            if end >= len(film):
                break
            had = max(had, end) if begun[-1] else end
        assert [first for first, _ in server.asked][: len(begun)] == begun
        assert all(one.kind in {FetchKind.DAMAGED, FetchKind.SAVED} for one in broken)


def test_what_was_had_is_told_and_not_asked_for_again(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path
) -> None:
    """The outcome of a cut says how much need not come again; the next one asks with If-Range."""
    server = FileServer(film, cuts=[6000])
    cut, saved = fetch(server, "/v.mp4", "/v.mp4")
    assert (cut.kind, cut.size) == (FetchKind.DAMAGED, 6000 - parts.OVERLAP)
    assert server.asked == [(0, ""), (6000 - parts.OVERLAP, '"one"')]
    _saved(saved, film, tmp_path)


def test_a_last_byte_that_is_there_already_is_enough(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path
) -> None:
    """A run that ended between the last byte and the name goes on as well."""
    server = FileServer(film, cuts=[len(film) - 1])
    fetch(server)
    part = tmp_path / "task.part"
    assert part.stat().st_size == len(film) - 1
    part.write_bytes(film)
    with notes_of(part).open("a") as notes:
        notes.write(f"{len(film)}\n")
    _saved(fetch(server)[0], film, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"ranges": False},
        {"headers": {"ETag": '"two"'}},
        {"status": 416},
        {"told": "bytes {first}-{last}/9999"},
        {"told": "bytes 0-{last}/{length}"},
        {"told": "bytes */{length}"},
        {"shift": 1},
        {"shift": -700},
    ],
)
def test_what_cannot_be_continued_starts_anew(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path, change: dict[str, Any]
) -> None:
    """A server without ranges, another file, or a range that lies: all of it once more, and whole."""
    fetch(FileServer(film, cuts=[6000]))
    server = FileServer(film, **change)
    _saved(fetch(server)[0], film, tmp_path)
    assert server.asked[0][0] == 6000 - parts.OVERLAP
    assert len(server.asked) == 1 or server.asked[1][0] == 0


def test_a_file_that_was_made_anew_is_not_mixed_with_the_old_one(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path
) -> None:
    """Other bytes of the same length under the same ETag are seen by those that come once more."""
    fetch(FileServer(film, cuts=[6000]))
    other = film[:3000] + bytes(255 - byte for byte in film[3000:])
    _saved(fetch(FileServer(other))[0], other, tmp_path)


@pytest.mark.parametrize(
    ("headers", "path", "goes_on"),
    [
        ({"ETag": '"one"'}, "/fresh/2.mp4", True),
        ({"Last-Modified": OLD}, "/v.mp4?signature=2", True),
        ({"Last-Modified": OLD}, "/fresh/2.mp4", False),
    ],
)
def test_a_fresh_link_goes_on_where_the_file_is_proved_the_same(
    fetch: Callable[..., list[FetchOutcome]],
    film: bytes,
    tmp_path: Path,
    headers: dict[str, str],
    path: str,
    goes_on: bool,  # noqa: FBT001
) -> None:
    """By a strong ETag anywhere; by a date only at the same place, whatever its signature."""
    server = FileServer(film, headers=headers, cuts=[6000])
    _, saved = fetch(server, "/v.mp4?signature=1", path)
    assert (server.asked[1][0] > 0) == goes_on
    _saved(saved, film, tmp_path)


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"one"'}, {**TAGGED, "Accept-Ranges": "none"}])
def test_what_can_never_be_continued_is_not_kept(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Without a validator a broken download leaves nothing."""
    (cut,) = fetch(FileServer(film, headers=headers, cuts=[6000]))
    assert (cut.kind, cut.size) == (FetchKind.DAMAGED, 0)
    assert list(tmp_path.iterdir()) == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.integers(0, 9), torn=st.binary(max_size=30), lost=st.binary(max_size=3000))
def test_a_part_that_a_power_cut_spoiled_never_spoils_the_video(
    fetch: Callable[..., list[FetchOutcome]],
    film: bytes,
    monkeypatch: pytest.MonkeyPatch,
    lines: int,
    torn: bytes,
    lost: bytes,
) -> None:
    """Bytes that never reached the disk, notes cut anywhere: what is not sure is fetched again."""
    monkeypatch.setattr(parts, "STEP", 1000)
    monkeypatch.setattr(writer, "BATCH", 500)
    with tempfile.TemporaryDirectory() as name:
        folder, part = Path(name), Path(name) / "task.part"
        fetch(FileServer(film, cuts=[6000]), folder=folder)
        kept = notes_of(part).read_bytes().splitlines(keepends=True)[:lines]
        sure = int(kept[-1]) if len(kept) > 1 else 0
        notes_of(part).write_bytes(b"".join(kept) + torn.replace(b"\n", b""))
        part.write_bytes(film[:sure] + lost)
        _saved(fetch(FileServer(film), folder=folder)[0], film, folder)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scribble=st.binary(max_size=300) | st.text("0123456789\n{}", max_size=60).map(str.encode))
def test_notes_that_make_no_sense_are_no_notes(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, scribble: bytes
) -> None:
    """Whatever stands in them, the download comes to its end, and nothing of them is left."""
    with tempfile.TemporaryDirectory() as name:
        folder, part = Path(name), Path(name) / "task.part"
        part.write_bytes(film[:100])
        notes_of(part).write_bytes(scribble)
        _saved(fetch(FileServer(film), folder=folder)[0], film, folder)


def test_a_part_shorter_than_its_notes_starts_anew(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path
) -> None:
    """A part that somebody cut is not filled up from where it was."""
    fetch(FileServer(film, cuts=[6000]))
    (tmp_path / "task.part").write_bytes(film[:5000])
    server = FileServer(film)
    _saved(fetch(server)[0], film, tmp_path)
    assert server.asked == [(0, "")]


def test_a_killed_download_goes_on_from_its_last_note(
    fetch: Callable[..., list[FetchOutcome]],
    film: bytes,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Notes are taken while it is on: what came after the last one is all that is lost."""
    monkeypatch.setattr(parts, "STEP", 2000)
    server = FileServer(film, cuts=[1500])
    fetch(server)  # so that there is a part, and its file is known
    with closing(parts.Part(tmp_path / "task.part")) as part:
        part.open()
        for at in range(1500, 7000, 500):
            part.write([film[at : at + 500]])
        killed = tmp_path / "killed"
        shutil.copytree(tmp_path, killed)  # as a kill at this moment leaves it
    _saved(fetch(server, folder=killed)[0], film, killed)
    assert server.asked[1][0] == 5500 - parts.OVERLAP


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_link_in_the_place_of_a_part_is_not_written_through(
    fetch: Callable[..., list[FetchOutcome]], film: bytes, tmp_path: Path
) -> None:
    """Somebody else's file, linked to from where a part would be, keeps its bytes."""
    mine = tmp_path / "mine"
    mine.write_bytes(b"precious")
    (tmp_path / "task.part").symlink_to(mine)
    (outcome,) = fetch(FileServer(film))
    assert outcome.kind is FetchKind.DISK
    assert mine.read_bytes() == b"precious"
