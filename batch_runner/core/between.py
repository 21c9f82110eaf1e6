"""Holding a request in the making to the rules between its parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from batch_runner.core.check import Fault, links, when, whole_number
from batch_runner.core.draft import Draft, Source, require, say, settled_elsewhere
from batch_runner.core.language import both, either, joined, phrase, translated
from batch_runner.core.profile import (
    Condition,
    Constraint,
    Profile,
    Span,
    Value,
    all_hold,
    is_same,
)
from batch_runner.core.text import quoted


def constrain(draft: Draft, constraint: Constraint) -> None:
    """Hold the request to one rule.

    What the row itself says is refused where it breaks the rule; a default of the model gives
    way to it, and a default of the settings is left out where the model may not have it.
    """
    if draft.settled.intersection(constraint.when) or not all_hold(constraint.when, draft.values):
        return  # nothing can be said while what it depends on is wrong
    circumstances = describe_conditions(draft.profile, constraint)
    for name in constraint.forbid:
        message = phrase(
            "{model} takes no {name}{when}.",
            model=draft.profile.model,
            name=name,
            when=when(circumstances),
        )
        _leave_out(draft, name, message, translated(constraint.hint))
    for name in constraint.require:
        require(draft, name, circumstances, translated(constraint.hint))
    for name, values in constraint.allow.items():
        _narrow(draft, name, values, constraint)
    for name, bounds in constraint.limit.items():
        _limit(draft, name, bounds, constraint)
    _choose_one(draft, constraint)
    _count_together(draft, constraint)


def describe_conditions(profile: Profile, constraint: Constraint) -> str:
    """When a rule holds, in words: "together with image_urls", "when resolution is 1080p"."""
    return phrase(" and ").join(
        _circumstance(profile, name, condition) for name, condition in constraint.when.items()
    )


def words(values: Iterable[Value]) -> str:
    """Values in a row: "5, 8 or 10"; yes and no for truth values."""
    return either(map(word, values))


def word(value: Value) -> str:
    """One value: yes or no for truth values."""
    if isinstance(value, bool):
        return phrase("yes") if value else phrase("no")
    return str(value)


def _circumstance(profile: Profile, name: str, condition: Condition) -> str:
    if condition.present is not None:
        if condition.present:
            return phrase("together with {name}", name=name)
        return phrase("without {name}", name=name)
    if condition.span is not None:
        amount = _amount(condition.span)
        parameter = profile.parameter(name)
        if parameter is not None and parameter.is_links:
            return phrase("with {amount} {name}", amount=amount, name=name)
        return phrase("when {name} is {value}", name=name, value=amount)
    return phrase("when {name} is {value}", name=name, value=words(condition.one_of))


def _amount(bounds: Span) -> str:
    if bounds.high is None:
        return phrase("{low} or more", low=bounds.low)
    if bounds.low is None:
        return phrase("{high} or less", high=bounds.high)
    if bounds.low == bounds.high:
        return str(bounds.low)
    return phrase("{low} to {high}", low=bounds.low, high=bounds.high)


def _refuse(draft: Draft, name: str, fault: Fault) -> None:
    elsewhere = settled_elsewhere(draft, name, draft.sources.get(name))
    say(draft, name, replace(fault, hint=joined(elsewhere, fault.hint)))


def _leave_out(draft: Draft, name: str, message: str, hint: str) -> None:
    """Refuse what the row says; a default that does not fit goes without a word."""
    if name in draft.values and draft.sources.get(name) is Source.ROW:
        fault = Fault(
            code=f"{name}_not_allowed",
            message=message,
            hint=hint or phrase("Leave the cell blank."),
        )
        say(draft, name, fault)
    draft.values.pop(name, None)


def _narrow(draft: Draft, name: str, values: tuple[Value, ...], constraint: Constraint) -> None:
    given = draft.values.get(name)
    if given is None or any(is_same(given, value) for value in values):
        return
    if draft.sources[name] is Source.PROFILE:
        draft.values[name] = values[0]
        return
    message = phrase(
        "{name} is {given}; {model} takes {allowed}{when}.",
        name=name,
        given=quoted(given),
        model=draft.profile.model,
        allowed=words(values),
        when=when(describe_conditions(draft.profile, constraint)),
    )
    hint = translated(constraint.hint)
    _refuse(draft, name, Fault(code=f"{name}_not_offered", message=message, hint=hint))


def _limit(draft: Draft, name: str, bounds: Span, constraint: Constraint) -> None:
    given = draft.values.get(name)
    if given is None or bounds.holds(given):
        return
    above = bounds.high is not None and not Span(high=bounds.high).holds(given)
    if draft.sources[name] is Source.PROFILE:
        nearest = bounds.high if above else bounds.low
        draft.values[name] = given if nearest is None else nearest
        return
    circumstances = when(describe_conditions(draft.profile, constraint))
    if isinstance(given, tuple):
        code = f"{name}_too_{'many' if above else 'few'}"
        message = phrase(
            "{name} names {number}; {model} takes {count}{when}.",
            name=name,
            number=len(given),
            model=draft.profile.model,
            count=links(bounds.low, bounds.high),
            when=circumstances,
        )
    else:
        code = f"{name}_out_of_range"
        message = phrase(
            "{name} is {given}; {model} takes {allowed}{when}.",
            name=name,
            given=quoted(given),
            model=draft.profile.model,
            allowed=whole_number(bounds.low, bounds.high),
            when=circumstances,
        )
    _refuse(draft, name, Fault(code=code, message=message, hint=translated(constraint.hint)))


def _choose_one(draft: Draft, constraint: Constraint) -> None:
    """Of groups that exclude each other the row's first one stays, else the first one at all."""
    given = [
        tuple(name for name in group if name in draft.values) for group in constraint.exclusive
    ]
    given = [group for group in given if group]
    by_row = [g for g in given if any(draft.sources.get(name) is Source.ROW for name in g)]
    kept = next(iter(by_row or given), ())
    for group in given:
        for name in group if group is not kept else ():
            message = phrase(
                "{model} takes either {kept} or {name}.",
                model=draft.profile.model,
                kept=both(kept),
                name=name,
            )
            _leave_out(draft, name, message, translated(constraint.hint))


def _count_together(draft: Draft, constraint: Constraint) -> None:
    lists = {
        name: value
        for name in constraint.together
        if isinstance(value := draft.values.get(name), tuple)
    }
    total = sum(map(len, lists.values()))
    if constraint.at_most is None or total <= constraint.at_most:
        return
    name = list(lists)[-1]
    message = phrase(
        "{names} name {total} links; {model} takes {most} in all.",
        names=both(lists),
        total=total,
        model=draft.profile.model,
        most=constraint.at_most,
    )
    hint = translated(constraint.hint)
    _refuse(draft, name, Fault(code=f"{name}_too_many", message=message, hint=hint))
