"""Every rule of every shipped profile, tried on both sides; the cases come from the profiles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pytest

from batch_runner.core.model import CellValue, Verdict
from batch_runner.core.profile import Condition, Constraint, Kind, Parameter, Profile, Span, Value
from tests.models.conftest import CATALOGUE, LINK, Cells, links, sample

Judged = Callable[[Cells], Verdict]
Errors = Callable[[Cells], list[str]]
Completed = Callable[[str, Mapping[str, Any]], Cells | None]


class Edge(NamedTuple):
    """One rule about one value: what is just taken, and what is just refused."""

    model: str
    name: str
    taken: CellValue
    refused: CellValue
    code: str


def _edges() -> Iterator[Any]:
    for profile in CATALOGUE.profiles.values():
        for p in profile.parameters:
            for taken, refused, code in _sides(p):
                edge = Edge(profile.model, p.name, taken, refused, f"{p.name}_{code}")
                yield pytest.param(edge, id=f"{profile.model}-{p.name}-{code}")


def _sides(p: Parameter) -> Iterator[tuple[CellValue, CellValue, str]]:
    """A value that is just taken, one that is not, and how the error's code ends."""
    yield from _of_sizes(p)
    odd = {
        Kind.INTEGER: (sample(p), "5.5", "not_a_whole_number"),
        Kind.BOOLEAN: ("いいえ", "maybe", "not_yes_or_no"),
        Kind.JSON: (sample(p), "{index: 1}", "not_json"),
        Kind.IMAGES: (links(1), "cat.png", "not_a_link"),
        Kind.LINKS: (links(1), "clip.mp4", "not_a_link"),
    }
    if p.kind in odd:
        yield odd[p.kind]
    for choice in p.choices:
        yield str(choice), f"{choice}0", "not_offered"
    if p.required:
        yield sample(p), None, "missing"


def _of_sizes(p: Parameter) -> Iterator[tuple[CellValue, CellValue, str]]:
    if p.low is not None:
        yield p.low, min([p.low, *p.also]) - 1, "out_of_range"
    if p.high is not None:
        yield p.high, p.high + 1, "out_of_range"
    for number in p.also:
        yield number, number - 1, "out_of_range"
    if p.max_length is not None:
        yield "x" * p.max_length, "x" * (p.max_length + 1), "too_long"
    if p.max_items is not None and p.name != "image_urls":
        yield links(1), links(p.max_items + 1), "too_many"
    elif p.max_items is not None:
        yield links(p.max_items), links(p.max_items + 1), "too_many"


@pytest.mark.parametrize("edge", list(_edges()))
def test_every_value_at_an_edge_is_taken_and_the_next_one_refused(
    completed: Completed, judged: Judged, edge: Edge
) -> None:
    """Each range, set, length and count of each model holds on both sides, at its own cell."""
    cells = completed(edge.model, {edge.name: edge.taken})
    assert cells is not None
    wrong = judged({**cells, edge.name: edge.refused})
    assert wrong.request is None
    problem = next(p for p in wrong.problems if p.code == edge.code)
    assert problem.column == list(cells).index(edge.name)
    assert problem.row == 7


def _rules() -> Iterator[Any]:
    for profile in CATALOGUE.profiles.values():
        for number, rule in enumerate(profile.constraints):
            for case in _cases(profile, rule):
                label = f"{profile.model}-{number}-{case.code or case.wrong}"
                yield pytest.param(profile.model, case, id=label)


class Case(NamedTuple):
    """What one rule lets through and what it does not."""

    fine: Mapping[str, CellValue]  # the rule holds, and is kept
    wrong: Mapping[str, CellValue]  # changed like this, it is broken
    code: str
    elsewhere: tuple[Mapping[str, CellValue], ...] = ()  # one of these: it does not hold


def _cases(profile: Profile, rule: Constraint) -> Iterator[Case]:
    parameters = {p.name: p for p in profile.parameters}
    holds = {name: _cell(parameters[name], c) for name, c in rule.when.items()}
    apart = tuple(
        {name: other}
        for name, condition in rule.when.items()
        for other in _others(parameters[name], condition)
    )
    for name in rule.forbid:
        given = {name: sample(parameters[name])}
        free = tuple({**other, **given} for other in apart)
        yield Case({**holds, name: None}, given, f"{name}_not_allowed", free)
    for name in rule.require:
        fine = {**holds, name: sample(parameters[name])}
        free = tuple({**other, name: None} for other in apart if name not in other)
        yield Case(fine, {**holds, name: None}, f"{name}_missing", free)
    for name, values in rule.allow.items():
        refused = next(v for v in _values(parameters[name]) if v not in map(_text, values))
        free = tuple({**other, name: refused} for other in apart if name not in other)
        for value in values:
            fine = {**holds, name: _text(value)}
            yield Case(fine, {name: refused}, f"{name}_not_offered", free)
    for name, bounds in rule.limit.items():
        inner, outer, what = _at_the_end_of(parameters[name], bounds)
        free = tuple({**other, name: outer} for other in apart if name not in other)
        yield Case({**holds, name: inner}, {name: outer}, f"{name}_{what}", free)
    for group, other_group in combinations(rule.exclusive, 2):
        one, other_name = parameters[group[0]], parameters[other_group[0]]
        given = {other_name.name: sample(other_name)}
        alone = ({one.name: None, **given},)
        yield Case({one.name: sample(one)}, given, f"{other_name.name}_not_allowed", alone)
    if rule.together and rule.at_most is not None:
        most = {rule.together[0]: links(rule.at_most)}
        yield Case(most, {rule.together[-1]: links(1)}, f"{rule.together[-1]}_too_many")


