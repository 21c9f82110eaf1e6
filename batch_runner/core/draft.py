"""A request in the making: values taken from row, settings and profile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from batch_runner.core.check import Fault, allowed, check, when
from batch_runner.core.hints import others_taking, others_without_images
from batch_runner.core.language import joined, phrase, translated
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
from batch_runner.core.supplement import NOTHING, Supplement, Supplied, as_links, nothing
from batch_runner.core.values import cell, image_refs

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
    supplement: Supplement = NOTHING
    values: dict[str, Value] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # where a value stands under another name
    supplied: dict[str, Supplied] = field(default_factory=dict)  # values that are in no own cell
    settled: set[str] = field(default_factory=set)  # known to be wrong: nothing more about these
    problems: list[Problem] = field(default_factory=list)


def say(draft: Draft, name: str, fault: Fault, *, at: str = "") -> None:
    """Keep a fault of one parameter, at the cell it is about; ``at``: under which name that is."""
    if fault.severity is Severity.ERROR:
        draft.settled.add(name)
        draft.values.pop(name, None)
    place = at or draft.places.get(name, name)
    column = cell(draft.row, draft.columns, place)[0]
    hint = fault.hint
    made = draft.supplied.get(place)
    if made is not None:
        column = made.columns[0] if made.columns else column
        hint = joined(made.traced(draft.row.number), hint)
    draft.problems.append(
        Problem(
            code=fault.code,
            message=fault.message,
            hint=hint,
            severity=fault.severity,
            row=draft.row.number,
            column=column,
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
        own = _own_links(draft, name)
        own = _with_frames(draft, parameter, own) if parameter.frames else own
    else:
        own = _own(draft, name)
    if not nothing(own):
        return own, Source.ROW
    default = _default(draft, name, of_links=parameter.is_links)
    if parameter.frames and not default:
        default = tuple(ref for frame in FRAMES for ref in _default_links(draft, frame))
        if default:
            draft.places[name] = FRAMES[0]
    if nothing(default):
        return None, Source.PROFILE
    return default, Source.SETTINGS


def _own(draft: Draft, name: str) -> Given:
    """What counts as standing in the row: its cell, or what was supplied over it."""
    over = draft.supplement.over.get(name)
    if over is None:
        return cell(draft.row, draft.columns, name)[1]
    draft.supplied[name] = over
    return over.value


def _own_links(draft: Draft, name: str) -> tuple[str, ...]:
    if name in draft.supplement.over:
        return as_links(_own(draft, name))
    return image_refs(draft.row, draft.columns, name)


def _with_frames(draft: Draft, parameter: Parameter, own: tuple[str, ...]) -> tuple[str, ...]:
    """The frames of a model that has them in one list: from there, or from their own columns."""
    first, last = (_own_links(draft, name) for name in FRAMES)
    if not first and not last:
        return own
    if len(own) == len(last) == 1 and not first:
        return own + last  # the only image is the first frame
    if own:
        code, message = (
            "frames_twice",
            phrase(
                "{name} and {frame} both name the frames.", name=parameter.name, frame=FRAMES[0]
            ),
        )
        at, hint = (FRAMES[0] if first else FRAMES[1]), phrase("Leave one of them blank.")
    elif not first:
        code = f"{FRAMES[0]}_missing"
        message = phrase("{last} needs a {first} before it.", last=FRAMES[1], first=FRAMES[0])
        at, hint = FRAMES[0], ""
    elif len(first) > 1 or len(last) > 1:
        at = FRAMES[0] if len(first) > 1 else FRAMES[1]
        code, hint = f"{at}_too_many", ""
        message = phrase("{name} names several images; it takes one.", name=at)
    else:
        draft.places[parameter.name] = FRAMES[0]
        return first + last
    say(draft, parameter.name, Fault(code=code, message=message, hint=hint), at=at)
    return ()


def _default(draft: Draft, name: str, *, of_links: bool) -> Given:
    """What counts where the row says nothing: supplied for this row, else for all."""
    under = draft.supplement.under.get(name)
    if under is not None:
        draft.supplied[name] = under
    value = draft.catalogue.defaults.get(name) if under is None else under.value
    return as_links(value) if of_links else value


def _default_links(draft: Draft, name: str) -> tuple[str, ...]:
    return as_links(_default(draft, name, of_links=True))


def _traced(
    draft: Draft, parameter: Parameter, given: Given, source: Source, fault: Fault
) -> Fault:
    """A fault that says where its value came from, and which model would take it."""
    if fault.severity is not Severity.ERROR:
        return fault
    hint = fault.hint
    if not hint and fault.code.endswith(_MODEL_SPECIFIC):
        hint = others_taking(parameter.name, given, draft.profile, draft.catalogue)
    return replace(fault, hint=joined(settled_elsewhere(draft, parameter.name, source), hint))


def settled_elsewhere(draft: Draft, name: str, source: Source | None) -> str:
    """A sentence for a value that holds for all rows; "" for one of this row."""
    for_all = source is Source.SETTINGS and draft.places.get(name, name) not in draft.supplied
    return phrase("It is a default of the config or of --set.") if for_all else ""


def require(draft: Draft, name: str, circumstances: str = "", hint: str = "") -> None:
    """Say so if a parameter has no value."""
    if name in draft.values or name in draft.settled:
        return
    parameter = draft.profile.parameter(name)
    assert parameter is not None, "profiles are checked to name only their own parameters"
    hint = hint or translated(parameter.hints.missing)
    if not hint and parameter.kind is Kind.IMAGES:
        hint = others_without_images(draft.profile, draft.catalogue)
    at = name
    if parameter.frames and name not in draft.columns.columns:
        at = FRAMES[0]  # a sheet may have the frames in columns of their own only
    message = phrase(
        "{name} is empty; {model} needs it{when} ({allowed}).",
        name=name,
        model=draft.profile.model,
        when=when(circumstances),
        allowed=allowed(parameter),
    )
    say(draft, name, Fault(code=f"{name}_missing", message=message, hint=hint), at=at)
