"""``--where "priority == 'high' and stock > 0"``: a condition over a sheet's columns.

The language is that of ``pandas.DataFrame.query``, less all that could reach beyond the row:
names of columns (in backticks where they hold blanks), texts, numbers, comparisons, ``in``,
``and``/``or``/``not`` (or ``&``, ``|``, ``~``), and a few methods of texts and blanks. It is read
as Python's grammar reads it, but never run as Python: each kind of node that is allowed is turned
into a small function of the row by ``where_tree.py``, everything else is refused.

A row is judged by itself. So a cell counts as the number that it shows, be it stored as text or
not, whatever stands in the other rows of its column.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from batch_runner.core.language import phrase
from batch_runner.core.model import CellValue, SheetRow
from batch_runner.core.text import quoted
from batch_runner.core.where_tree import compiled

MOST_CHARACTERS = 1000
MOST_NESTED = 50

_EXAMPLE = "priority == 'high' and stock > 0"
_TOKENS = re.compile(
    r"""(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|`(?P<name>[^`\n]*)`|(?P<sign>&&?|\|\|?)""",
    re.DOTALL,
)
_SIGNS = {"&": " and ", "|": " or "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A condition that can be read, for any sheet that has its columns."""

    text: str  # as typed
    tree: ast.expr = field(compare=False, repr=False)
    quoted_names: tuple[str, ...] = field(default=(), compare=False)  # those in backticks
    stand_in: str = field(default="", compare=False)  # how their places in the tree begin

    def bind(self, column: Callable[[str], int]) -> Callable[[SheetRow], bool]:
        """The condition over the rows of one sheet.

        Args:
            column: the 0-based column of a header; raises ``LookupError`` for what is none.

        Raises:
            LookupError: it names a column that the sheet does not have.
        """
        places = {name: column(header) for name, header in self.names()}

        def read(name: str) -> Callable[[SheetRow], CellValue]:
            place = places[name]
            return lambda row: row.value(place)

        return compiled(self.tree, read)

    def names(self) -> Iterator[tuple[str, str]]:
        """Each name in it, and the header that is meant by it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                yield node.id, self._header(node.id)

    def _header(self, name: str) -> str:
        number = name.removeprefix(self.stand_in) if self.stand_in else name
        return name if number == name else self.quoted_names[int(number)]


def parse_where(text: str) -> Where:
    """Read a condition.

    Raises:
        ValueError: it cannot be read or holds what is not allowed; a phrase after "must be".
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(phrase("a condition of at most {most} characters", most=MOST_CHARACTERS))
    stand_in = "column_"
    while stand_in in text:
        stand_in += "_"
    source, names = _as_python(text, stand_in)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in texts: they are no business of ours
            tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(
            phrase(
                "a condition such as {example}; {advice}", example=_EXAMPLE, advice=_advice(text)
            )
        ) from None
    if _is_too_deep(tree):
        raise ValueError(
            phrase("a condition of at most {most} levels of brackets", most=MOST_NESTED)
        )
    where = Where(text=text, tree=tree, quoted_names=names, stand_in=stand_in)
    where.bind(lambda _header: 0)  # nothing in it is forbidden
    return where


def _is_too_deep(tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(MOST_NESTED):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)


def _as_python(text: str, stand_in: str) -> tuple[str, tuple[str, ...]]:
    """What pandas writes otherwise than Python: names in backticks, ``&`` and ``|``."""
    names: list[str] = []

    def change(found: re.Match[str]) -> str:
        if found["name"] is not None:
            names.append(found["name"].strip())
            return f" {stand_in}{len(names) - 1} "
        return _SIGNS[found["sign"][0]] if found["sign"] else found[0]

    return _TOKENS.sub(change, text.replace("\n", " ")), tuple(names)


def _advice(text: str) -> str:
    """What is probably the matter with a condition that cannot be read."""
    plain = _TOKENS.sub("", text)
    if "@" in plain:
        return phrase("variables (@) are not known here")
    if re.search(r"(?<![=!<>])=(?!=)", plain):
        return phrase("to compare write == instead of =")
    if "<>" in plain:
        return phrase("for unequal write !=")
    return phrase(
        "texts stand in quotes, names with blanks in backticks; not so in {given}",
        given=quoted(text),
    )
