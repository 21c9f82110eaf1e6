"""Every sentence is there in every language, and says the same."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_runner.core.profile import Hints
from batch_runner.settings.languages import LANGUAGES, load_language
from batch_runner.settings.profiles import load_catalogue

PACKAGE = Path(__file__).parents[2] / "batch_runner"
GIVERS = {"phrase": 0, "template": 0, "plural": 1}
"""Functions of core/language.py that take a template, and which argument others have it by."""
OTHERS = [code for code in LANGUAGES if code != "en"]


def calls() -> Iterator[tuple[str, ast.expr, ast.Call]]:
    """Where the package gives a template: the place, the template as written, the call."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in GIVERS and len(node.args) > GIVERS[name]:
                    place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                    yield place, node.args[GIVERS[name]], node


def from_code() -> dict[str, str]:
    """Template -> where it is given."""
    return {
        written.value: place
        for place, written, _ in calls()
        if isinstance(written, ast.Constant) and isinstance(written.value, str)
    }


def from_profiles() -> dict[str, str]:
    """What the shipped profiles say in words -> whose profile."""
    return {
        text: profile.model
        for profile in load_catalogue({}).profiles.values()
        for text in (
            *(parameter.note for parameter in profile.parameters),
            *(parameter.unit for parameter in profile.parameters),
            *(hint for p in profile.parameters for hint in said(p.hints)),
            *(rule.hint for rule in profile.constraints),
        )
        if text
    }


def said(hints: Hints) -> tuple[str, ...]:
    """All hints of a parameter."""
    return hints.below, hints.above, hints.missing, *hints.values.values()


def fields(text: str) -> set[tuple[str, str, str]]:
    """The places for values in a template: name, format and conversion."""
    parsed = string.Formatter().parse(text)
    return {(name, spec or "", mark or "") for _, name, spec, mark in parsed if name is not None}


def test_templates_are_written_out() -> None:
    """What is given is a literal, or was marked as one elsewhere: never put together."""
    made = [
        place
        for place, written, _ in calls()
        if isinstance(written, ast.JoinedStr | ast.BinOp | ast.Call)
    ]
    assert made == []


def test_values_are_those_of_the_template() -> None:
    """Each call gives all values that its template names, and no other."""
    wrong = {}
    for place, written, call in calls():
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == "template" or not isinstance(written, ast.Constant):
            continue
        assert isinstance(written.value, str), place
        given = {keyword.arg for keyword in call.keywords} | ({"count"} & {name and "count"})
        named = {field for field, _, _ in fields(written.value)}
        if None not in given and named != given - ({"count"} - named):
            wrong[place] = (named, given)
    assert wrong == {}


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_has_every_sentence(code: str) -> None:
    """Nothing is missing, nothing is left over, and each has the very same places for values."""
    wanted, sentences = {**from_code(), **from_profiles()}, load_language(code).sentences
    lacking = {text: wanted[text] for text in wanted.keys() - sentences.keys()}
    assert lacking == {}, f"add a line for each to configs/languages/{code}.yaml"
    assert sentences.keys() - wanted.keys() == set(), "nobody says this any more"
    unlike = {text for text, other in sentences.items() if fields(text) != fields(other)}
    assert unlike == set()
