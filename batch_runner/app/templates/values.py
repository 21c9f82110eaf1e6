"""Templates for what rows ask for: read from the settings, bound to a sheet, filled in row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch_runner.app.templates.sources import Columns, Source
from batch_runner.core.language import phrase
from batch_runner.core.model import (
    ColumnMap,
    Problem,
    Recipe,
    SheetRow,
    column_letter,
    iter_errors,
)
from batch_runner.core.profile import Given
from batch_runner.core.supplement import Supplement, Supplied, as_links, nothing
from batch_runner.core.values import LINKED, PROMPT, cell, image_refs, is_blank
from batch_runner.settings.templates import TemplateText

if TYPE_CHECKING:
    from batch_runner.app.templates.language import Compiled  # heavy: it brings Jinja

LONGEST_CELL = 32_767
"""Characters of a cell that a template takes: as many as Excel stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTemplate:
    """A template for one parameter (or ``model``), before any sheet is read."""

    parameter: str
    compiled: Compiled

    def recipe(self, defaults: Mapping[str, Given]) -> Recipe:
        """What reading needs to know of it."""
        own = {self.parameter}.union(defaults)
        return Recipe(
            parameter=self.parameter,
            names=self.compiled.names,
            settled=frozenset(own.intersection(self.compiled.names)),
        )


def read_templates(texts: Mapping[str, TemplateText]) -> tuple[ValueTemplate, ...]:
    """The templates of the settings.

    Raises:
        ConfigError: one of them cannot be used.
    """
    if not texts:
        return ()
    from batch_runner.app.templates.language import compile_template

    return tuple(
        ValueTemplate(
            parameter=parameter,
            compiled=compile_template(given.text, f"The template of {parameter}", given.where),
        )
        for parameter, given in texts.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """A template and where its names stand in one sheet."""

    parameter: str
    compiled: Compiled
    sources: tuple[Source, ...]

    @property
    def wraps(self) -> bool:
        """Whether it takes in the row's own value instead of standing in for it."""
        return self.parameter in self.compiled.names

    @property
    def places(self) -> tuple[int, ...]:
        """The columns that it uses."""
        return tuple(dict.fromkeys(i for source in self.sources for i in source.places))

    def make(self, row: SheetRow) -> Supplied | Problem | None:
        """The value for a row, or why there is none; ``None``: it says nothing."""
        from batch_runner.app.templates.language import blank

        used = self.places
        for problem in iter_errors(row.problems):
            if problem.column in used:
                return problem
        texts = {source.name: source.text(row) for source in self.sources}
        if any(len(text) > LONGEST_CELL for text in texts.values()):
            return self._problem(row, f"a cell has more than {LONGEST_CELL} characters")
        values = {name: text or blank(name) for name, text in texts.items()}
        made = self._render(row, values)
        if isinstance(made, Problem) or not made.strip():
            return made if isinstance(made, Problem) else None
        value: Given = as_links(made) if self.parameter in LINKED else made
        filled = tuple(i for i in used if not is_blank(row.value(i)))
        return Supplied(value=value, by=f"the template of {self.parameter}", columns=filled)

    def _render(self, row: SheetRow, values: Mapping[str, object]) -> str | Problem:
        from jinja2 import TemplateError

        from batch_runner.app.templates.language import BlankUsedError

        try:
            return self.compiled.render(values)
        except BlankUsedError as error:
            return self._blank(row, error.name)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            return self._problem(row, str(error).rstrip("."))

    def _blank(self, row: SheetRow, name: str) -> Problem:
        place = next((s.places[0] for s in self.sources if s.name == name and s.places), None)
        which = f"{column_letter(place)}{row.number}" if place is not None else "it"
        return Problem(
            code="template_cell_blank",
            message=phrase(
                "The template of {parameter} uses {name}, and {which} is blank.",
                parameter=self.parameter,
                name=name,
                which=which,
            ),
            hint=phrase(
                "Fill it in, or let the template say what then: {{{{ {name} | default('...') }}}}.",
                name=name,
            ),
            row=row.number,
            column=place,
        )

    def _problem(self, row: SheetRow, why: str) -> Problem:
        filled = (i for i in self.places if not is_blank(row.value(i)))
        return Problem(
            code="template_failed",
            message=phrase(
                "The template of {parameter} cannot be filled in here: {why}.",
                parameter=self.parameter,
                why=why,
            ),
            row=row.number,
            column=next(filled, None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTemplates:
    """All templates of a sheet, bound to its columns."""

    bound: tuple[_Bound, ...]
    columns: ColumnMap

    @property
    def sources(self) -> frozenset[int]:
        """The columns that they use: they are part of what a row asks for."""
        return frozenset(i for bound in self.bound for i in bound.places)

    @property
    def makers(self) -> frozenset[int]:
        """The columns of which prompts and images are made: what stands there makes a job."""
        asked = (PROMPT, *LINKED)
        return frozenset(i for b in self.bound if b.parameter in asked for i in b.places)

    def supplement(self, row: SheetRow) -> Supplement:
        """What they make of a row."""
        over: dict[str, Supplied] = {}
        under: dict[str, Supplied] = {}
        problems: dict[str, tuple[Problem, ...]] = {}
        for bound in self.bound:
            if not bound.wraps and not nothing(self._own(row, bound.parameter)):
                continue
            made = bound.make(row)
            if isinstance(made, Problem):
                problems[bound.parameter] = (made,)
            elif made is not None:
                (over if bound.wraps else under)[bound.parameter] = made
        return Supplement(over=over, under=under, problems=problems)

    def _own(self, row: SheetRow, name: str) -> Given:
        if name in LINKED:
            return image_refs(row, self.columns, name)
        return cell(row, self.columns, name)[1]


def bind(templates: Sequence[ValueTemplate], sheet: Columns) -> RowTemplates | None:
    """Find the cells that the templates mean in a sheet; ``None``: there are no templates.

    Raises:
        ConfigError: a name means no column, several, or one of results.
    """
    bound = tuple(
        _Bound(
            parameter=template.parameter,
            compiled=template.compiled,
            sources=sheet.sources(template.recipe(sheet.defaults)),
        )
        for template in templates
    )
    return RowTemplates(bound=bound, columns=sheet.columns) if bound else None


def recipes(
    templates: Sequence[ValueTemplate], defaults: Mapping[str, Given]
) -> tuple[Recipe, ...]:
    """What reading needs to know; a plain default of the prompt is as good as a template."""
    made = tuple(template.recipe(defaults) for template in templates)
    if PROMPT in defaults and all(recipe.parameter != PROMPT for recipe in made):
        made += (Recipe(parameter=PROMPT),)
    return made
