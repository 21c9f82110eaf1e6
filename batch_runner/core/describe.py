"""What a model takes and costs, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from batch_runner.core.between import describe_conditions, word, words
from batch_runner.core.check import allowed, links, when, whole_number
from batch_runner.core.language import both, phrase, series, translated
from batch_runner.core.model import MICROS
from batch_runner.core.profile import FRAMES, Constraint, Parameter, Price, Profile, Rate, Span


def describe_parameter(parameter: Parameter) -> str:
    """One line: whether it is needed, what it takes, its default, and how it is sent."""
    needed = phrase("required") if parameter.required else phrase("optional")
    parts = [needed, allowed(parameter)]
    if parameter.default is not None:
        parts.append(phrase("default {value}", value=word(parameter.default)))
    if parameter.note:
        parts.append(translated(parameter.note))
    if parameter.frames:
        parts.append(phrase("or under {names}", names=both(FRAMES[: parameter.max_items])))
    line = "; ".join(parts)
    sent = _sent(parameter)
    return phrase("{line} (sent as {sent})", line=line, sent=sent) if sent else line


def _sent(parameter: Parameter) -> str:
    """How the API calls it and its values, where that is otherwise."""
    names = "" if parameter.api_names == (parameter.name,) else both(parameter.api_names)
    if parameter.role:
        names = phrase("{names} with the role {role}", names=names, role=parameter.role)
    values = [
        phrase("{name} is {value}", name=ours, value=theirs)
        for ours, theirs in parameter.sent.items()
        if isinstance(theirs, str) and ours != theirs
    ]
    if values:
        return f"{names or parameter.name}: {series(values)}"
    return names


def describe_rule(profile: Profile, rule: Constraint) -> Iterator[str]:
    """A rule between parameters, a sentence for each thing that it says."""
    then = when(describe_conditions(profile, rule))
    if rule.forbid:
        yield phrase("No {names}{when}.", names=words(rule.forbid), when=then)
    if rule.require:
        yield phrase("{names} is needed{when}.", names=both(rule.require), when=then)
    for name, values in rule.allow.items():
        yield phrase("{name} is {allowed}{when}.", name=name, allowed=words(values), when=then)
    for name, bounds in rule.limit.items():
        amount = _bounds(profile, name, bounds)
        yield phrase("{name} is {allowed}{when}.", name=name, allowed=amount, when=then)
    if rule.exclusive:
        groups = phrase(", or ").join(map(both, rule.exclusive))
        yield phrase("Either {groups}.", groups=groups)
    if rule.at_most is not None:
        together = both(rule.together)
        yield phrase("{names}: at most {most} in all.", names=together, most=rule.at_most)


def _bounds(profile: Profile, name: str, bounds: Span) -> str:
    parameter = profile.parameter(name)
    if parameter is not None and parameter.is_links:
        return links(bounds.low, bounds.high)
    return whole_number(bounds.low, bounds.high)


def describe_price(profile: Profile, price: Price) -> Iterator[str]:
    """The rates: when each holds, and what it may be at least and at most."""
    for rate in price.rates:
        then = when(describe_conditions(profile, Constraint(when=rate.when)))
        if rate.per_second:
            usd = _usd(Decimal(rate.per_second))
            about = _about(price, rate.per_second)
            yield phrase("{usd} a second{when} ({about})", usd=usd, when=then, about=about)
        if rate.per_video:
            usd, about = _usd(Decimal(rate.per_video)), _about(price, rate.per_video)
            yield phrase("{usd} a video{when} ({about})", usd=usd, when=then, about=about)


def _about(price: Price, micros: int) -> str:
    """How sure a rate is."""
    low, high = _usd(micros * price.low), _usd(micros * price.high)
    if low == high:
        return phrase("an estimate")
    return phrase("an estimate; {low} to {high}", low=low, high=high)


def starting_price(price: Price | None) -> str:
    """The lowest rate in short: "from $0.04/s"."""
    if price is None:
        return phrase("no price known")

    def micros(rate: Rate) -> int:
        return rate.per_video or rate.per_second

    rate = min(price.rates, key=micros)
    usd = _usd(Decimal(micros(rate)) * price.low)
    return (
        phrase("from {usd} each", usd=usd) if rate.per_video else phrase("from {usd}/s", usd=usd)
    )


def _usd(micros: Decimal) -> str:
    amount = micros / MICROS
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount.normalize():f}"
