"""Reading a campaign config: checked as a whole, every mistake named with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import either, joined, phrase, template
from batch_runner.core.nearest import did_you_mean
from batch_runner.core.places import is_url
from batch_runner.settings.campaign import CampaignConfig
from batch_runner.settings.yaml_file import Document, read_yaml

_NEED_TRUST = (
    ("provider",),
    ("notify",),
    ("metrics",),
    ("webhook",),
    ("models",),
    ("images", "folders"),
    ("log", "folder"),
    ("publish",),
)
"""A sheet's folder may come from anybody; it must not say where a key, a request or a file goes,
from where one may be taken, nor what a video costs."""
_NEED_TRUST_AS_URL = (("download", "folder"),)
"""A place by its URL would be reached with the user's own credentials."""


def read_config(path: Path, *, trusted: bool) -> CampaignConfig:
    """Read and check a campaign config.

    Args:
        path: the YAML file.
        trusted: whether the user named the file; one that just lies beside a sheet may not set
            where requests go.

    Raises:
        ConfigError: it is unusable; the message names every mistake, the place the first one.
    """
    document = read_yaml(path)
    if not trusted:
        _refuse_untrusted(document)
    try:
        return CampaignConfig.model_validate(document.data)
    except ValidationError as error:
        raise explain(error, CampaignConfig, document, code="config_invalid") from None


def explain(
    error: ValidationError, model: type[BaseModel], document: Document, *, code: str
) -> ConfigError:
    """Turn pydantic's findings into sentences with keys, lines and nearest names."""
    sentences, hints = [], []
    places = [tuple(str(part) for part in found["loc"]) for found in error.errors()]
    for found, place in zip(error.errors(), places, strict=True):
        dotted = ".".join(place) or phrase("the file")
        if found["type"] == "extra_forbidden":
            sentences.append(phrase("There is no setting '{name}'.", name=dotted))
            hints.append(_where_it_may_belong(place, model))
        elif found["type"] == "missing":
            sentences.append(phrase("'{name}' is missing.", name=dotted))
        else:
            reason = _reason(found["type"], found["msg"])
            sentences.append(phrase("'{name}' {reason}.", name=dotted, reason=reason))
    return ConfigError(
        joined(*sentences),
        code="unknown_key" if hints else code,
        hint=joined(*dict.fromkeys(hints)),
        where=document.where(places[0]),
    )


_SHAPES = {
    "dict_type": template("must hold 'key: value' lines"),
    "model_type": template("must hold 'key: value' lines"),
    "tuple_type": template("must be a list"),
    "string_type": template("must be a text (put it in quotes)"),
    "int_type": template("must be a whole number"),
    "bool_type": template("must be true or false"),
    "bool_parsing": template("must be true or false"),
}


def _reason(kind: str, message: str) -> str:
    if kind in _SHAPES:
        return phrase(_SHAPES[kind])
    message = message.removeprefix("Value error, ")
    if message.startswith("must "):
        return message
    if message.startswith("Input should be "):
        return phrase("must be {what}", what=message.removeprefix("Input should be "))
    return phrase("is wrong: {reason}", reason=message)


def _where_it_may_belong(place: tuple[str, ...], model: type[BaseModel]) -> str:
    *parents, key = place
    fields = _fields(model, tuple(parents))
    elsewhere = [dotted for dotted in _all_keys(model) if dotted.split(".")[-1] == key]
    if elsewhere:
        return phrase("It belongs elsewhere: {names}.", names=either(elsewhere))
    return did_you_mean(key, fields)


def _fields(model: type[BaseModel], parents: tuple[str, ...]) -> list[str]:
    """The known keys of the section that a path of keys leads to."""
    names = iter(parents)
    for name in names:
        field = model.model_fields.get(name)
        inner = _section(field.annotation) if field else None
        if field is None or inner is None:
            return []
        if get_origin(field.annotation) is not None:
            next(names, None)  # the name or number of one entry among several
        model = inner
    return list(model.model_fields)


def _section(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds, be it one, a list or a mapping of them."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _all_keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield above + name
        inner = _section(field.annotation)
        if inner is field.annotation and inner is not None:
            yield from _all_keys(inner, f"{above}{name}.")


def _refuse_untrusted(document: Document) -> None:
    for place in (*_NEED_TRUST, *_NEED_TRUST_AS_URL):
        told = _at(document.data, place)
        if told is not None and (place in _NEED_TRUST or is_url(str(told))):
            raise ConfigError(
                phrase(
                    "A config that merely lies beside the sheet may not set '{name}': the folder may come from anybody.",
                    name=".".join(place),
                ),
                code="config_not_trusted",
                hint=phrase(
                    "If you trust it, pass it by --config {file}.", file=document.path.name
                ),
                where=document.where(place),
            )


def _at(data: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
