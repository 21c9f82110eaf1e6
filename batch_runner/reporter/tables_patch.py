"""Excel tables and filters that end where our columns begin: they take our columns in.

When our columns are removed again, they give them back.

So sorting and filtering in Excel move the results with their rows. Whatever is unusual about a
table (no header row, fed by a query, something in the way) leaves it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from batch_runner.core.cellrefs import Area, area
from batch_runner.core.model import WritePlan, column_letter
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.xml_bytes import (
    Edit,
    Element,
    child,
    children,
    edited,
    elements,
    escaped_attribute,
    insertion,
    prefix_of,
    start_tag,
    with_attribute,
)

_FILTER_NAME = "_xlnm._FilterDatabase"
_LONGEST_NAME = 255
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The columns that are appended right of a table or filter, or taken from its end."""

    header_row: int
    first: int  # 0-based
    names: tuple[str, ...]  # their headers, from left to right
    remove: bool = False

    @classmethod
    def of(cls, plan: WritePlan) -> Growth | None:
        """The growth that a plan asks for; ``None``: none, or its columns have gaps."""
        places = sorted(plan.headers)
        if not plan.grow_tables or not places or places[-1] - places[0] != len(places) - 1:
            return None
        names = tuple(plan.headers[place] for place in places)
        return cls(header_row=plan.header_row, first=places[0], names=names, remove=plan.remove)

    def grown(self, ref: Area) -> Area | None:
        """An area with our columns, or without; ``None`` if it does not end as it would have to."""
        without, within = self.first - 1, self.first + len(self.names) - 1
        before, after = (within, without) if self.remove else (without, within)
        if ref.right != before or ref.top != self.header_row or ref.left > without:
            return None
        return replace(ref, right=after)


def grown_table(part: bytes, growth: Growth, others: Sequence[Area]) -> bytes | None:
    """A table part with our columns in it; ``None`` if it is to stay as it is.

    Args:
        part: the table part.
        growth: our columns.
        others: the areas of the worksheet's other tables.
    """
    table = next((one for one in elements(part) if one.name == b"table"), None)
    if table is None or table.get("headerRowCount") == "0" or table.get("tableType"):
        return None
    before = area(table.get("ref") or "")
    after = growth.grown(before) if before else None
    columns = child(part, table, b"tableColumns")
    if after is None or columns is None or any(after.meets(other) for other in others):
        return None
    known = list(children(part, columns))
    if not known:
        return None
    names = [(one.get("name") or "").casefold() for one in known]
    if not growth.remove and any(
        name.casefold() in names or len(name) > _LONGEST_NAME for name in growth.names
    ):
        return None
    edits = [_with_ref(part, table, after)]
    found = child(part, table, b"autoFilter")
    filtered = area(found.get("ref") or "") if found else None
    if found is not None and filtered is not None:
        edits.append(_with_ref(part, found, replace(filtered, right=after.right)))
    edits += _new_columns(part, columns, known, growth)
    return edited(part, edits)


def _new_columns(
    part: bytes, columns: Element, known: Sequence[Element], growth: Growth
) -> list[Edit]:
    if growth.remove:
        rest = len(known) - len(growth.names)
        tag = with_attribute(start_tag(part, columns), "count", str(rest))
        gone = (known[rest].start, columns.inner_end, b"")
        return [(columns.start, columns.inner, tag), gone]
    first = max((int(one.get("id") or 0) for one in known), default=0) + 1
    p = prefix_of(part, columns)
    text = "".join(
        f'<{p}tableColumn id="{number}" name="{_name(name)}"/>'
        for number, name in enumerate(growth.names, start=first)
    )
    tag = with_attribute(start_tag(part, columns), "count", str(len(known) + len(growth.names)))
    return [
        (columns.start, columns.inner, tag),
        insertion(part, columns, text.encode()),
    ]


def _name(header: str) -> str:
    """A column's name: the text of its header cell, with line breaks as Excel writes them."""
    literal = _ESCAPE_LIKE.sub("_x005F_", header)
    return escaped_attribute(literal.replace("\n", "_x000a_"))


def table_area(part: bytes) -> Area | None:
    """Where a table stands."""
    table = next((one for one in elements(part) if one.name == b"table"), None)
    return area(table.get("ref") or "") if table else None


def filter_edits(around: Survey, growth: Growth) -> tuple[list[Edit], Area | None, Area | None]:
    """The edits that let a worksheet's own filter take our columns in; where it was and will be."""
    found = around.after(b"autoFilter")
    before = area(found.get("ref") or "") if found else None
    after = growth.grown(before) if before else None
    if found is None or after is None:
        return [], None, None
    return [_with_ref(around.tail, found, after)], before, after


def grown_filter_name(workbook: bytes, sheet: int, before: Area, after: Area) -> bytes | None:
    """The workbook part in which the hidden name of a filter covers what the filter covers.

    Args:
        workbook: the workbook part.
        sheet: the worksheet's index.
        before: what the filter covered.
        after: what it covers now.
    """
    root = next(iter(elements(workbook)), None)
    names = child(workbook, root, b"definedNames") if root else None
    if names is None:
        return None
    old, new = _absolute(before), _absolute(after)
    for one in children(workbook, names):
        text = workbook[one.inner : one.inner_end]
        ours = one.get("name") == _FILTER_NAME and one.get("localSheetId") == str(sheet)
        if ours and text.rstrip().endswith(b"!" + old):
            at = one.inner + text.rindex(old)
            return edited(workbook, [(at, at + len(old), new)])
    return None


def _absolute(place: Area) -> bytes:
    first = f"${column_letter(place.left)}${place.top}"
    return f"{first}:${column_letter(place.right)}${place.bottom}".encode()


def _with_ref(data: bytes, element: Element, place: Area) -> Edit:
    tag = with_attribute(start_tag(data, element), "ref", str(place))
    return element.start, element.inner, tag
