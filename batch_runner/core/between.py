"""Holding a request in the making to the rules between its parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from batch_runner.core.check import Fault, links, span
from batch_runner.core.draft import Draft, Source, require, say, settled_elsewhere
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
        what = f"{draft.profile.model} takes no {name} {circumstances}".rstrip()
        _leave_out(draft, name, f"{what}.", constraint.hint)
    for name in constraint.require:
        require(draft, name, circumstances, constraint.hint)
    for name, values in constraint.allow.items():
        _narrow(draft, name, values, constraint)
    for name, bounds in constraint.limit.items():
        _limit(draft, name, bounds, constraint)
    _choose_one(draft, constraint)
    _count_together(draft, constraint)


def describe_conditions(profile: Profile, constraint: Constraint) -> str:
    """When a rule holds, in words: "together with image_urls", "when resolution is 1080p"."""
    return " and ".join(_circumstance(profile, name, c) for name, c in constraint.when.items())


def words(values: Iterable[Value], last: str = "or") -> str:
    """Values in a row: "5, 8 or 10"; yes and no for truth values."""
    texts = [("yes" if v else "no") if isinstance(v, bool) else str(v) for v in values]
    return f" {last} ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _circumstance(profile: Profile, name: str, condition: Condition) -> str:
    if condition.present is not None:
        return f"together with {name}" if condition.present else f"without {name}"
    if condition.span is not None:
        parameter = profile.parameter(name)
        if parameter is not None and parameter.is_links:
            return f"with {_amount(condition.span)} {name}"
        return f"when {name} is {_amount(condition.span)}"
    return f"when {name} is {words(condition.one_of)}"


def _amount(bounds: Span) -> str:
    if bounds.high is None:
        return f"{bounds.low} or more"
    if bounds.low is None:
        return f"{bounds.high} or less"
    return str(bounds.low) if bounds.low == bounds.high else f"{bounds.low} to {bounds.high}"


def _refuse(draft: Draft, name: str, fault: Fault) -> None:
    elsewhere = settled_elsewhere(draft, name, draft.sources.get(name))
    say(draft, name, replace(fault, hint=f"{elsewhere} {fault.hint}".strip()))


def _leave_out(draft: Draft, name: str, message: str, hint: str) -> None:
    """Refuse what the row says; a default that does not fit goes without a word."""
    if name in draft.values and draft.sources.get(name) is Source.ROW:
        fault = Fault(
            code=f"{name}_not_allowed", message=message, hint=hint or "Leave the cell blank."
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
    message = f"{name} is {quoted(given)}; {draft.profile.model} takes {words(values)}"
    message = f"{message} {describe_conditions(draft.profile, constraint)}".rstrip()
    _refuse(
        draft, name, Fault(code=f"{name}_not_offered", message=f"{message}.", hint=constraint.hint)
    )


def _limit(draft: Draft, name: str, bounds: Span, constraint: Constraint) -> None:
    given = draft.values.get(name)
    if given is None or bounds.holds(given):
        return
    above = bounds.high is not None and not Span(high=bounds.high).holds(given)
    if draft.sources[name] is Source.PROFILE:
        nearest = bounds.high if above else bounds.low
        draft.values[name] = given if nearest is None else nearest
        return
    if isinstance(given, tuple):
        code = f"{name}_too_{'many' if above else 'few'}"
        message = f"{name} names {len(given)}; {draft.profile.model} takes "
        message += links(bounds.low, bounds.high)
    else:
        code = f"{name}_out_of_range"
        message = f"{name} is {quoted(given)}; {draft.profile.model} takes a whole number"
        message += span(bounds.low, bounds.high)
    message = f"{message} {describe_conditions(draft.profile, constraint)}".rstrip()
    _refuse(draft, name, Fault(code=code, message=f"{message}.", hint=constraint.hint))


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
            message = f"{draft.profile.model} takes either {words(kept, 'and')} or {name}."
            _leave_out(draft, name, message, constraint.hint)


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
    message = (
        f"{words(lists, 'and')} name {total} links; {draft.profile.model} takes "
        f"{constraint.at_most} in all."
    )
    _refuse(draft, name, Fault(code=f"{name}_too_many", message=message, hint=constraint.hint))
