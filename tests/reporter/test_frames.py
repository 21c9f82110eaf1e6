from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from batch_runner.reporter.frames import POSTER, grabber, store_poster
from batch_runner.sandbox.video import video

pytest.importorskip("av", reason="the extra 'posters' is not installed")


def test_a_poster_is_a_picture_of_the_video(tmp_path: Path) -> None:
    """A JPEG of our own making, no larger than it needs to be."""
    film, poster = tmp_path / "a.mp4", tmp_path / "a.jpg"
    film.write_bytes(video("task_1"))
    grab = grabber()
    assert grab is not None
    assert store_poster(film, poster, grab)
    with Image.open(poster) as image:
        assert image.format == "JPEG"
        assert image.width <= POSTER[0]
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 5  # no flat colour
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "a.mp4"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 64,
        video("task_1")[:2000],
        b"ffconcat version 1.0\nfile '%s'\n",
        b"#EXTM3U\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n",
    ],
    ids=["empty", "zeros", "cut off", "list of files", "playlist"],
)
def test_what_is_no_video_has_no_poster(tmp_path: Path, content: bytes) -> None:
    """A broken file gives none; a playlist in a video's clothes opens nothing that it names."""
    other = tmp_path / "other.mp4"
    other.write_bytes(video("task_2"))
    film, poster = tmp_path / "a.mp4", tmp_path / "a.jpg"
    film.write_bytes(content.replace(b"%s", str(other).encode()))
    grab = grabber()
    assert grab is not None
    assert not store_poster(film, poster, grab)
    assert not poster.exists()
