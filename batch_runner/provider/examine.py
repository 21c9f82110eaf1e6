"""A picture's bytes as what the rules need to know of it."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from batch_runner.core.picture import Picture

MOST_PIXELS = 60_000_000
"""More are not decoded: a small file can hold a picture that fills the memory."""

_NUANCE = 6  # steps of 255 that two equal colours may be apart after compression

Image.MAX_IMAGE_PIXELS = None  # the library's own guard; MOST_PIXELS is ours


def examine(content: bytes) -> Picture:
    """Format, size and whether it is one colour; whatever the bytes are, this never raises."""
    try:
        with Image.open(BytesIO(content)) as image:
            width, height = image.size
            image.draft(
                "RGB", (width // 8, height // 8)
            )  # of a JPEG an eighth is enough, and quick
            flat = width * height <= MOST_PIXELS and _is_flat(image)
            return Picture(
                format=image.format or "", width=width, height=height, flat=flat, size=len(content)
            )
    except Exception:  # noqa: BLE001 - decoders of broken files raise whatever they stumble on
        return Picture(format="", size=len(content))


def _is_flat(image: Image.Image) -> bool:
    bands = image.convert("RGB").split()
    spans = [band.getextrema() for band in bands]
    return all(isinstance(low, int) and high - low <= _NUANCE for low, high in spans)
