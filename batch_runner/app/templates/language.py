"""The language of templates: Jinja, cut down to what can neither loop, call nor grow.

Templates come from a config that may lie in a folder that anybody filled. So no node is let
through but those listed here, names stand only for cells, filters are our own, numbers are the
only things to calculate with, and what is made is counted as it is made. Jinja's sandbox is the
wall behind that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.exceptions import TemplateRuntimeError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from batch_runner.app.templates.filters import FILTERS, MOST_MADE
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.nearest import did_you_mean
from batch_runner.core.text import cell_text

MOST_TEXT = 10_000
"""Characters of a template."""

MOST_NODES = 1_000
"""Parts of a template: names, filters, conditions, texts between them."""

ROW = "row"
"""``row['Any header']`` is a cell whose header is no word of the language."""

_LARGEST = 10**15
_HELP = (
    "A template holds names of columns in {{ }}, filters such as {{ mood | default('calm') }}, and "
    "{% if %}; a header with blanks or signs is written {{ row['Body (HTML)'] }}."
)
_ALLOWED = frozenset(
    [
        "Template",
        "Output",
        "TemplateData",
        "Name",
        "Const",
        "List",
        "Tuple",
        "Filter",
        "Keyword",
        "Test",
        "If",
        "CondExpr",
        "Compare",
        "Operand",
        "Concat",
        "Not",
        "And",
        "Or",
        "Neg",
        "Pos",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "FloorDiv",
        "Mod",
    ]
)
_TESTS = ("defined", "undefined", "in", "eq", "ne", "lt", "le", "gt", "ge", "equalto")
_SIGNS = frozenset({"+", "-", "*", "/", "//", "%", "**"})


class BlankUsedError(TemplateRuntimeError):
    """A blank cell was to be shown or worked with."""

    def __init__(self, message: str | None) -> None:
        super().__init__(message)
        self.name = message or ""


class Blank(StrictUndefined):
    """A blank cell: it may be asked for and be given a default, but not be used."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return isinstance(other, Blank) or other == ""

    def __ne__(self, other: object) -> bool:  # type: ignore[override]
        return not self == other

    def __hash__(self) -> int:  # type: ignore[override]
        return hash("")


def blank(name: str) -> Blank:
    """What stands for a cell that is blank; ``name``: as templates call it."""
    return Blank(hint=name, name=name, exc=BlankUsedError)


class TooLongError(ValueError):
    """More was made than fits into a cell."""


