"""The plan as people read it: what becomes of the rows, what each model costs, and its id."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width

from batch_runner.app.sheet.plan import ModelPart, Plan, usd_span
from batch_runner.app.sheet.plan_words import describe
from batch_runner.core.language import phrase, plural, series


def plan_lines(plan: Plan) -> list[str]:
    """All of it."""
    lines = describe(plan)
    if plan.left_by:
        parts = [f"{name} {number}" for name, number in sorted(plan.left_by.items())]
        lines.append(phrase("Left out by: {parts}.", parts=series(parts)))
    if plan.submits:
        lines += _table([_head(), *map(_cells, plan.models)])
    if plan.likely is not None:
        paid = sum(part.paid for part in plan.models if part.likely)
        lines.append(
            plural(
                "Likely cost {cost}, as {count} video of this sheet cost.",
                "Likely cost {cost}, as {count} videos of this sheet cost.",
                paid,
                cost=usd_span(*plan.likely),
            )
        )
    lines.append(phrase("Plan {id}", id=plan.id))
    return lines


def _head() -> tuple[str, ...]:
    return (
        phrase("model"),
        phrase("videos"),
        phrase("estimated"),
        phrase("price of"),
        phrase("seconds each"),
    )


def _cells(part: ModelPart) -> tuple[str, ...]:
    cost = usd_span(part.low, part.high)
    seconds = part.seconds
    return (
        part.model,
        str(part.videos),
        _unpriced(part, cost) if part.unpriced else cost,
        "-" if part.priced_on is None else part.priced_on.isoformat(),
        "-" if seconds is None else f"{seconds[0]:.0f}-{seconds[1]:.0f}",
    )


def _unpriced(part: ModelPart, cost: str) -> str:
    if part.unpriced == part.videos:
        return phrase("no price known")
    return phrase("{cost} and more", cost=cost)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Columns of a terminal; Chinese and Japanese characters take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
