"""The config's section about links that last: where videos are put, and what opens them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.settings.places import PlaceText, place_in, place_named
from batch_runner.settings.section import Section

PUBLISH_TO, PUBLISH_URL = "BATCH_RUNNER_PUBLISH_TO", "BATCH_RUNNER_PUBLISH_URL"
"""Variables that say the same as ``publish.to`` and ``publish.base_url``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """How stored videos get links that last."""

    to: Path | str | None  # a folder, or the URL of a place; None: they lie there already
    base_url: str  # what their links begin with, without a slash at its end


class PublishSection(Section):
    """Links that last; only taken from a config given by --config."""

    to: PlaceText | None = Field(
        default=None,
        description="Folder (from this file's) or URL such as s3://bucket/folder that each video "
        "is also put into; left out: base_url leads to download.folder.",
    )
    base_url: str | None = Field(
        default=None,
        description="Address below which those videos are opened, such as https://cdn.example.com/v.",
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return None if value is None else _check_base(value)

    @model_validator(mode="after")
    def _opens(self) -> PublishSection:
        if self.base_url is None and self.to is not None:
            raise ValueError(
                phrase(
                    "must have base_url: the address below which the videos in {place} are opened, such as https://cdn.example.com/videos",
                    place=self.to,
                )
            )
        return self


def _check_base(url: str) -> str:
    text = url.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    plain = text.isascii() and text.isprintable() and " " not in text
    if host is None or parts.scheme not in {"http", "https"} or not plain:
        raise ValueError(phrase("must be a web address such as https://cdn.example.com/videos"))
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            phrase("must be a web address without user, query and fragment: everybody sees it")
        )
    return text


def publish_by_environment(
    environ: Mapping[str, str], otherwise: Publish | None
) -> Publish | None:
    """What the environment says, else as the config does.

    Raises:
        ConfigError: a variable is unusable, or says only half.
    """
    place = place_in(environ, PUBLISH_TO)
    base = environ.get(PUBLISH_URL, "").strip()
    if place is None and not base:
        return otherwise
    try:
        return Publish(to=place, base_url=_check_base(base))
    except ValueError as error:
        raise ConfigError(
            phrase("{name}: {reason}.", name=PUBLISH_URL, reason=error),
            code="bad_publish",
            hint=phrase("It is the address below which published videos are opened."),
        ) from None


def from_publish_section(section: PublishSection, config: Path | None) -> Publish | None:
    """What a config says; ``None``: rows show the provider's links."""
    if section.base_url is None:
        return None
    return Publish(to=place_named(section.to, config), base_url=section.base_url)
