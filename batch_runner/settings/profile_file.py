"""The shape of a model profile's YAML file, checked as far as the file itself can tell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from batch_runner.core.check import check
from batch_runner.core.profile import (
    Condition,
    Constraint,
    Hints,
    Kind,
    Parameter,
    Price,
    Profile,
    Rate,
)
from batch_runner.settings.campaign import Section, Texts, Usd


def _as_scalar(value: Any) -> Any:
    if not isinstance(value, str | int):
        raise ValueError("must be a text, a whole number, true or false")  # noqa: TRY004 - pydantic's way
    return value


Scalar = Annotated[Any, BeforeValidator(_as_scalar)]
Factor = Annotated[Decimal, Field(gt=0)]


def _as_condition(value: Any) -> Any:
    if value in ("present", "absent"):
        return Condition(present=value == "present")
    options = value if isinstance(value, list) else [value]
    if not options or not all(isinstance(option, str | int) for option in options):
        raise ValueError("must be present, absent, a value or a list of values")
    return Condition(one_of=tuple(options))


When = Annotated[Condition, BeforeValidator(_as_condition)]


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
    max_length: int | None = Field(default=None, ge=1)
    min_items: int | None = Field(default=None, ge=0)
    max_items: int | None = Field(default=None, ge=1)
    unit: str = ""
    send_as: str = ""
    hints: HintsFile = HintsFile()

    @model_validator(mode="after")
    def _makes_sense(self) -> ParameterFile:
        if self.kind in {Kind.CHOICE, Kind.RATIO} and not self.choices:
            raise ValueError(f"must list its choices, being of kind {self.kind}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("must have low below high")
        if self.default is not None:
            checked = check(self.to_core("default"), self.default, "the profile")
            if checked.value != self.default:
                raise ValueError("must have a default that it allows itself")
        return self

    def to_core(self, name: str) -> Parameter:
        """As the core has it."""
        own = {field: getattr(self, field) for field in ParameterFile.model_fields}
        return Parameter(name=name, **own | {"hints": Hints(**self.hints.model_dump())})


class ConstraintFile(Section):
    """One entry of ``rules:``."""

    when: dict[str, When] = Field(min_length=1)
    forbid: Texts = ()
    require: Texts = ()
    allow: dict[str, tuple[Scalar, ...]] = Field(default={})
    hint: str = ""

    def to_core(self) -> Constraint:
        """As the core has it."""
        return Constraint(
            when=self.when,
            forbid=self.forbid,
            require=self.require,
            allow=dict(self.allow),
            hint=self.hint,
        )

    def names(self) -> set[str]:
        """All parameters it speaks of."""
        return {*self.when, *self.forbid, *self.require, *self.allow}


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
        named = {name for rule in self.rules for name in rule.names()}
        for rate in self.price.rates if self.price else ():
            named |= rate.when.keys()
        for name in sorted(named - self.parameters.keys()):
            raise ValueError(f"must not speak of '{name}' in rules or price: no such parameter")
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
