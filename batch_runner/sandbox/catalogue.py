"""Which requests the service takes, and what they cost.

The rules are those of the vidu-q3 and vidu-q3-pro pages under
https://docs.apimart.ai/en/api-reference/videos/ . Of a model without rules here only the
envelope is checked. Fields that no rule names are let through, as the real service does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TypeGuard

RATIOS = ("16:9", "9:16", "4:3", "3:4", "1:1")
DURATION = 5  # seconds, where a request names none
RESOLUTION = "720p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What one model takes."""

    prompt_limit: int  # characters
    images: tuple[int, int]
    duration: tuple[int, int]  # seconds
    resolutions: tuple[str, ...] = ("540p", "720p", "1080p")
    seeds: tuple[int, int] | None = None  # None: any integer
    ratio_with_images: bool = True
    audio: bool = False


_FRAMES = Model(
    prompt_limit=2000,
    images=(0, 2),
    duration=(1, 16),
    seeds=(-1, 4_294_967_295),
    ratio_with_images=False,
    audio=True,
)

MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "viduq3": Model(prompt_limit=5000, images=(1, 7), duration=(3, 16)),
        "viduq3-mix": Model(
            prompt_limit=5000, images=(1, 7), duration=(1, 16), resolutions=("720p", "1080p")
        ),
        "viduq3-pro": _FRAMES,
        "viduq3-turbo": _FRAMES,
    }
)

_PER_SECOND = {
    "viduq3": Decimal("0.08"),
    "viduq3-mix": Decimal("0.10"),
    "viduq3-pro": Decimal("0.12"),
    "viduq3-turbo": Decimal("0.048"),
}
_OTHER_PER_SECOND = Decimal("0.05")
_FACTORS = {"540p": Decimal("0.5"), "1080p": Decimal("1.25")}
_MIX_1080P = Decimal("1.2")


def price(body: Mapping[str, object]) -> Decimal:
    """What a (valid) request costs, in USD."""
    model, resolution = body["model"], body.get("resolution", RESOLUTION)
    duration = body.get("duration", DURATION)
    seconds = duration if _is_int(duration) else DURATION
    factor = _FACTORS.get(str(resolution).lower(), Decimal(1))
    if model == "viduq3-mix" and resolution == "1080p":
        factor = _MIX_1080P
    return _PER_SECOND.get(str(model), _OTHER_PER_SECOND) * factor * max(seconds, 1)


def complaint(body: Mapping[str, object]) -> str | None:
    """What is wrong with a request, the first of it; ``None``: nothing."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        return "model is required"
    prompt = body.get("prompt", "")
    if not isinstance(prompt, str):
        return "prompt must be a string"
    model = MODELS.get(name)
    if model is None:
        has_media = any(key.endswith(("_url", "_urls", "_image", "_roles")) for key in body)
        return None if prompt.strip() or has_media else "prompt is required"
    return next(_complaints(model, name, prompt, body), None)


def _complaints(model: Model, name: str, prompt: str, body: Mapping[str, object]) -> Iterator[str]:
    images = body.get("image_urls", [])
    yield from _about_images(model, name, images)
    if not prompt.strip() and (model.images[0] or not images):
        yield "prompt is required"
    if len(prompt) > model.prompt_limit:
        yield f"prompt exceeds {model.prompt_limit} characters"
    yield from _about_numbers(model, body)
    yield from _about_choices(model, name, body)
    if "aspect_ratio" in body and images and not model.ratio_with_images:
        yield f"aspect_ratio is not supported by {name} when image_urls is given"
    if model.audio and not isinstance(body.get("audio", True), bool):
        yield "audio must be a boolean"


def _about_images(model: Model, name: str, images: object) -> Iterator[str]:
    low, high = model.images
    if not isinstance(images, list) or not all(isinstance(url, str) for url in images):
        yield "image_urls must be an array of strings"
        return
    if low and not images:
        yield f"image_urls is required for {name}"
    if len(images) > high:
        yield f"image_urls: at most {high} images are supported by {name}"
    if not all(url.startswith(("http://", "https://")) for url in images):
        yield "Invalid format: image_urls must be http(s) URLs"


def _about_numbers(model: Model, body: Mapping[str, object]) -> Iterator[str]:
    low, high = model.duration
    duration = body.get("duration", DURATION)
    if not _is_int(duration):
        yield "duration must be an integer"
    elif not _within(duration, (low, high)):
        yield f"invalid duration: {duration}, allowed: {low}-{high}"
    seed = body.get("seed", 0)
    if not _is_int(seed):
        yield "seed must be an integer"
    elif not _within(seed, model.seeds):
        yield f"invalid seed: {seed}"


def _about_choices(model: Model, name: str, body: Mapping[str, object]) -> Iterator[str]:
    resolution = body.get("resolution", RESOLUTION)
    if resolution not in model.resolutions:
        allowed = ", ".join(model.resolutions)
        yield f"invalid resolution for {name}: {resolution}, allowed: {allowed}"
    ratio = body.get("aspect_ratio", RATIOS[0])
    if ratio not in RATIOS:
        yield f"invalid aspect_ratio: {ratio}, allowed: {', '.join(RATIOS)}"


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(value: int, bounds: tuple[int, int] | None) -> bool:
    return bounds is None or bounds[0] <= value <= bounds[1]
