"""What all parts of a config are made of: strict sections, and values that people write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from batch_runner.core.language import phrase
from batch_runner.core.selection import Selection, parse_selection
from batch_runner.core.units import (
    parse_byte_rate,
    parse_bytes,
    parse_duration,
    parse_rate,
    parse_usd,
)
from batch_runner.core.where import Where, parse_where


def _must_be(parse: Callable[[Any], Any]) -> BeforeValidator:
    """A reader of ``core.units`` for pydantic: its phrases follow "must be"."""

    def validate(value: Any) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise ValueError(phrase("must be {what}", what=error)) from None

    return BeforeValidator(validate)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_worksheets(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return tuple(value)
    if not isinstance(value, str):
        raise ValueError("must be a text (put it in quotes), or a list of texts")  # noqa: TRY004 - pydantic's way
    return value


def _as_time_zone(value: str) -> str:
    try:
        return value and ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            phrase("must be a time zone such as Europe/Berlin or Asia/Tokyo")
        ) from None


_TEXT_OR_NUMBER = {"type": ["string", "number"]}
_TEXT_OR_TEXTS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}

Duration = Annotated[float, _must_be(parse_duration), WithJsonSchema(_TEXT_OR_NUMBER)]
"""Seconds, written ``30s``, ``5 min`` or ``6h``."""

PerSecond = Annotated[float, _must_be(parse_rate), WithJsonSchema({"type": "string"})]
"""Times a second, written ``60/min`` or ``2/s``."""

BytesPerSecond = Annotated[float, _must_be(parse_byte_rate), WithJsonSchema({"type": "string"})]
"""Bytes a second, written ``20MB/s``."""

Bytes = Annotated[int, _must_be(parse_bytes), WithJsonSchema({"type": "string"})]
"""A size, written ``10MB``."""

Usd = Annotated[int, _must_be(parse_usd), WithJsonSchema(_TEXT_OR_NUMBER)]
"""Micro-dollars, written in dollars."""

TimeZone = Annotated[str, AfterValidator(_as_time_zone)]
"""The name of a time zone, such as ``Asia/Tokyo``."""

Count = Annotated[int, Field(strict=True, ge=1)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list), WithJsonSchema(_TEXT_OR_TEXTS)]
Worksheets = Annotated[
    str | tuple[str, ...], BeforeValidator(_as_worksheets), WithJsonSchema(_TEXT_OR_TEXTS)
]
Lines = Annotated[
    Selection,
    _must_be(parse_selection),
    WithJsonSchema({"type": ["string", "integer"]}),
]
Condition = Annotated[
    Where,
    _must_be(lambda text: parse_where(str(text))),
    WithJsonSchema({"type": "string"}),
]


class Section(BaseModel):
    """Any part of the config: unknown keys are refused, a key without a value counts as unset."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


def is_template(value: object) -> bool:
    """Whether a value of the settings is meant as a template."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, str) and ("{{" in item or "{%" in item) for item in items)
