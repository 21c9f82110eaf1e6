"""What the settings say for rows that say nothing: defaults for all of them, and templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.core.profile import Given
from batch_runner.core.text import loose
from batch_runner.settings.campaign import CampaignConfig
from batch_runner.settings.section import is_template

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """A template as somebody wrote it."""

    text: str
    where: str  # the file, or --set; for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Fillings:
    """By parameter (or ``model``): what counts where a row says nothing."""

    defaults: Mapping[str, Given] = field(default_factory=dict)
    templates: Mapping[str, TemplateText] = field(default_factory=dict)

    def then(self, stronger: Fillings) -> Fillings:
        """Both; whatever the stronger says of a parameter is all that is said of it."""
        named = {*stronger.defaults, *stronger.templates}
        return Fillings(
            defaults={**_without(self.defaults, named), **stronger.defaults},
            templates={**_without(self.templates, named), **stronger.templates},
        )


def by_config(config: CampaignConfig, path: Path | None) -> Fillings:
    """What a config says under ``defaults``, ``templates`` and ``prompt``."""
    where = "" if path is None else path.name
    defaults = {
        canonical(name): tuple(map(str, value)) if isinstance(value, list) else value
        for name, value in config.defaults.items()
        if value is not None
    }
    said = _split(defaults, where)
    own = dict(config.templates)
    if config.prompt is not None:
        own["prompt"] = config.prompt
    templates = {
        canonical(name): TemplateText(text=text, where=where) for name, text in own.items()
    }
    return Fillings(defaults=said.defaults, templates={**said.templates, **templates})


def video_name(config: CampaignConfig, path: Path | None) -> TemplateText | None:
    """How a config names videos."""
    if config.download.name is None:
        return None
    return TemplateText(text=config.download.name, where="" if path is None else path.name)


def by_set(given: object) -> Fillings:
    """What ``--set key=value``, once or several times, says.

    Raises:
        UsageError: one is not of that form.
    """
    texts = given if isinstance(given, list | tuple) else [given]
    return _split(dict(map(_key_and_value, texts)), "--set")


def canonical(name: str) -> str:
    """A parameter's name however it was written: "Aspect Ratio" is ``aspect_ratio``."""
    return "_".join(loose(name).replace("-", " ").replace("_", " ").split())


def _split(defaults: Mapping[str, Given], where: str) -> Fillings:
    plain: dict[str, Given] = {}
    made: dict[str, TemplateText] = {}
    for name, value in defaults.items():
        text = "\n".join(value) if isinstance(value, tuple) else value
        if isinstance(text, str) and is_template(text):
            made[name] = TemplateText(text=text, where=where)
        else:
            plain[name] = value
    return Fillings(defaults=plain, templates=made)


def _key_and_value(text: object) -> tuple[str, Given]:
    """One ``--set``."""
    name, _, value = str(text).partition("=")
    if not name.strip() or not value.strip():
        raise UsageError(
            phrase("--set {text} must be of the form key=value.", text=text),
            code="bad_option",
            hint=phrase("Such as --set duration=8."),
        )
    return canonical(name), value.strip()


def _without(said: Mapping[str, T], names: set[str]) -> dict[str, T]:
    return {name: value for name, value in said.items() if name not in names}
