"""Where files are put, as configs and options name it: a folder, or a place by its URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.places import check_place, is_url


def _checked(text: str) -> str:
    return check_place(text) if is_url(text) else text


PlaceText = Annotated[str, AfterValidator(_checked)]
"""A folder, or a URL such as ``s3://bucket/folder``."""


def place_named(text: str | None, config: Path | None) -> Path | str | None:
    """A place that a config names: a URL as it is, a folder from where the config lies."""
    if text is None or is_url(text):
        return text
    path = Path(text).expanduser()
    return path if config is None else config.parent / path


def place_in(environ: Mapping[str, str], variable: str) -> Path | str | None:
    """A place that a variable names; ``None``: it is not set.

    Raises:
        ConfigError: nothing can be put there.
    """
    text = environ.get(variable, "").strip()
    try:
        return place_given(text) if text else None
    except ValueError as error:
        raise ConfigError(
            phrase("{name}: {reason}.", name=variable, reason=error), code="bad_place"
        ) from None


def place_given(value: object) -> Path | str:
    """A place that an option names.

    Raises:
        ValueError: with a plain sentence: nothing can be put there.
    """
    text = str(value)
    return check_place(text) if is_url(text) else Path(text).expanduser()
