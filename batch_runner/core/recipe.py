"""Which cells templates make their values of, found by the names they use.

How a template's language works is no business of this module; it knows that a template makes a
value for one parameter and needs certain names. A name is one of ours where the sheet has such a
column, else a header, compared as headers are: ``{{ body_html }}`` finds "Body (HTML)".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from batch_runner.core.errors import ConfigError
from batch_runner.core.headers import loosen, nearest, normalise
from batch_runner.core.language import phrase
from batch_runner.core.model import ColumnMap, ReadOptions, Recipe
from batch_runner.core.values import KEY, LINKED, PROMPT, SOURCE


def find_name(name: str, headers: Sequence[str], columns: ColumnMap) -> tuple[int, ...]:
    """The columns that a name means: one, several if the sheet is not clear, or none."""
    ours = columns.columns.get(name)
    if ours:
        return ours
    for spelled in (normalise, loosen):
        key = spelled(name)
        found = tuple(i for i, header in enumerate(headers) if key and spelled(header) == key)
        if found:
            return found
    return ()


def missing_names(recipe: Recipe, headers: Sequence[str], columns: ColumnMap) -> tuple[str, ...]:
    """The names of a template that this sheet has no column for."""
    return tuple(
        name
        for name in recipe.names
        if name not in recipe.settled and not find_name(name, headers, columns)
    )


def unknown_name(name: str, parameter: str, headers: Sequence[str], where: str) -> ConfigError:
    """The error for a name in a template that means no column of the sheet."""
    present = [header for header in headers if header]
    near = nearest(name, present, 2) or nearest(loosen(name), present, 2)
    shown = ", ".join(f"'{header}'" for header in near or present[:20])
    return ConfigError(
        phrase(
            "The template of {parameter} uses '{name}', but no header reads so.",
            parameter=parameter,
            name=name,
        ),
        code="template_name_unknown",
        hint=_listed(shown, near=bool(near)),
        where=where,
    )


def hashed_columns(
    headers: Sequence[str], columns: ColumnMap, sources: Iterable[int]
) -> ColumnMap:
    """The columns that a row's hash is of: those that are read, and those templates use.

    Args:
        headers: the header texts.
        columns: what is read.
        sources: the columns that templates use.
    """
    own = {i for name, found in columns.columns.items() if name != KEY for i in found}
    added = {f"{SOURCE}{normalise(headers[i])}": (i,) for i in sorted(set(sources) - own)}
    return ColumnMap(columns={**columns.columns, **added}) if added else columns


def made_of(options: ReadOptions, headers: Sequence[str], columns: ColumnMap) -> frozenset[int]:
    """All columns that the templates use, as far as the sheet has them."""
    return frozenset(
        i
        for recipe in options.recipes
        for name in recipe.names
        for i in find_name(name, headers, columns)
    )


def makes_prompts(options: ReadOptions, headers: Sequence[str], columns: ColumnMap) -> bool:
    """Whether rows without a prompt of their own get one: of cells, or the same beside images."""
    recipe = recipe_of(options, PROMPT)
    if recipe is None or missing_names(recipe, headers, columns):
        return False
    return bool(made_of(replace(options, recipes=(recipe,)), headers, columns)) or any(
        name in columns.columns for name in LINKED
    )


def recipe_of(options: ReadOptions, parameter: str) -> Recipe | None:
    """The template of a parameter."""
    return next((r for r in options.recipes if r.parameter == parameter), None)


def _listed(headers: str, *, near: bool) -> str:
    if not headers:
        return ""
    if near:
        return phrase("Nearest: {headers}.", headers=headers)
    return phrase("The headers are: {headers}.", headers=headers)
