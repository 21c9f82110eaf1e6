"""A picture of a stored video: by PyAV where it is installed, else by ffmpeg, else none."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image

POSTER = (640, 640)
"""Pixels that a poster keeps at most."""

_QUALITY = 82  # of 95
_PATIENCE = 20  # seconds that ffmpeg may take for one picture

# The demuxer is named: a playlist in a video's clothes would make others open what it lists.
_DEMUXERS = {".mp4": "mov", ".mov": "mov", ".webm": "matroska", ".mkv": "matroska", ".gif": "gif"}

Grab = Callable[[Path], Image.Image | None]


def grabber() -> Grab | None:
    """What takes pictures from videos here; ``None`` if nothing does."""
    try:
        import av  # noqa: F401 - only whether it is there
    except ImportError:
        return _by_ffmpeg if shutil.which("ffmpeg") else None
    return _by_av


def store_poster(video: Path, poster: Path, grab: Grab) -> bool:
    """Store a small picture of a video; whether there is one now.

    A poster is decoration: whatever a broken file makes a decoder raise means that there is none.
    """
    try:
        image = grab(video)
        if image is None:
            return False
        image.thumbnail(POSTER)
        out = BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
        beside = poster.with_name(f".{poster.name}.tmp")
        beside.write_bytes(out.getvalue())
        beside.replace(poster)
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def _by_av(video: Path) -> Image.Image | None:
    """The key frame before the middle: the first one often is the reference image itself."""
    import av

    with av.open(str(video), format=_DEMUXERS[video.suffix]) as container:
        stream = container.streams.video[0]
        if container.duration:
            container.seek(container.duration // 2)
        for frame in container.decode(stream):
            picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
            return picture
    return None


def _by_ffmpeg(video: Path) -> Image.Image | None:
    done = subprocess.run(  # noqa: S603 - a list of words, none of them the sheet's
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"),
            *("-f", _DEMUXERS[video.suffix], "-i", f"file:{video}", "-frames:v", "1"),
            *("-vf", f"thumbnail=12,scale='min({POSTER[0]},iw)':-2"),
            *("-f", "image2pipe", "-c:v", "mjpeg", "pipe:1"),
        ],
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    return Image.open(BytesIO(done.stdout)) if done.stdout else None
