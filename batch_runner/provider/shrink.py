"""A picture made small enough to be uploaded, for those who asked for it."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

from batch_runner.core.picture import LARGEST_UPLOAD
from batch_runner.provider.examine import MOST_PIXELS

_SIDES = (8192, 4096, 3072, 2048, 1024)
"""Pixels of the longer side, tried one after the other; no model makes a video finer than 4K."""

_QUALITY = 92  # of 95


def shrink(content: bytes) -> bytes | None:
    """The same picture with fewer bytes; ``None``: it cannot be made small enough.

    A JPEG, or a WebP where something shows through. Turned as it is meant to be seen.
    """
    try:
        with Image.open(BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            upright = ImageOps.exif_transpose(image)
        clear = upright.has_transparency_data
        whole = upright.convert("RGBA" if clear else "RGB")
        for side in _SIDES:
            whole.thumbnail((side, side))
            out = BytesIO()
            whole.save(out, "WEBP" if clear else "JPEG", quality=_QUALITY)
            if out.tell() <= LARGEST_UPLOAD:
                return out.getvalue()
    except Exception:  # noqa: BLE001 - decoders of broken files raise whatever they stumble on
        return None
    return None
