"""Pictures as bytes: what is seen in them, and what is wrong with that."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batch_runner.core.picture import Picture, flaws
from batch_runner.provider.examine import examine


def _file(kind: str, size: tuple[int, int], *, flat: bool = False) -> bytes:
    """A picture file: a gradient, or one colour."""
    image = Image.new("RGB", size, (40, 120, 200))
    if not flat:
        image.paste(Image.linear_gradient("L").resize(size).convert("RGB"))
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()


WHOLE = _file("PNG", (200, 150))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("flat", [False, True])
def test_format_size_and_colour_are_seen(kind: str, *, flat: bool) -> None:
    """By the content, whatever a name says; also after compression."""
    content = _file(kind, (200, 150), flat=flat)
    size = len(content)
    assert examine(content) == Picture(format=kind, width=200, height=150, flat=flat, size=size)


@pytest.mark.parametrize(
    ("picture", "codes"),
    [
        (Picture(format="PNG", width=128, height=512), []),
        (Picture(format="WEBP", width=512, height=128), []),
        (Picture(format="PNG", width=127, height=300), ["image_too_small"]),
        (Picture(format="JPEG", width=128, height=513), ["image_ratio"]),
        (Picture(format="JPEG", width=128, height=127), ["image_too_small"]),
        (Picture(format="GIF", width=300, height=300), ["image_format"]),
        (Picture(format="PNG", width=300, height=300, flat=True), ["image_one_colour"]),
        (Picture(format=""), ["image_not_a_picture"]),
    ],
)
def test_limits_hold_on_both_sides(picture: Picture, codes: list[str]) -> None:
    """What is just taken and what is just refused, by the provider's page."""
    assert [flaw.code for flaw in flaws(picture)] == codes


def test_a_picture_of_too_many_pixels_is_not_unfolded() -> None:
    """A small file may hold a huge flat picture: its size is read, its pixels are not."""
    out = BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG")
    seen = examine(out.getvalue())
    assert (seen.width, seen.height, seen.flat) == (12_000, 12_000, False)


@given(st.binary(max_size=200) | st.integers(0, len(WHOLE) // 2).map(lambda end: WHOLE[:end]))
@settings(max_examples=150)
def test_bytes_that_are_no_whole_picture_never_raise(content: bytes) -> None:
    """Junk and half a download are no picture."""
    assert examine(content).format == ""
