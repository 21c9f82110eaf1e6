"""What a starter sheet holds: made from the profiles, so that it never lags behind them."""

from __future__ import annotations

from pathlib import Path

from batch_runner.core.check import allowed
from batch_runner.core.profile import Catalogue, Kind, Parameter, Profile
from batch_runner.core.text import loose
from batch_runner.reporter.starter import StarterColumn, make_starter

EXAMPLE_PROMPTS = (
    "The camera glides along a rainy street at dusk; a red umbrella opens and turns slowly.",
    "A paper boat rides a small wave towards us, tips, and rights itself.",
)
EXAMPLE_IMAGE = "https://images.example.com/reference.jpg"
_FIRST = ("prompt", "image_urls", "model", "duration", "resolution", "aspect_ratio", "seed")
_WIDTHS = {"prompt": 60.0, "image_urls": 44.0, "model": 16.0}


def write_starter(path: Path, catalogue: Catalogue, model: str | None) -> None:
    """Make a starter sheet for one model, or for the default one with all models offered.

    Raises:
        UsageError: the file exists, or is of no kind that can be made.
    """
    named = catalogue.find(model) if model else None
    profiles = [named] if named else list(catalogue.profiles.values())
    main = named or catalogue.profiles[catalogue.default_model or profiles[0].model]
    names = [name for name in _FIRST if name == "model" or main.parameter(name)]
    columns = [_column(name, main, profiles) for name in names]
    make_starter(path, columns)


def _column(name: str, main: Profile, profiles: list[Profile]) -> StarterColumn:
    if name == "model":
        models = tuple(profile.model for profile in profiles)
        return StarterColumn(
            name="model",
            note="Which model makes the video. 'batch-runner models' shows what each takes.",
            choices=models,
            examples=(main.model,) * len(EXAMPLE_PROMPTS),
            width=_WIDTHS["model"],
        )
    parameter = main.parameter(name)
    assert parameter is not None
    return StarterColumn(
        name=name,
        note=_note(parameter),
        choices=_choices(name, profiles),
        examples=_examples(parameter),
        as_text=parameter.kind is Kind.RATIO,
        width=_WIDTHS.get(name, 14.0),
    )


def _note(parameter: Parameter) -> str:
    parts = ["Required." if parameter.required else "May be left blank.", allowed(parameter)]
    if parameter.default is not None:
        parts.append(f"Left blank: {parameter.default}.")
    return " ".join(part for part in parts if part)


def _choices(name: str, profiles: list[Profile]) -> tuple[str, ...]:
    """What any of the models offers, each once, however it is written."""
    found = [p for profile in profiles if (p := profile.parameter(name)) is not None]
    words: dict[str, str] = {}
    for parameter in found:
        for choice in parameter.choices:
            words.setdefault(loose(str(choice)), str(choice))
    return tuple(words.values())


def _examples(parameter: Parameter) -> tuple[str | int | None, ...]:
    if parameter.name == "prompt":
        return EXAMPLE_PROMPTS
    if parameter.kind is Kind.IMAGES:
        return (EXAMPLE_IMAGE,) * len(EXAMPLE_PROMPTS)
    value = parameter.default
    shown = value if isinstance(value, str | int) and not isinstance(value, bool) else None
    return (shown,) * len(EXAMPLE_PROMPTS)
