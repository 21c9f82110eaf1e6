"""What a model takes and costs, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from batch_runner.core.between import describe_conditions, words
from batch_runner.core.check import allowed, links, span
from batch_runner.core.model import MICROS
from batch_runner.core.profile import FRAMES, Constraint, Parameter, Price, Profile, Rate, Span


def describe_parameter(parameter: Parameter) -> str:
    """One line: whether it is needed, what it takes, its default, and how it is sent."""
    parts = ["required" if parameter.required else "optional", allowed(parameter)]
    if parameter.default is not None:
        parts.append(f"default {words([parameter.default])}")
    if parameter.note:
        parts.append(parameter.note)
    if parameter.frames:
        parts.append(f"or under {words(FRAMES[: parameter.max_items], 'and')}")
    line = "; ".join(parts)
    sent = _sent(parameter)
    return f"{line} (sent as {sent})" if sent else line


def _sent(parameter: Parameter) -> str:
    """How the API calls it and its values, where that is otherwise."""
    names = "" if parameter.api_names == (parameter.name,) else words(parameter.api_names, "and")
    if parameter.role:
        names = f"{names} with the role {parameter.role}"
    values = [
        f"{ours} is {theirs}"
        for ours, theirs in parameter.sent.items()
        if isinstance(theirs, str) and ours != theirs
    ]
    if values:
        return f"{names or parameter.name}: {', '.join(values)}"
    return names


def describe_rule(profile: Profile, rule: Constraint) -> Iterator[str]:
    """A rule between parameters, a sentence for each thing that it says."""
    when = describe_conditions(profile, rule)
    if rule.forbid:
        yield f"No {words(rule.forbid)} {when}."
    if rule.require:
        yield f"{words(rule.require, 'and')} is needed {when}."
    for name, values in rule.allow.items():
        yield f"{name} is {words(values)} {when}."
    for name, bounds in rule.limit.items():
        yield f"{name} is {_bounds(profile, name, bounds)} {when}."
    if rule.exclusive:
        yield f"Either {', or '.join(words(group, 'and') for group in rule.exclusive)}."
    if rule.at_most is not None:
        yield f"{words(rule.together, 'and')}: at most {rule.at_most} in all."


def _bounds(profile: Profile, name: str, bounds: Span) -> str:
    parameter = profile.parameter(name)
    if parameter is not None and parameter.is_links:
        return links(bounds.low, bounds.high)
    return f"a whole number{span(bounds.low, bounds.high)}"


def describe_price(profile: Profile, price: Price) -> Iterator[str]:
    """The rates: when each holds, and what it may be at least and at most."""
    for rate in price.rates:
        when = describe_conditions(profile, Constraint(when=rate.when))
        for micros, unit in ((rate.per_second, "a second"), (rate.per_video, "a video")):
            if micros:
                low, high = _usd(micros * price.low), _usd(micros * price.high)
                about = f"an estimate; {low} to {high}" if low != high else "an estimate"
                yield " ".join(filter(None, (_usd(Decimal(micros)), unit, when, f"({about})")))


def starting_price(price: Price | None) -> str:
    """The lowest rate in short: "from $0.04/s"."""
    if price is None:
        return "no price known"

    def micros(rate: Rate) -> int:
        return rate.per_video or rate.per_second

    rate = min(price.rates, key=micros)
    unit = " each" if rate.per_video else "/s"
    return f"from {_usd(Decimal(micros(rate)) * price.low)}{unit}"


def _usd(micros: Decimal) -> str:
    amount = micros / MICROS
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount.normalize():f}"
