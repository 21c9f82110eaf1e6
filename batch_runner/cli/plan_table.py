"""The plan as people read it: what becomes of the rows, what each model costs, and its id."""

from __future__ import annotations

from collections.abc import Sequence

from batch_runner.app.sheet.plan import ModelPart, Plan, usd_span
from batch_runner.app.sheet.plan_words import describe
from batch_runner.core.wording import counted

_HEAD = ("model", "videos", "estimated", "price of", "seconds each")


def plan_lines(plan: Plan) -> list[str]:
    """All of it."""
    lines = describe(plan)
    if plan.left_by:
        parts = [f"{number} by {name}" for name, number in sorted(plan.left_by.items())]
        lines.append(f"Left out: {', '.join(parts)}.")
    if plan.submits:
        lines += _table([_HEAD, *map(_cells, plan.models)])
    if plan.likely is not None:
        paid = sum(part.paid for part in plan.models if part.likely)
        lines.append(
            f"Likely cost {usd_span(*plan.likely)}, as {counted(paid, 'video')} of this sheet cost."
        )
    lines.append(f"Plan {plan.id}")
    return lines


def _cells(part: ModelPart) -> tuple[str, ...]:
    cost = usd_span(part.low, part.high)
    seconds = part.seconds
    return (
        part.model,
        str(part.videos),
        cost if not part.unpriced else "no price known" if part.high == 0 else f"{cost} and more",
        "-" if part.priced_on is None else part.priced_on.isoformat(),
        "-" if seconds is None else f"{seconds[0]:.0f}-{seconds[1]:.0f}",
    )


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
