"""Places take a file whole and verified, or say why not; never over another one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_runner.core.errors import ConfigError
from batch_runner.core.places import check_place, folder_of
from batch_runner.storage.digest import PIECE, digest_of
from batch_runner.storage.place import Place, open_place
from batch_runner.storage.trouble import PlaceError
from tests.s3 import S3

LARGE = os.urandom(2 * PIECE + 12_345)  # three parts


class Kept:
    """A place, and what somebody else finds there."""

    def __init__(self, place: Place, look: Callable[[], dict[str, bytes]]) -> None:
        self.place = place
        self.look = look

    def put(self, file: Path, name: str) -> bool:
        """Put a file there."""
        return asyncio.run(self.place.put(file, name, digest_of(file)))


@pytest.fixture(params=["folder", "file-url", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """Each kind of place, empty."""
    if request.param == "s3":
        s3: S3 = request.getfixturevalue("s3")
        place = open_place(f"s3://{s3.bucket}/summer")
        return Kept(place, lambda: {k.removeprefix("summer/"): v for k, v in s3.objects().items()})
    root = tmp_path / "web root"

    def look() -> dict[str, bytes]:
        files = (path for path in root.rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    return Kept(open_place(root if request.param == "folder" else root.as_uri()), look)


@pytest.mark.parametrize("content", [b"", b"a video", LARGE], ids=["empty", "small", "parts"])
def test_a_file_arrives_whole(kept: Kept, tmp_path: Path, content: bytes) -> None:
    """In one piece or several, under a name of any script, and nothing else beside it."""
    file = tmp_path / "made.mp4"
    file.write_bytes(content)
    asyncio.run(kept.place.reach())
    assert kept.put(file, "clips/猫 #1.mp4")
    assert kept.look() == {"clips/猫 #1.mp4": content}


def test_a_name_that_is_taken_stays_whose_it_is(kept: Kept, tmp_path: Path) -> None:
    """The very same file is there already; another one, also of that size, keeps the name."""
    file = tmp_path / "made.mp4"
    for content, taken in ((b"first", True), (b"first", True), (b"other", False), (b"", False)):
        file.write_bytes(content)
        assert kept.put(file, "1.mp4") == taken
    assert kept.look() == {"1.mp4": b"first"}


def test_two_at_once_never_mix(kept: Kept, tmp_path: Path) -> None:
    """Of several files that want one name at the same moment one gets it, whole."""
    files = [tmp_path / f"{n}.mp4" for n in range(4)]
    for n, file in enumerate(files):
        file.write_bytes(bytes([n]) * 300_000)

    async def all_at_once() -> list[bool]:
        puts = (kept.place.put(file, "1.mp4", digest_of(file)) for file in files)
        return await asyncio.gather(*puts)

    got = asyncio.run(all_at_once())
    assert got.count(True) == 1
    assert kept.look() == {"1.mp4": files[got.index(True)].read_bytes()}


def test_what_is_large_is_known_by_the_hash_of_its_parts(s3: S3, tmp_path: Path) -> None:
    """The service's own hash is the one we work out: nothing is read back, which would be paid."""
    file = tmp_path / "large.mp4"
    file.write_bytes(LARGE)
    known = digest_of(file)
    assert asyncio.run(open_place(f"s3://{s3.bucket}").put(file, "large.mp4", known))
    assert s3.etag("large.mp4") == known.etag
    assert known.etag.endswith("-3")


def test_a_part_of_another_size_is_read_back(s3: S3, tmp_path: Path) -> None:
    """Put there by another program in one piece, its hash is another; its content tells."""
    file = tmp_path / "large.mp4"
    file.write_bytes(LARGE)
    s3.put("large.mp4", LARGE)
    assert s3.etag("large.mp4") != digest_of(file).etag
    assert asyncio.run(open_place(f"s3://{s3.bucket}").put(file, "large.mp4", digest_of(file)))


def test_what_does_not_arrive_whole_is_not_left_there(s3: S3, tmp_path: Path) -> None:
    """A file that is another one by the time it is sent: said, and the name is free again."""
    file = tmp_path / "made.mp4"
    file.write_bytes(b"as it was")
    known = digest_of(file)
    file.write_bytes(b"cut")
    with pytest.raises(PlaceError, match="not what was sent"):
        asyncio.run(open_place(f"s3://{s3.bucket}").put(file, "1.mp4", known))
    assert s3.objects() == {}


def test_trouble_is_one_line(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bucket, no server, no folder: what failed is said in a sentence."""
    with pytest.raises(PlaceError, match="there is no bucket nowhere-at-all"):
        asyncio.run(open_place("s3://nowhere-at-all/x").reach())
    file = tmp_path / "made.mp4"
    file.write_bytes(b"video")
    with pytest.raises(PlaceError):
        asyncio.run(open_place(file / "below a file").put(file, "1.mp4", digest_of(file)))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PlaceError, match="Could not connect"):
        asyncio.run(open_place(f"s3://{s3.bucket}").put(file, "1.mp4", digest_of(file)))


def test_what_is_missing_is_said_before_anything_is_done() -> None:
    """A kind of place that nothing here knows, with what to install."""
    for url in ("nothing-like-it://bucket/x", "abfs://box@account.dfs.core.windows.net/x"):
        with pytest.raises(ConfigError, match="pip install") as caught:
            open_place(url)
        assert caught.value.code == "storage_not_installed"


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "://bucket",
        "https://example.com/videos",
        "memory://videos",
        "simplecache::s3://bucket",
        "s3://bucket/x?versionId=1",
        "ftp://me:secret@host/videos",
        "s3://bucket/\x07",
    ],
)
def test_a_url_that_nothing_can_be_put_at_is_refused(text: str) -> None:
    """No link to read from, no place that is gone tomorrow, and no password to be shown."""
    with pytest.raises(ValueError, match="must") as caught:
        check_place(text)
    assert "secret" not in str(caught.value)


def test_file_urls_are_folders() -> None:
    """With blanks and shares as those write them."""
    assert folder_of("file:///srv/my%20videos") == Path("/srv/my videos")
    assert folder_of("file://localhost/srv") == Path("/srv")
    assert folder_of("file:///C:/videos") == Path("C:/videos")
    assert folder_of("file://nas/share/videos") == Path("//nas/share/videos")
    assert folder_of("s3://bucket") is None
    assert check_place(" S3://bucket/x/ ") == "s3://bucket/x"
