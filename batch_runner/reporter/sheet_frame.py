"""What stands before a worksheet's rows: its extent, and its columns' widths and styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from batch_runner.core.cellrefs import Area, area
from batch_runner.core.model import WritePlan
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.sheet_wanted import Cells, extent_of
from batch_runner.reporter.xml_bytes import (
    Edit,
    Element,
    children,
    edited,
    insertion,
    opened,
    start_tag,
    with_attribute,
)

_WIDEST, _NARROWEST = 48, 10  # characters
_PADDING = 0.7109375  # characters; what Excel adds
_LOOKED_AT = 1000  # rows, for a width
_TRUE = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One ``<col>``: what it says of some neighbouring columns, 0-based, both ends included."""

    first: int
    last: int
    element: Element
    style: int
    hidden: bool


def spans(around: Survey) -> tuple[Span, ...]:
    """What the worksheet says of its columns."""
    cols = around.before(b"cols")
    if cols is None:
        return ()
    return tuple(
        Span(
            first=int(col.get("min") or 1) - 1,
            last=int(col.get("max") or 1) - 1,
            element=col,
            style=int(col.get("style") or 0),
            hidden=col.get("hidden") in _TRUE,
        )
        for col in children(around.head, cols)
        if col.name == b"col"
    )


def column_styles(found: Sequence[Span], columns: frozenset[int]) -> dict[int, int]:
    """Column -> the style it gives to new cells."""
    return {
        column: span.style
        for span in found
        for column in columns
        if span.first <= column <= span.last
    }


def hidden_columns(found: Sequence[Span], plan: WritePlan) -> tuple[int, ...]:
    """Those of the columns to add that would not be seen."""
    if plan.remove:
        return ()
    return tuple(
        column
        for column in sorted(plan.headers)
        if any(span.hidden and span.first <= column <= span.last for span in found)
    )


def framed(around: Survey, plan: WritePlan, wanted: Cells) -> bytes:
    """The head of the worksheet, made ready for our cells."""
    head = around.head
    edits: list[Edit] = []
    extent = extent_of(wanted)
    dimension = around.before(b"dimension")
    stated = area(dimension.get("ref") or "") if dimension else None
    if dimension is not None and stated is not None and extent is not None:
        tag = start_tag(head, dimension)
        wide = with_attribute(tag, "ref", str(_union(stated, extent)))
        edits.append((dimension.start, dimension.inner, wide))
    edits += _columns(around, plan)
    framed_head = edited(head, edits)
    return opened(framed_head) if around.rowless else framed_head


def _union(one: Area, other: Area) -> Area:
    return Area(
        top=min(one.top, other.top),
        left=min(one.left, other.left),
        bottom=max(one.bottom, other.bottom),
        right=max(one.right, other.right),
    )


def _columns(around: Survey, plan: WritePlan) -> list[Edit]:
    """Widths for new columns that have none; hidden columns at our places are shown.

    What is already said of a column is never said twice: Excel refuses that.
    """
    found = spans(around)
    hidden = frozenset(hidden_columns(found, plan))
    covered = {c for span in found for c in plan.headers if span.first <= c <= span.last}
    bare = sorted(set(plan.headers) - covered) if plan.style and not plan.remove else []
    cols = around.before(b"cols")
    p = around.prefix
    if cols is None:
        text = "".join(_col(p, column, column, _width(plan, column)) for column in bare)
        # The columns stand right before the rows.
        at = around.head.rfind(f"<{p}sheetData".encode())
        return [(at, at, f"<{p}cols>{text}</{p}cols>".encode())] if text else []
    edits: list[Edit] = []
    for span in found:
        inside = sorted(c for c in hidden if span.first <= c <= span.last)
        if span.hidden and inside:
            parts = _shown(around, plan, span, inside)
            edits.append((span.element.start, span.element.end, parts))
    for column in bare:
        after = next((s.element.start for s in found if s.first > column), None)
        new = _col(p, column, column, _width(plan, column)).encode()
        edits.append(insertion(around.head, cols, new) if after is None else (after, after, new))
    return edits


def _shown(around: Survey, plan: WritePlan, span: Span, inside: Sequence[int]) -> bytes:
    """A hidden span, cut into what stays hidden and our columns."""
    tag = around.head[span.element.start : span.element.end]
    parts: list[bytes] = []
    start = span.first
    for column in (*inside, span.last + 1):
        if start < column:
            left = with_attribute(tag, "min", str(start + 1))
            parts.append(with_attribute(left, "max", str(column)))
        if column <= span.last:
            style = f' style="{span.style}"' if span.style else ""
            parts.append(_col(around.prefix, column, column, _width(plan, column), style).encode())
        start = column + 1
    return b"".join(parts)


def _col(p: str, first: int, last: int, width: float, more: str = "") -> str:
    return f'<{p}col min="{first + 1}" max="{last + 1}" width="{width}"{more} customWidth="1"/>'


def _width(plan: WritePlan, column: int) -> float:
    """A width in characters: the one that was asked for, or one that shows the content."""
    if column in plan.widths:
        return plan.widths[column] + _PADDING
    texts = [plan.headers[column]]
    rows = islice(plan.cells.values(), _LOOKED_AT)
    texts += [str(row[column].value) for row in rows if column in row]
    longest = max(len(text) for text in texts)
    return min(max(longest + 2, _NARROWEST), _WIDEST) + _PADDING
