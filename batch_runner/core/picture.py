"""What a picture must be like to make a video of it; pure.

Limits: https://docs.apimart.ai/en/api-reference/videos/vidu-q3/generation (formats, sizes, ratio).
One flat colour was seen to fail always, after the submit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batch_runner.core.language import phrase

FORMATS = ("PNG", "JPEG", "WEBP")
SMALLEST = 128  # pixels of each side
LONGEST = 4  # one side as a multiple of the other
LARGEST = 50_000_000  # bytes, by a link
LARGEST_UPLOAD = 20_971_520  # bytes (https://docs.apimart.ai/en/api-reference/uploads/images)
LARGEST_SHRUNK = 200_000_000  # bytes of what is scaled down before


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a look at a picture showed."""

    format: str  # as Pillow calls it; "" where it is no picture at all
    width: int = 0  # pixels
    height: int = 0
    flat: bool = False  # one colour all over
    size: int = 0  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Why a picture will not do."""

    code: str
    message: str  # fits after the picture's address and a colon
    hint: str = ""


def uploadable(*, shrink: bool) -> int:
    """Bytes that a picture to be uploaded may have; ``shrink``: larger ones are scaled down."""
    return LARGEST_SHRUNK if shrink else LARGEST_UPLOAD


def flaws(picture: Picture, *, largest: int = LARGEST) -> Iterator[Flaw]:
    """All that is wrong with a picture; ``largest``: bytes that are taken."""
    if not picture.format:
        yield Flaw(
            code="image_not_a_picture",
            message=phrase("it is no picture."),
            hint=phrase(
                "If it is a link, open it in a browser: it may lead to a page around the picture."
            ),
        )
        return
    if picture.format not in FORMATS:
        yield Flaw(
            code="image_format",
            message=phrase("it is {format}; PNG, JPEG and WebP are taken.", format=picture.format),
        )
    size = f"{picture.width}x{picture.height}"
    if min(picture.width, picture.height) < SMALLEST:
        yield Flaw(
            code="image_too_small",
            message=phrase(
                "it has {size} pixels; at least {smallest}x{smallest} are needed.",
                size=size,
                smallest=SMALLEST,
            ),
        )
    elif max(picture.width, picture.height) > LONGEST * min(picture.width, picture.height):
        yield Flaw(
            code="image_ratio",
            message=phrase(
                "it has {size} pixels; 1:{longest} to {longest}:1 is taken.",
                size=size,
                longest=LONGEST,
            ),
        )
    if picture.size > largest:
        yield Flaw(
            code="image_too_large",
            message=phrase(
                "it has {size} MB; at most {largest} MB are taken.",
                size=f"{picture.size / 1e6:.1f}",
                largest=f"{largest / 1e6:.0f}",
            ),
            hint=phrase("Save it smaller, or set 'images.shrink' to true in the config."),
        )
    if picture.flat:
        yield Flaw(
            code="image_one_colour",
            message=phrase("it shows one colour only; such pictures fail."),
        )
