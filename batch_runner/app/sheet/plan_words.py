"""What a run would do, in lines for people."""

from __future__ import annotations

from batch_runner.app.sheet.plan import Plan, usd_span
from batch_runner.core.language import phrase, plural, series, template

_WORDS = (
    ("new", template("{count} new")),
    ("again", template("{count} once more")),
    ("under_way", template("{count} sent before, to be fetched")),
    ("finished", template("{count} done")),
    ("failed", template("{count} failed before")),
    ("unknown", template("{count} unknown")),
    ("invalid", template("{count} invalid")),
    ("left_out", template("{count} left out")),
)


def describe(plan: Plan) -> list[str]:
    """The plan in lines for people."""
    parts = [phrase(said, count=n) for name, said in _WORDS if (n := getattr(plan, name))]
    what = series(parts) if parts else phrase("nothing to do")
    lines = [plural("{count} row: {what}.", "{count} rows: {what}.", plan.rows, what=what)]
    if plan.hidden:
        lines.append(
            plural(
                "{count} row is hidden or filtered out; hidden rows run, too.",
                "{count} rows are hidden or filtered out; hidden rows run, too.",
                plan.hidden,
            )
        )
    if plan.submits:
        cost = usd_span(plan.low, plan.high)
        if plan.unpriced:
            models = series(plan.unpriced)
            cost = phrase("{cost} (without {models}: no price known)", cost=cost, models=models)
        lines.append(
            plural(
                "{count} video to be made; estimated cost {cost}.",
                "{count} videos to be made; estimated cost {cost}.",
                plan.submits,
                cost=cost,
            )
        )
    if plan.pictures:
        lines.append(
            plural(
                "{count} picture to be uploaded for them; that is free.",
                "{count} pictures to be uploaded for them; that is free.",
                plan.pictures,
            )
        )
    if plan.refused:
        lines.append(
            plural(
                "{count} failed row is left out: refused for content or input, and unchanged ('batch-runner retry --same' sends such rows all the same).",
                "{count} failed rows are left out: refused for content or input, and unchanged ('batch-runner retry --same' sends such rows all the same).",
                plan.refused,
            )
        )
    if plan.differing:
        lines.append(
            plural(
                "{count} finished row would be asked for in another way today, and left alone ('batch-runner retry --changed' buys such rows again).",
                "{count} finished rows would be asked for in another way today, and left alone ('batch-runner retry --changed' buys such rows again).",
                plan.differing,
            )
        )
    return lines
