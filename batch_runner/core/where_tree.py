"""What a condition over a row may be made of, node by node; see ``where.py``."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, time
from types import MappingProxyType

from batch_runner.core.language import phrase, series, template
from batch_runner.core.model import CellValue, SheetRow
from batch_runner.core.text import cell_text
from batch_runner.core.values import is_blank, read_boolean

Test = Callable[[SheetRow], bool]
"""Whether a condition holds in a row."""

Read = Callable[[str], Callable[[SheetRow], CellValue]]
"""What a name stands for: a cell of the row."""

_Value = Callable[[SheetRow], CellValue]

TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {"contains": lambda a, b: b in a, "startswith": str.startswith, "endswith": str.endswith}
)
"""``name.str.contains('x')``: the text itself, not a pattern."""

TEXT_CHANGES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"lower": str.lower, "upper": str.upper, "strip": str.strip}
)
"""``name.str.lower()``."""

BLANK_TESTS: Mapping[str, bool] = MappingProxyType(
    {"isna": True, "isnull": True, "notna": False, "notnull": False}
)
"""``name.isna()``."""

_METHODS = (*(f"str.{name}" for name in (*TEXT_TESTS, *TEXT_CHANGES)), *BLANK_TESTS)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]*)?|\.[0-9]+)")

_ORDERS: Mapping[type[ast.cmpop], Callable[[object, object], bool]] = MappingProxyType(
    {
        ast.Lt: lambda a, b: a < b,  # type: ignore[operator]
        ast.LtE: lambda a, b: a <= b,  # type: ignore[operator]
        ast.Gt: lambda a, b: a > b,  # type: ignore[operator]
        ast.GtE: lambda a, b: a >= b,  # type: ignore[operator]
    }
)


def compiled(node: ast.expr, read: Read) -> Test:
    """The condition as a function of the row.

    Raises:
        ValueError: something in it is not allowed; a phrase that fits after "must be".
    """
    if isinstance(node, ast.BoolOp):
        parts = [compiled(part, read) for part in node.values]
        every = isinstance(node.op, ast.And)
        return lambda row: (all if every else any)(part(row) for part in parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        inner = compiled(node.operand, read)
        return lambda row: not inner(row)
    if isinstance(node, ast.Compare):
        return _chain(node, read)
    if isinstance(node, ast.Call):
        test = _test_of(node, read)
        if test is not None:
            return test
    if isinstance(node, ast.Name):
        cell = read(node.id)
        return lambda row: read_boolean(cell(row)) is True
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        always = node.value
        return lambda _row: always
    raise _refused(node, template("a condition; {given} in it is not a comparison"))


def _chain(node: ast.Compare, read: Read) -> Test:
    """``a < b``, ``5 <= a < 8``, ``a in ['x', 'y']``."""
    links = []
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        links.append(_link(left, operator, right, read))
        left = right
    return lambda row: all(link(row) for link in links)


def _link(left: ast.expr, operator: ast.cmpop, right: ast.expr, read: Read) -> Test:
    value = _value(left, read)
    if isinstance(operator, ast.In | ast.NotIn):
        items = [_value(item, read) for item in _listed(right)]
        wanted = isinstance(operator, ast.In)
        return lambda row: any(_same(value(row), item(row)) for item in items) is wanted
    other = _value(right, read)
    if isinstance(operator, ast.Eq):
        return lambda row: _same(value(row), other(row))
    if isinstance(operator, ast.NotEq):
        return lambda row: not _same(value(row), other(row))
    order = _ORDERS.get(type(operator))
    if order is None:
        raise ValueError(
            phrase("a condition without 'is': write == or !=, and name.isna() for a blank")
        )
    return lambda row: _in_order(order, value(row), other(row))


def _listed(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return node.elts
    raise ValueError(
        phrase(
            "a condition whose 'in' is followed by a list such as ['a', 'b'], not by {given}; for a "
            "part of a text: name.str.contains('a')",
            given=ast.unparse(node),
        )
    )


def _value(node: ast.expr, read: Read) -> _Value:
    """A side of a comparison."""
    if isinstance(node, ast.Name):
        return read(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        constant = node.value
        return lambda _row: constant
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = node.operand
        if isinstance(number, ast.Constant) and type(number.value) in {int, float}:
            signed = -number.value if isinstance(node.op, ast.USub) else number.value  # type: ignore[operator]
            return lambda _row: signed  # type: ignore[return-value]
    if isinstance(node, ast.Call):
        changed = _changed(node, read)
        if changed is not None:
            return changed
    raise _refused(
        node, template("a condition; {given} in it is not a column, a text or a number")
    )


def _method(node: ast.Call) -> tuple[str, ast.expr] | None:
    """The name of a method that is called, and on what; ``None``: it is none of a column."""
    called = node.func
    if not isinstance(called, ast.Attribute) or node.keywords:
        return None
    owner = called.value
    if isinstance(owner, ast.Attribute) and owner.attr == "str":
        return f"str.{called.attr}", owner.value
    return called.attr, owner


def _test_of(node: ast.Call, read: Read) -> Test | None:
    name, owner = _method(node) or ("", node)
    if name in BLANK_TESTS and not node.args:
        value, blank = _value(owner, read), BLANK_TESTS[name]
        return lambda row: is_blank(value(row)) is blank
    test = TEXT_TESTS.get(name.removeprefix("str.")) if name.startswith("str.") else None
    if test is None or len(node.args) != 1:
        return None
    argument = node.args[0]
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        return None
    value, part = _value(owner, read), _composed(argument.value)
    return lambda row: test(_text(value(row)), part)


def _changed(node: ast.Call, read: Read) -> _Value | None:
    name, owner = _method(node) or ("", node)
    change = TEXT_CHANGES.get(name.removeprefix("str.")) if name.startswith("str.") else None
    if change is None or node.args:
        return None
    value = _value(owner, read)
    return lambda row: change(_text(value(row)))


def _refused(node: ast.expr, wanted: str) -> ValueError:
    if isinstance(node, ast.Call | ast.Attribute):
        return ValueError(
            phrase(
                "a condition that calls nothing but {methods} of a column (a text in the brackets "
                "where one belongs there), not {given}",
                methods=series(_METHODS),
                given=ast.unparse(node),
            )
        )
    if isinstance(node, ast.Constant) and node.value is None:
        return ValueError(phrase("a condition without None; for a blank cell: name.isna()"))
    return ValueError(phrase(wanted, given=ast.unparse(node)))


def _same(one: CellValue, other: CellValue) -> bool:
    """Whether two cells, or a cell and what was typed, say the same; blank is ``''``."""
    if isinstance(one, bool) or isinstance(other, bool):
        yes, no = read_boolean(one), read_boolean(other)
        return yes is not None and yes is no
    a, b = _number(one), _number(other)
    if a is not None and b is not None:
        return a == b
    return _text(one) == _text(other)


def _in_order(order: Callable[[object, object], bool], one: CellValue, other: CellValue) -> bool:
    """By number where both are numbers, by text where neither is; a blank is in no order."""
    if is_blank(one) or is_blank(other):
        return False
    a, b = _number(one), _number(other)
    if (a is None) is not (b is None):
        return False
    return order(_text(one), _text(other)) if a is None or b is None else order(a, b)


def _number(value: CellValue) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFKC", value).strip()
    if not _NUMBER.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _text(value: CellValue) -> str:
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()  # a workbook has no other way to store a day
    return _composed(cell_text(value)).strip()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