class _Environment(SandboxedEnvironment):
    """Jinja without loops, calls, attributes and growth."""

    intercepted_binops = _SIGNS

    def __init__(self, finalize: Callable[[object], object]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=finalize,
            autoescape=False,
            optimized=False,  # nothing is worked out before it can be counted
            keep_trailing_newline=True,
        )
        self.globals.clear()
        self.filters = dict(FILTERS)
        self.tests = {name: self.tests[name] for name in _TESTS}

    def call_binop(self, context: object, operator: str, left: object, right: object) -> object:
        """Calculate: with numbers, and not beyond what anybody means."""
        if not _is_number(left) or not _is_number(right):
            raise TypeError(
                f"'{operator}' is for numbers: write {{{{ price | float }}}}, and ~ to join texts"
            )
        made = super().call_binop(context, operator, left, right)  # type: ignore[arg-type]
        if abs(made) > _LARGEST:
            raise ValueError(phrase("the number is above {largest}", largest=_LARGEST))
        return made


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: object) -> object:
    """A value as people see it: 5 rather than 5.0, truth as a sheet writes it."""
    return cell_text(value) if isinstance(value, bool | int | float | None) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A template, ready to be filled in for row after row."""

    names: tuple[str, ...]  # the columns it asks for, as written
    places: Mapping[str, str]  # the name inside the template -> the column as written
    template: Template

    def render(self, values: Mapping[str, object]) -> str:
        """The text for one row.

        Args:
            values: for each of ``names`` its text, or :class:`Blank`.

        Raises:
            BlankUsedError: a blank cell was used; its ``name`` is the column's.
            TooLongError: too much was made.
            TypeError, ValueError, ArithmeticError, TemplateError: it cannot be worked out.
        """
        pieces, size = [], 0
        inside = {place: values[name] for place, name in self.places.items()}
        for piece in self.template.generate(inside):
            size += len(piece)
            if size > MOST_MADE:
                raise TooLongError(f"it makes more than {MOST_MADE} characters")
            pieces.append(piece)
        return "".join(pieces)


class _Names(NodeTransformer):
    """Gives each name, and each ``row['Header']``, a name of our own; refuses all else."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self.count = 0

    def visit(self, node: nodes.Node, *args: object, **kwargs: object) -> nodes.Node:
        self.count += 1
        if self.count > MOST_NODES:
            raise TemplateSyntaxError(f"it has more than {MOST_NODES} parts", 1)
        header = _of_row(node)
        if header is not None:
            return self._cell(header)
        if isinstance(node, nodes.Name):
            return self._cell(node.name)
        if type(node).__name__ not in _ALLOWED:
            raise TemplateSyntaxError(_refusal(node), node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            hint = did_you_mean(node.name, FILTERS)
            raise TemplateSyntaxError(f"there is no filter '{node.name}'. {hint}", node.lineno)
        if isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise TemplateSyntaxError(f"there is no test '{node.name}'", node.lineno)
        made = super().visit(node, *args, **kwargs)
        assert isinstance(made, nodes.Node)
        return made

    def _cell(self, name: str) -> nodes.Name:
        for place, known in self.places.items():
            if known == name:
                return nodes.Name(place, "load")
        place = f"cell_{len(self.places)}"
        self.places[place] = name
        return nodes.Name(place, "load")


def _of_row(node: nodes.Node) -> str | None:
    """The header that ``row['Header']`` or ``row.header`` asks for."""
    of_row = isinstance(node, nodes.Getitem | nodes.Getattr) and isinstance(node.node, nodes.Name)
    if not of_row or node.node.name != ROW:  # type: ignore[attr-defined]
        return None
    if isinstance(node, nodes.Getattr):
        return node.attr
    wanted = node.arg  # type: ignore[attr-defined]
    if isinstance(wanted, nodes.Const) and isinstance(wanted.value, str) and wanted.value.strip():
        return wanted.value
    raise TemplateSyntaxError("row[...] takes a header in quotes", node.lineno)


def _refusal(node: nodes.Node) -> str:
    if isinstance(node, nodes.Call):
        return "nothing can be called in it"
    if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Slice):
        return "a cell has no parts to ask for"
    if isinstance(node, nodes.For):
        return "it cannot loop"
    return f"'{type(node).__name__.lower()}' is not for templates"


def compile_template(
    text: str, what: str, where: str, finalize: Callable[[object], object] = shown
) -> Compiled:
    """Read a template.

    Args:
        text: the template.
        what: how messages call it, as in "The template of prompt".
        where: the file it stands in.
        finalize: what is done to each value before it is put into the text.

    Raises:
        ConfigError: it is no template, or asks for what templates cannot do.
    """
    if len(text) > MOST_TEXT:
        raise _unusable(what, f"it has more than {MOST_TEXT} characters", where)
    environment, names = _Environment(finalize), _Names()
    try:
        tree = names.visit(environment.parse(text))
        assert isinstance(tree, nodes.Template)
        template = environment.from_string(tree)
    except TemplateError as error:
        raise _unusable(what, (error.message or "").rstrip("."), where) from None
    except (RecursionError, MemoryError, SyntaxError):
        raise _unusable(what, "it is nested too deep", where) from None
    return Compiled(names=tuple(names.places.values()), places=names.places, template=template)


def _unusable(what: str, why: str, where: str) -> ConfigError:
    return ConfigError(
        phrase("{what} cannot be used: {why}.", what=what, why=why),
        code="template_invalid",
        hint=_HELP,
        where=where,
    )
