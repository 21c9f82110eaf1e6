"""The cells that a template's names mean in one sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.model import ColumnMap, Recipe, SheetRow, column_letter
from batch_runner.core.profile import Given
from batch_runner.core.recipe import find_name, missing_names, unknown_name
from batch_runner.core.text import cell_text, tidy
from batch_runner.core.values import is_blank


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A name that a template uses, found in a sheet."""

    name: str  # as written in the template
    places: tuple[int, ...]  # its columns; none where only a default stands for it
    default: Given  # of the settings, where the cell is blank

    def text(self, row: SheetRow) -> str:
        """What a row has there; "" where that is nothing."""
        for place in self.places:
            if not is_blank(row.value(place)):
                return tidy(cell_text(row.value(place)))
        if isinstance(self.default, tuple):
            return " ".join(self.default)
        return cell_text(self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A sheet as templates see it."""

    headers: tuple[str, ...]
    columns: ColumnMap  # what is read
    defaults: Mapping[str, Given]  # of the settings
    ours: Mapping[int, str]  # the columns of results, and their names
    where: str  # the place of the header, for messages

    def sources(self, recipe: Recipe) -> tuple[Source, ...]:
        """The cells that a template uses.

        Raises:
            ConfigError: a name means no column, several, or one of results.
        """
        for name in missing_names(recipe, self.headers, self.columns):
            raise unknown_name(name, recipe.parameter, self.headers, self.where)
        found = tuple(
            Source(
                name=name,
                places=find_name(name, self.headers, self.columns),
                default=self.defaults.get(name),
            )
            for name in recipe.names
        )
        for source in found:
            self._check(source, f"The template of {recipe.parameter}")
        return found

    def _check(self, source: Source, what: str) -> None:
        result = next((self.ours[i] for i in source.places if i in self.ours), None)
        if result is not None:
            raise ConfigError(
                phrase(
                    "{what} uses '{source_name}', which is a column of results ({result}).",
                    what=what,
                    source_name=source.name,
                    result=result,
                ),
                code="template_of_results",
                hint=phrase("A result would change what the row asks for; name another column."),
                where=self.where,
            )
        if len(source.places) > 1 and source.name not in self.columns.columns:
            letters = " and ".join(map(column_letter, source.places))
            raise ConfigError(
                phrase(
                    "{what} uses '{source_name}', and columns {letters} both read so.",
                    what=what,
                    source_name=source.name,
                    letters=letters,
                ),
                code="template_name_unclear",
                hint=phrase("Rename one of them."),
                where=self.where,
            )
