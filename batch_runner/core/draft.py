"""A request in the making: values taken from row, settings and profile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from batch_runner.core.check import Fault, allowed, check
from batch_runner.core.hints import others_taking, others_without_images
from batch_runner.core.images import split_refs
from batch_runner.core.model import ColumnMap, Problem, Severity, SheetRow
from batch_runner.core.profile import (
    FRAMES,
    Catalogue,
    Given,
    Kind,
    Parameter,
    Profile,
    Value,
)
from batch_runner.core.values import cell, image_refs, is_blank

SETTLED_ELSEWHERE = "It is a default of the config or of --set."
"""Said of values that do not stand in the row."""


_MODEL_SPECIFIC = ("_out_of_range", "_not_offered", "_too_long", "_too_many", "_too_few")
"""How faults end that another model may not have; what cannot be read is no model's."""


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
    places: dict[str, str] = field(default_factory=dict)  # where a value stands under another name
    settled: set[str] = field(default_factory=set)  # known to be wrong: nothing more about these
    problems: list[Problem] = field(default_factory=list)


def say(draft: Draft, name: str, fault: Fault, *, at: str = "") -> None:
    """Keep a fault of one parameter, at the cell it is about; ``at``: under which name that is."""
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
            column=cell(draft.row, draft.columns, at or draft.places.get(name, name))[0],
        )
    )


def take(draft: Draft, parameter: Parameter) -> None:
    """Read a parameter from the row, else the settings, else the profile's default."""
    given, source = _given(draft, parameter)
    if parameter.name in draft.settled:
        return  # what the row says of it cannot be right
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
    name = parameter.name
    own: Given
    if parameter.is_links:
        own = image_refs(draft.row, draft.columns, name)
        own = _with_frames(draft, parameter, own) if parameter.frames else own
    else:
        own = cell(draft.row, draft.columns, name)[1]
    if own != () and not is_blank(own):
        return own, Source.ROW
    default = _default(draft, name, of_links=parameter.is_links)
    if parameter.frames and not default:
        default = tuple(ref for frame in FRAMES for ref in _default_links(draft, frame))
    if default == () or is_blank(default):
        return None, Source.PROFILE
    return default, Source.SETTINGS


def _with_frames(draft: Draft, parameter: Parameter, own: tuple[str, ...]) -> tuple[str, ...]:
    """The frames of a model that has them in one list: from there, or from their own columns."""
    first, last = (image_refs(draft.row, draft.columns, name) for name in FRAMES)
    if not first and not last:
        return own
    if len(own) == len(last) == 1 and not first:
        return own + last  # the only image is the first frame
    if own:
        code, message = "frames_twice", f"{parameter.name} and {FRAMES[0]} both name the frames."
        at, hint = (FRAMES[0] if first else FRAMES[1]), "Leave one of them blank."
    elif not first:
        code, message = f"{FRAMES[0]}_missing", f"{FRAMES[1]} needs a {FRAMES[0]} before it."
        at, hint = FRAMES[0], ""
    elif len(first) > 1 or len(last) > 1:
        at = FRAMES[0] if len(first) > 1 else FRAMES[1]
        code, message, hint = f"{at}_too_many", f"{at} names several images; it takes one.", ""
    else:
        draft.places[parameter.name] = FRAMES[0]
        return first + last
    say(draft, parameter.name, Fault(code=code, message=message, hint=hint), at=at)
    return ()


def _default(draft: Draft, name: str, *, of_links: bool) -> Given:
    return _default_links(draft, name) if of_links else draft.catalogue.defaults.get(name)


def _default_links(draft: Draft, name: str) -> tuple[str, ...]:
    default = draft.catalogue.defaults.get(name)
    return default if isinstance(default, tuple) else split_refs(default, None)


def _traced(
    draft: Draft, parameter: Parameter, given: Given, source: Source, fault: Fault
) -> Fault:
    """A fault that says where its value came from, and which model would take it."""
    if fault.severity is not Severity.ERROR:
        return fault
    hint = fault.hint
    if not hint and fault.code.endswith(_MODEL_SPECIFIC):
        hint = others_taking(parameter.name, given, draft.profile, draft.catalogue)
    if source is Source.ROW:
        return replace(fault, hint=hint)
    return replace(fault, hint=f"{SETTLED_ELSEWHERE} {hint}".strip())


def require(draft: Draft, name: str, circumstances: str = "", hint: str = "") -> None:
    """Say so if a parameter has no value."""
    if name in draft.values or name in draft.settled:
        return
    parameter = draft.profile.parameter(name)
    assert parameter is not None, "profiles are checked to name only their own parameters"
    hint = hint or parameter.hints.missing
    if not hint and parameter.kind is Kind.IMAGES:
        hint = others_without_images(draft.profile, draft.catalogue)
    at = name
    if parameter.frames and name not in draft.columns.columns:
        at = FRAMES[0]  # a sheet may have the frames in columns of their own only
    needs = f"{draft.profile.model} needs it {circumstances}".rstrip()
    message = f"{name} is empty; {needs} ({allowed(parameter)})."
    say(draft, name, Fault(code=f"{name}_missing", message=message, hint=hint), at=at)
