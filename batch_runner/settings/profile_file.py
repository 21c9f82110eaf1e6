"""The shape of a model profile's YAML file, checked as far as the file itself can tell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from batch_runner.core.body import value_word
from batch_runner.core.check import check
from batch_runner.core.outcolumns import ALL_COLUMNS
from batch_runner.core.profile import (
    Condition,
    Constraint,
    Hints,
    Kind,
    Parameter,
    Price,
    Profile,
    Rate,
    Span,
    is_same,
)
from batch_runner.settings.section import Section, Texts, Usd


def _as_scalar(value: Any) -> Any:
    if not isinstance(value, str | int):
        raise ValueError("must be a text, a whole number, true or false")  # noqa: TRY004 - pydantic's way
    return value


_SCALAR: dict[str, Any] = {"type": ["string", "integer", "boolean"]}
_BOUNDS: dict[str, Any] = {
    "type": "object",
    "properties": {"at_least": {"type": "integer"}, "at_most": {"type": "integer"}},
    "additionalProperties": False,
    "minProperties": 1,
}
_WHEN: dict[str, Any] = {
    "description": "present, absent, a value, a list of values, or bounds.",
    "anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}, _BOUNDS],
}

Scalar = Annotated[Any, BeforeValidator(_as_scalar), WithJsonSchema(_SCALAR)]
Factor = Annotated[Decimal, Field(gt=0)]


def _as_span(value: Any) -> Any:
    """``{at_least: 2, at_most: 5}``, one of them at least."""
    bounds = value if isinstance(value, dict) else {}
    numbers = all(isinstance(n, int) and not isinstance(n, bool) for n in bounds.values())
    if not bounds or not numbers or not bounds.keys() <= {"at_least", "at_most"}:
        raise ValueError("must be at_least and at_most with whole numbers, or one of them")
    span = Span(low=bounds.get("at_least"), high=bounds.get("at_most"))
    if span.low is not None and span.high is not None and span.low > span.high:
        raise ValueError("must have at_least not above at_most")
    return span


Bounds = Annotated[Span, BeforeValidator(_as_span), WithJsonSchema(_BOUNDS)]


def _as_condition(value: Any) -> Any:
    if value in ("present", "absent"):
        return Condition(present=value == "present")
    if isinstance(value, dict):
        return Condition(span=_as_span(value))
    options = value if isinstance(value, list) else [value]
    if not options or not all(isinstance(option, str | int) for option in options):
        raise ValueError("must be present, absent, a value, a list of values, or bounds")
    return Condition(one_of=tuple(options))


When = Annotated[Condition, BeforeValidator(_as_condition), WithJsonSchema(_WHEN)]


class HintsFile(Section):
    """``hints:`` of a parameter."""

    below: str = ""
    above: str = ""
    missing: str = ""
    values: dict[str, str] = Field(default={})


class ParameterFile(Section):
    """One entry of ``parameters:``."""

    kind: Kind
    required: bool = False
    default: Scalar | None = None
    choices: tuple[Scalar, ...] = ()
    low: int | None = None
    high: int | None = None
    also: tuple[int, ...] = ()
    max_length: int | None = Field(default=None, ge=1)
    min_items: int | None = Field(default=None, ge=0)
    max_items: int | None = Field(default=None, ge=1)
    unit: str = ""
    send_as: str = ""
    send_each_as: Texts = ()
    role: str = ""
    sent: dict[str, Any] = Field(default={})
    frames: bool = False
    note: str = ""
    hints: HintsFile = HintsFile()

    @model_validator(mode="after")
    def _makes_sense(self) -> ParameterFile:
        if self.kind in {Kind.CHOICE, Kind.RATIO} and not self.choices:
            raise ValueError(f"must list its choices, being of kind {self.kind}")
        if self.kind is Kind.CHOICE and all(isinstance(one, int) for one in self.choices):
            raise ValueError("must be of kind integer, as its choices are numbers")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("must have low below high")
        self._links_make_sense()
        words = [value_word(choice) for choice in self.choices] or ["true", "false"]
        for word in self.sent:
            if self.kind not in {Kind.CHOICE, Kind.RATIO, Kind.BOOLEAN} or word not in words:
                raise ValueError(f"must not say under 'sent' what is sent for '{word}'")
        if self.also and self.kind is not Kind.INTEGER:
            raise ValueError("must be of kind integer to have 'also'")
        if self.default is not None:
            checked = check(self.to_core("default"), self.default, "the profile")
            if checked.value != self.default:
                raise ValueError("must have a default that it allows itself")
        return self

    def _links_make_sense(self) -> None:
        of_links = self.kind in {Kind.IMAGES, Kind.LINKS}
        for name in ("send_each_as", "role", "frames", "min_items", "max_items"):
            if getattr(self, name) and not of_links:
                raise ValueError(f"must be of kind images or links to have '{name}'")
        if self.frames and (self.kind is not Kind.IMAGES or self.max_items not in {1, 2}):
            raise ValueError("must be one or two images (max_items) to be frames")
        if self.send_each_as and self.max_items != len(self.send_each_as):
            raise ValueError("must have as many max_items as names in send_each_as")

    def to_core(self, name: str) -> Parameter:
        """As the core has it."""
        own = {field: getattr(self, field) for field in ParameterFile.model_fields}
        return Parameter(name=name, **own | {"hints": Hints(**self.hints.model_dump())})


class ConstraintFile(Section):
    """One entry of ``rules:``."""

    when: dict[str, When] = Field(default={})
    forbid: Texts = ()
    require: Texts = ()
    allow: dict[str, tuple[Scalar, ...]] = Field(default={})
    limit: dict[str, Bounds] = Field(default={})
    exclusive: tuple[Texts, ...] = ()
    together: Texts = ()
    at_most: int | None = Field(default=None, ge=1)
    hint: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> ConstraintFile:
        always = len(self.exclusive) > 1 or len(self.together) > 1
        if len(self.exclusive) == 1 or (len(self.together) > 1) != (self.at_most is not None):
            raise ValueError(
                "must name two groups or more under exclusive, and at_most of together"
            )
        if not (always or self.forbid or self.require or self.allow or self.limit):
            raise ValueError("must forbid, require, allow or limit something")
        if not (always or self.when):
            raise ValueError("must say under 'when' in which case it holds")
        return self

    def to_core(self) -> Constraint:
        """As the core has it."""
        return Constraint(**{field: getattr(self, field) for field in ConstraintFile.model_fields})


class RateFile(Section):
    """One entry of ``price.rates:``."""

    when: dict[str, When] = Field(default={})
    per_second: Usd = 0
    per_video: Usd = 0


class PriceFile(Section):
    """``price:``."""

    checked: date
    source: str
    rates: tuple[RateFile, ...] = Field(min_length=1)
    low: Factor = Decimal(1)
    high: Factor = Decimal(1)
    note: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> PriceFile:
        if self.low > self.high:
            raise ValueError("must have low not above high")
        return self

    def to_core(self) -> Price:
        """As the core has it."""
        rates = tuple(
            Rate(when=rate.when, per_second=rate.per_second, per_video=rate.per_video)
            for rate in self.rates
        )
        return Price(
            checked=self.checked,
            source=self.source,
            rates=rates,
            low=self.low,
            high=self.high,
            note=self.note,
        )


class ProfileFile(Section):
    """A whole profile."""

    model: str = Field(min_length=1)
    title: str
    source: str
    checked: date
    parameters: dict[str, ParameterFile] = Field(min_length=1)
    rules: tuple[ConstraintFile, ...] = ()
    price: PriceFile | None = None
    aliases: Texts = ()
    default: bool = False
    usual_seconds: tuple[float, float] | None = None
    notes: Texts = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> ProfileFile:
        rules = [rule.to_core() for rule in self.rules]
        named = {name for rule in rules for name in rule.names()}
        for rate in self.price.rates if self.price else ():
            named |= rate.when.keys()
        for name in sorted(named - self.parameters.keys()):
            raise ValueError(f"must not speak of '{name}' in rules or price: no such parameter")
        for name in ALL_COLUMNS:
            if name in self.parameters:
                raise ValueError(f"must not have a parameter '{name}': results stand there")
        return self

    @model_validator(mode="after")
    def _values_are_possible(self) -> ProfileFile:
        """A rule about a value that its parameter never has would silently never hold."""
        spoken_of = [(name, c.one_of) for rule in self.rules for name, c in rule.when.items()]
        spoken_of += [(name, values) for rule in self.rules for name, values in rule.allow.items()]
        for rate in self.price.rates if self.price else ():
            spoken_of += [(name, condition.one_of) for name, condition in rate.when.items()]
        for name, values in spoken_of:
            parameter = self.parameters[name].to_core(name)
            for value in values:
                if not is_same(check(parameter, value, self.model).value, value):
                    raise ValueError(f"must not speak of {name} {value}, which it refuses itself")
        return self

    def to_core(self) -> Profile:
        """As the core has it."""
        return Profile(
            model=self.model,
            title=self.title,
            source=self.source,
            checked=self.checked,
            parameters=tuple(p.to_core(name) for name, p in self.parameters.items()),
            constraints=tuple(rule.to_core() for rule in self.rules),
            price=self.price.to_core() if self.price else None,
            aliases=self.aliases,
            default=self.default,
            usual_seconds=self.usual_seconds,
            notes=self.notes,
        )
