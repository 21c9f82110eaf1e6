"""What a model takes, as data: its parameters, the rules between them, and its price.

Profiles are YAML files; ``settings.profiles`` reads and checks them. The rules engine reads any
of them, so that a new model needs no Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from batch_runner.core.model import CellValue, Estimate
from batch_runner.core.text import loose

Value = str | int | bool | tuple[str, ...]
"""A parameter's value as it is sent."""

FRAMES = ("first_frame_image", "last_frame_image")
"""Columns that may give the first and the last frame, whatever a model's request calls them."""

Given = CellValue | tuple[str, ...]
"""What a row or a default says of a parameter: a cell's value, or the references of its images."""


class Kind(StrEnum):
    """How a parameter's cell is read."""

    TEXT = "text"
    INTEGER = "integer"
    CHOICE = "choice"  # one of some words
    RATIO = "ratio"  # one of some aspect ratios (a word such as "adaptive" may be among them)
    BOOLEAN = "boolean"
    IMAGES = "images"  # a list of http(s) links to pictures
    LINKS = "links"  # a list of http(s) links to something else: videos, sounds
    JSON = "json"  # a list or an object, written as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What to do about a value that this model refuses, by how it is off."""

    below: str = ""
    above: str = ""
    missing: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # refused word -> hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One field of the request."""

    name: str  # our canonical name: what columns and configs call it
    kind: Kind
    required: bool = False
    default: Value | None = None  # sent when neither row nor settings give one
    choices: tuple[str | int, ...] = ()  # empty: not a closed set
    low: int | None = None  # inclusive
    high: int | None = None  # inclusive
    also: tuple[
        int, ...
    ] = ()  # whole numbers outside of the range that have a meaning of their own
    max_length: int | None = None  # characters
    min_items: int | None = None
    max_items: int | None = None
    unit: str = ""  # for messages: "seconds"
    send_as: str = ""  # the field's name in the API, where it is another
    send_each_as: tuple[str, ...] = ()  # a field for each link, in order, instead of one list
    role: str = ""  # links are sent as objects of a ``url`` and this ``role``
    sent: Mapping[str, object] = field(
        default_factory=dict
    )  # value -> what is sent; None: nothing
    frames: bool = False  # its links are the first and the last frame; see ``FRAMES``
    note: str = ""  # what it is, for people
    hints: Hints = Hints()

    @property
    def api_name(self) -> str:
        """What the request calls it."""
        return self.send_as or self.name

    @property
    def api_names(self) -> tuple[str, ...]:
        """All fields of the request that it fills."""
        return self.send_each_as or (self.api_name,)

    @property
    def is_links(self) -> bool:
        """Whether its value is a list of links."""
        return self.kind in {Kind.IMAGES, Kind.LINKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bounds of a number, or of how many links there are; inclusive, ``None`` is open."""

    low: int | None = None
    high: int | None = None

    def holds(self, value: Value) -> bool:
        """Whether a value lies within; a text or a yes/no never does."""
        if isinstance(value, tuple):
            number = len(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        else:
            return False
        above = self.low is None or number >= self.low
        return above and (self.high is None or number <= self.high)


def is_same(one: Value | None, other: Value | None) -> bool:
    """Whether two values are one; ``True`` is not 1 here."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that may hold for one parameter of a request."""

    present: bool | None = None  # it has (True) or lacks (False) a value
    one_of: tuple[Value, ...] = ()  # it has one of these values
    span: Span | None = None  # it is a number, or names so many links, within these bounds

    def holds(self, value: Value | None) -> bool:
        """Whether it holds for this value; ``None``: the request has none."""
        if self.present is not None:
            return (value is not None) == self.present
        if self.span is not None:
            return value is not None and self.span.holds(value)
        return any(is_same(value, option) for option in self.one_of)


Conditions = Mapping[str, Condition]
"""Parameter -> what must hold for it; all of them together."""


def all_hold(conditions: Conditions, values: Mapping[str, Value]) -> bool:
    """Whether a request fulfils all conditions."""
    return all(condition.holds(values.get(name)) for name, condition in conditions.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A rule between parameters: when all conditions hold (or there are none), these follow."""

    when: Conditions = field(default_factory=dict)
    forbid: tuple[str, ...] = ()  # parameters that may not be given
    require: tuple[str, ...] = ()  # parameters that must be given
    allow: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)  # the only values
    limit: Mapping[str, Span] = field(default_factory=dict)  # numbers, or how many links
    exclusive: tuple[tuple[str, ...], ...] = ()  # groups: at most one of them may be given
    together: tuple[str, ...] = ()  # these lists of links may hold ...
    at_most: int | None = None  # ... so many in all
    hint: str = ""

    def names(self) -> Iterator[str]:
        """All parameters that it speaks of."""
        yield from self.when
        yield from (*self.forbid, *self.require, *self.allow, *self.limit, *self.together)
        yield from (name for group in self.exclusive for name in group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a video costs under some conditions, in micro-dollars."""

    when: Conditions = field(default_factory=dict)
    per_second: int = 0  # times ``duration``
    per_video: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A dated guess: the true charge is only known from the finished task."""

    checked: date
    source: str
    rates: tuple[Rate, ...]  # the first whose conditions hold counts
    low: Decimal = Decimal(1)  # what a charge may be as a part of the rate, at least ...
    high: Decimal = Decimal(1)  # ... and at most; a budget reserves this much
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One model."""

    model: str  # as the API calls it
    title: str
    source: str  # address of the page it was taken from
    checked: date  # when that page was last compared
    parameters: tuple[Parameter, ...]  # in the order they are sent
    constraints: tuple[Constraint, ...] = ()
    price: Price | None = None
    aliases: tuple[str, ...] = ()  # other names that sheets may use
    default: bool = False  # taken for rows that name no model
    usual_seconds: tuple[float, float] | None = None  # that a video takes, at least and at most
    notes: tuple[str, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of a (canonical) name."""
        return next((p for p in self.parameters if p.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All models at hand, and what counts for rows that leave something out."""

    profiles: Mapping[str, Profile]  # by ``Profile.model``
    defaults: Mapping[str, Given] = field(default_factory=dict)  # parameter or "model" -> value
    default_model: str | None = None  # for rows and defaults that name none

    def find(self, name: str) -> Profile | None:
        """The profile of a model's name or alias; case and width do not matter."""
        exact = self.profiles.get(name)
        if exact is not None:
            return exact
        word = loose(name)
        for profile in self.profiles.values():
            if any(loose(known) == word for known in (profile.model, *profile.aliases)):
                return profile
        return None

    @property
    def parameters(self) -> frozenset[str]:
        """Every parameter that any of the profiles has."""
        own = {p.name for profile in self.profiles.values() for p in profile.parameters}
        framed = any(p.frames for profile in self.profiles.values() for p in profile.parameters)
        return frozenset(own.union(FRAMES) if framed else own)

    @property
    def api_names(self) -> Mapping[str, str]:
        """Fields of requests that sheets call otherwise: the field -> our name."""
        known = self.parameters
        return {
            field_name: p.name
            for profile in self.profiles.values()
            for p in profile.parameters
            for field_name in p.api_names
            if field_name not in known
        }


def estimate(price: Price | None, values: Mapping[str, Value]) -> Estimate:
    """What a request may cost; unknown where the price says nothing about it."""
    unknown = Estimate(low=None, high=None)
    if price is None:
        return unknown
    rate = next((rate for rate in price.rates if all_hold(rate.when, values)), None)
    if rate is None:
        return unknown
    micros = Decimal(rate.per_video)
    if rate.per_second:
        seconds = values.get("duration")
        if not isinstance(seconds, int) or seconds <= 0:
            return unknown
        micros += rate.per_second * seconds
    return Estimate(
        low=int((micros * price.low).to_integral_value(ROUND_FLOOR)),
        high=int((micros * price.high).to_integral_value(ROUND_CEILING)),
    )
