"""The template of ``download.name``: what each video's file is called, settled before a submit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch_runner.app.templates.sources import Columns, Source
from batch_runner.core.container import EXTENSIONS
from batch_runner.core.errors import ConfigError
from batch_runner.core.file_names import checked_name, harmless
from batch_runner.core.language import phrase
from batch_runner.core.model import Problem, Recipe, SheetRow, Verdict
from batch_runner.core.text import cell_text
from batch_runner.core.values import KEY
from batch_runner.settings.templates import TemplateText

if TYPE_CHECKING:
    from batch_runner.app.templates.language import Compiled  # heavy: it brings Jinja

WHAT = "The template of download.name"
JOB_MARK = 8  # hex digits of the row hash in a video's name
_KNOWN = frozenset({"row", "job", "model"})
"""What a name may hold beside cells: the line, the first digits of the job's mark, the model."""


def read_name(given: TemplateText | None) -> Compiled | None:
    """The template of names, if there is one.

    Raises:
        ConfigError: it cannot be used, whatever the rows hold.
    """
    if given is None:
        return None
    from batch_runner.app.templates.language import compile_template

    compiled = compile_template(given.text, WHAT, given.where, _in_a_name)
    name, wrong = checked_name(_tried(compiled), EXTENSIONS)
    if not name:
        raise ConfigError(
            phrase("{what} cannot be used: the name {wrong}.", what=WHAT, wrong=wrong),
            code="video_name_invalid",
            hint=phrase("Such as {{{{ sku }}}}_{{{{ row }}}} or clips/{{{{ sku }}}}."),
            where=given.where,
        )
    return compiled


def _in_a_name(value: object) -> object:
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        return value  # it objects when it is put into the text
    plain = value if isinstance(value, bool | int | float | None) else str(value)
    return harmless(cell_text(plain))


def _tried(compiled: Compiled) -> str:
    """The name of a row in whose every cell an x stands; an x where even that is not enough."""
    from jinja2 import TemplateError

    try:
        return compiled.render(dict.fromkeys(compiled.names, "x"))
    except (TemplateError, TypeError, ValueError, ArithmeticError):
        return "x"  # it needs numbers, say: the rows will tell


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoNames:
    """The template of names, bound to a sheet."""

    compiled: Compiled
    sources: tuple[Source, ...]
    key: int | None  # the column of the user's own ids

    def name(self, row: SheetRow, verdict: Verdict, row_hash: str) -> str | Problem:
        """The path of a row's video within the folder, without extension, or what is wrong."""
        from jinja2 import TemplateError

        from batch_runner.app.templates.language import BlankUsedError, blank

        texts = {source.name: source.text(row) for source in self.sources}
        texts |= {"row": str(row.number), "job": row_hash[:JOB_MARK], "model": verdict.model}
        if self.key is not None:
            texts[KEY] = cell_text(row.value(self.key)).strip()
        try:
            made = self.compiled.render(
                {name: texts[name] or blank(name) for name in self.compiled.names}
            )
        except BlankUsedError as error:
            return self._problem(row, f"it uses {error.name}, which is blank", error.name)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            return self._problem(row, str(error).rstrip("."))
        name, wrong = checked_name(made, EXTENSIONS)
        return name or self._problem(row, f"the name {wrong}")

    def taken(self, row: SheetRow, name: str, by: int) -> Problem:
        """What to say where another row has this name already."""
        return Problem(
            code="video_name_taken",
            message=phrase(
                "Its video would be called {name}, as that of row {by}.", name=name, by=by
            ),
            hint=phrase(
                "Let download.name use {{{{ row }}}}, {{{{ key }}}} or {{{{ job }}}}, too."
            ),
            row=row.number,
            column=self._first(),
        )

    def _problem(self, row: SheetRow, why: str, name: str | None = None) -> Problem:
        return Problem(
            code="video_name_invalid",
            message=phrase("{what} cannot be filled in here: {why}.", what=WHAT, why=why),
            hint=phrase(
                "Shorten long texts by {{{{ title | truncate(60) }}}}; give blank ones a default."
            ),
            row=row.number,
            column=self._first(name),
        )

    def _first(self, name: str | None = None) -> int | None:
        """The first column of a name, or of any."""
        named = (s.places[0] for s in self.sources if s.places and name in {None, s.name})
        return next(named, None)


def bind_names(compiled: Compiled | None, sheet: Columns) -> VideoNames | None:
    """Find the cells that the template of names means in a sheet.

    Raises:
        ConfigError: a name means no column, several, or one of results.
    """
    if compiled is None:
        return None
    key = sheet.columns.first(KEY)
    known = _KNOWN if key is None else _KNOWN | {KEY}
    names = tuple(name for name in compiled.names if name not in known)
    recipe = Recipe(parameter="download.name", names=names, settled=frozenset(sheet.defaults))
    return VideoNames(compiled=compiled, sources=sheet.sources(recipe), key=key)