def _cell(p: Parameter, condition: Condition) -> CellValue:
    """What fulfils a condition."""
    if condition.present is not None:
        return sample(p) if condition.present else None
    if condition.span is not None:
        number = condition.span.low if condition.span.low is not None else condition.span.high
        assert number is not None
        return links(number) if p.is_links else number
    return _text(condition.one_of[0])


def _others(p: Parameter, condition: Condition) -> Sequence[CellValue]:
    """What does not fulfil it."""
    if condition.present is not None:
        return [None if condition.present else sample(p)]
    if condition.span is not None:
        assert condition.span.low is not None
        number = condition.span.low - 1
        return [links(number) if p.is_links else number]
    named = [_text(value) for value in condition.one_of]
    return [value for value in _values(p) if value not in named]


def _values(p: Parameter) -> list[str]:
    if p.kind is Kind.BOOLEAN:
        return ["yes", "no"]
    if p.low is not None and p.high is not None:
        return [str(number) for number in range(p.low, p.high + 1)]
    return [str(choice) for choice in p.choices]


def _text(value: Value) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _at_the_end_of(p: Parameter, bounds: Span) -> tuple[CellValue, CellValue, str]:
    if p.is_links:
        if bounds.high is not None:
            return links(bounds.high), links(bounds.high + 1), "too_many"
        assert bounds.low is not None
        return links(bounds.low), links(bounds.low - 1), "too_few"
    assert bounds.high is not None
    return bounds.high, bounds.high + 1, "out_of_range"


def test_no_rule_goes_untried() -> None:
    """Each thing that a rule of a profile says makes cases, and every kind of saying is in use."""
    said: set[str] = set()
    for profile in CATALOGUE.profiles.values():
        for rule in profile.constraints:
            kinds = ("forbid", "require", "allow", "limit", "exclusive", "together")
            used = [kind for kind in kinds if getattr(rule, kind)]
            said.update(used)
            codes = {case.code for case in _cases(profile, rule)}
            spoken_of = {*rule.forbid, *rule.require, *rule.allow, *rule.limit}
            assert used
            assert all(any(code.startswith(f"{name}_") for code in codes) for name in spoken_of)
            assert codes
    assert said == {"forbid", "require", "allow", "limit", "exclusive", "together"}


@pytest.mark.parametrize(("model", "case"), list(_rules()))
def test_every_rule_between_parameters_holds_on_both_sides(
    completed: Completed, errors: Errors, model: str, case: Case
) -> None:
    """Each rule lets through what it allows, refuses the rest, and only where it holds."""
    cells = completed(model, case.fine)
    assert cells is not None
    assert case.code in errors({**cells, **case.wrong})
    if case.elsewhere:
        assert any(completed(model, other) is not None for other in case.elsewhere)


@pytest.mark.parametrize("model", list(CATALOGUE.profiles))
def test_what_a_row_says_reaches_the_fields_of_its_model(
    completed: Completed, judged: Judged, model: str
) -> None:
    """Each parameter, given alone, stands in the request under the API's name and as its word."""
    for p in CATALOGUE.profiles[model].parameters:
        for cell in map(str, p.choices) if p.choices else [sample(p)]:
            cells = completed(model, {p.name: cell})
            assert cells is not None
            request = judged(cells).request
            assert request is not None
            assert request["model"] == model
            for value, field in zip(_sent(p, cell), p.api_names, strict=True):
                found = request.get(field)
                if p.role or (p.is_links and not p.send_each_as):
                    assert isinstance(found, list)
                    assert value in found
                else:
                    assert (type(found), found) == (type(value), value)


def _sent(p: Parameter, cell: CellValue) -> list[object]:
    link = {"url": f"{LINK}0", "role": p.role} if p.role else f"{LINK}0"
    plain: dict[Kind, object] = {
        Kind.BOOLEAN: p.sent.get("true", True),
        Kind.IMAGES: link,
        Kind.LINKS: link,
        Kind.JSON: json.loads('[{"index": 1}]'),
        Kind.INTEGER: int(cell) if isinstance(cell, str) and cell.isdigit() else cell,
    }
    value = plain.get(p.kind, p.sent.get(str(cell), cell))
    return [value, *[None] * (len(p.api_names) - 1)]
