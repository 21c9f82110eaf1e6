"""A request in the making: values taken from row, settings and profile, then held to the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from batch_runner.core.check import Fault, allowed, check
from batch_runner.core.hints import others_taking, others_without_images
from batch_runner.core.images import split_refs
from batch_runner.core.model import ColumnMap, Problem, Severity, SheetRow
from batch_runner.core.profile import (
    Catalogue,
    Condition,
    Constraint,
    Given,
    Kind,
    Parameter,
    Profile,
    Value,
    all_hold,
)
from batch_runner.core.text import quoted
from batch_runner.core.values import cell, image_refs, is_blank


class Source(Enum):
    """Where a value comes from, the strongest first."""

    ROW = "row"
    SETTINGS = "settings"
    PROFILE = "profile"


@dataclass(slots=True, kw_only=True)
class Draft:
    """What is known so far; filled in place by the functions below, for one row only."""

    row: SheetRow
    columns: ColumnMap
    profile: Profile
    catalogue: Catalogue
    values: dict[str, Value] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # known to be wrong: nothing more about these
    problems: list[Problem] = field(default_factory=list)


def say(draft: Draft, name: str, fault: Fault) -> None:
    """Keep a fault of one parameter, at the cell it is about."""
    if fault.severity is Severity.ERROR:
        draft.settled.add(name)
        draft.values.pop(name, None)
    draft.problems.append(
        Problem(
            code=fault.code,
            message=fault.message,
            hint=fault.hint,
            severity=fault.severity,
            row=draft.row.number,
            column=cell(draft.row, draft.columns, name)[0],
        )
    )


def take(draft: Draft, parameter: Parameter) -> None:
    """Read a parameter from the row, else the settings, else the profile's default."""
    given, source = _given(draft, parameter)
    value = parameter.default
    if source is not Source.PROFILE:
        checked = check(parameter, given, draft.profile.model)
        value = checked.value
        for fault in checked.faults:
            say(draft, parameter.name, _traced(draft, parameter, given, source, fault))
    if value is not None:
        draft.values[parameter.name] = value
        draft.sources[parameter.name] = source


def _given(draft: Draft, parameter: Parameter) -> tuple[Given, Source]:
    name, of_images = parameter.name, parameter.kind is Kind.IMAGES
    own: Given
    if of_images:
        own = image_refs(draft.row, draft.columns, name)
    else:
        own = cell(draft.row, draft.columns, name)[1]
    if own != () and not is_blank(own):
        return own, Source.ROW
    default = draft.catalogue.defaults.get(name)
    if of_images and default is not None and not isinstance(default, tuple):
        default = split_refs(default, None)
    if default == () or is_blank(default):
        return None, Source.PROFILE
    return default, Source.SETTINGS


def _traced(
    draft: Draft, parameter: Parameter, given: Given, source: Source, fault: Fault
) -> Fault:
    """A fault that says where its value came from, and which model would take it."""
    if fault.severity is not Severity.ERROR:
        return fault
    hint = fault.hint or others_taking(parameter.name, given, draft.profile, draft.catalogue)
    if source is Source.ROW:
        return replace(fault, hint=hint)
    origin = "It is a default of the config or of --set."
    return replace(fault, hint=f"{origin} {hint}".strip())


def constrain(draft: Draft, constraint: Constraint) -> None:
    """Hold the request to one rule between parameters."""
    if draft.settled.intersection(constraint.when) or not all_hold(constraint.when, draft.values):
        return  # nothing can be said while what it depends on is wrong
    for name in constraint.forbid:
        if draft.sources.get(name) is Source.ROW and name in draft.values:
            what = f"{draft.profile.model} takes no {name} {_circumstances(constraint)}."
            fault = Fault(code=f"{name}_not_allowed", message=what, hint=constraint.hint)
            say(draft, name, replace(fault, hint=fault.hint or "Leave the cell blank."))
        draft.values.pop(name, None)  # a default that does not fit is left out
    for name in constraint.require:
        require(draft, name, _circumstances(constraint), constraint.hint)
    for name, values in constraint.allow.items():
        _narrow(draft, name, values, constraint)


def _narrow(draft: Draft, name: str, values: tuple[Value, ...], constraint: Constraint) -> None:
    given = draft.values.get(name)
    if given is None or given in values:
        return
    if draft.sources[name] is Source.PROFILE:
        draft.values[name] = values[0]
        return
    takes = ", ".join(str(value) for value in values)
    message = (
        f"{name} is {quoted(given)}; {draft.profile.model} takes {takes} "
        f"{_circumstances(constraint)}."
    )
    say(draft, name, Fault(code=f"{name}_not_offered", message=message, hint=constraint.hint))


def require(draft: Draft, name: str, circumstances: str = "", hint: str = "") -> None:
    """Say so if a parameter has no value."""
    if name in draft.values or name in draft.settled:
        return
    parameter = draft.profile.parameter(name)
    assert parameter is not None, "profiles are checked to name only their own parameters"
    hint = hint or parameter.hints.missing
    if not hint and parameter.kind is Kind.IMAGES:
        hint = others_without_images(draft.profile, draft.catalogue)
    needs = f"{draft.profile.model} needs it {circumstances}".rstrip()
    message = f"{name} is empty; {needs} ({allowed(parameter)})."
    say(draft, name, Fault(code=f"{name}_missing", message=message, hint=hint))


def _circumstances(constraint: Constraint) -> str:
    return " and ".join(_circumstance(name, c) for name, c in constraint.when.items())


def _circumstance(name: str, condition: Condition) -> str:
    if condition.present is not None:
        return f"together with {name}" if condition.present else f"without {name}"
    return f"when {name} is {' or '.join(str(value) for value in condition.one_of)}"


def request(draft: Draft) -> Mapping[str, object]:
    """The body's fields, in the profile's order, with every default made explicit."""
    body: dict[str, object] = {"model": draft.profile.model}
    for parameter in draft.profile.parameters:
        value = draft.values.get(parameter.name)
        if value is not None:
            body[parameter.api_name] = list(value) if isinstance(value, tuple) else value
    return body
