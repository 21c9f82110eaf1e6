"""Makes the pictures in ``samples/pictures``: ``python tests/samples/make_pictures.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"
SIZE = (160, 160)  # the provider wants 128 at least
PAPER, INK, GLOW = "#f4efe6", "#2b2b33", "#f2b134"

_LAMP = ((60, 120, 100, 128), (76, 60, 84, 120))
_CHAIR = ((48, 84, 112, 94), (48, 36, 56, 132), (104, 84, 112, 132))


def lamp() -> Image.Image:
    """A lamp that is on."""
    image, draw = _sheet()
    draw.ellipse((30, 14, 130, 114), fill="#fbe3ae")
    for box in _LAMP:
        draw.rectangle(box, fill=INK)
    draw.polygon([(52, 66), (108, 66), (94, 32), (66, 32)], fill=GLOW)
    return image


def chair() -> Image.Image:
    """A chair from the side."""
    image, draw = _sheet()
    for box in _CHAIR:
        draw.rectangle(box, fill=INK)
    draw.ellipse((40, 134, 120, 140), fill="#d8d0c2")
    return image


def room() -> Image.Image:
    """Where both stand."""
    image, draw = _sheet()
    draw.rectangle((0, 110, 160, 160), fill="#c9b99b")
    draw.rectangle((98, 24, 140, 74), fill="#9cc4dd", outline=INK, width=3)
    return image


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", SIZE, PAPER)
    return image, ImageDraw.Draw(image)


def main(folder: Path) -> None:
    """Store all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for make in (lamp, chair, room):
        make().quantize(16).save(folder / f"{make.__name__}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
