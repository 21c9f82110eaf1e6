"""What a run would do, counted and priced, before it does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from batch_runner.app.sheet.choose import Choice, fails_again, would_differ
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.jobs import Earlier, RowSpec, edited_since
from batch_runner.core.language import phrase, plural, series, template
from batch_runner.core.lifecycle import OPEN, State
from batch_runner.core.model import MICROS
from batch_runner.core.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run, as far as it can be foreseen; money in micro-dollars."""

    rows: int
    new: int  # never sent
    again: int  # a new attempt of failed (or changed) ones
    invalid: int
    hidden: int
    left_out: int  # by the filter
    under_way: int  # accepted before, to be polled and fetched
    finished: int
    failed: int  # and not tried again
    refused: int  # of those: for their content or input, which is the same today
    unknown: int
    differing: int  # finished, but would be asked for in another way today
    low: int
    high: int
    unpriced: tuple[str, ...]  # models to be sent whose price nobody knows
    usual: tuple[float, float] | None  # seconds a video takes, at least and at most

    @property
    def submits(self) -> int:
        """Videos that are going to be paid for."""
        return self.new + self.again


def make_plan(
    intakes: Sequence[Intake], choices: Sequence[Choice], profiles: Mapping[str, Profile]
) -> Plan:
    """Add up what the filter leaves."""
    counts: Counter[str] = Counter()
    price = _Price()
    for intake, choice in zip(intakes, choices, strict=True):
        again = frozenset(choice.again)
        for candidate in intake.rows.candidates():
            spec, job = choice.mark(candidate), candidate.job
            kind = _kind(spec, job, again)
            counts["rows"] += 1
            counts[kind] += 1
            counts["refused"] += kind == "failed" and job is not None and fails_again(job)
            counts["differing"] += (
                kind == "finished" and job is not None and would_differ(job, spec)
            )
            if kind in {"new", "again"}:
                price.add(spec)
    return Plan(
        rows=counts["rows"],
        new=counts["new"],
        again=counts["again"],
        invalid=counts["invalid"],
        hidden=sum(intake.hidden for intake in intakes),
        left_out=counts["left_out"],
        under_way=counts["under_way"],
        finished=counts["finished"],
        failed=counts["failed"],
        refused=counts["refused"],
        unknown=counts["unknown"],
        differing=counts["differing"],
        low=price.low,
        high=price.high,
        unpriced=tuple(sorted(price.unpriced)),
        usual=usual_seconds(price.models, profiles),
    )


class _Price:
    """What the rows to be sent cost together."""

    def __init__(self) -> None:
        self.low = self.high = 0
        self.unpriced: set[str] = set()
        self.models: set[str] = set()

    def add(self, spec: RowSpec) -> None:
        self.models.add(spec.model)
        if spec.estimate.high is None:
            self.unpriced.add(spec.model)
        self.low += spec.estimate.low or 0
        self.high += spec.estimate.high or 0


def usual_seconds(
    models: Iterable[str], profiles: Mapping[str, Profile]
) -> tuple[float, float] | None:
    """How long videos of these models take, as their profiles tell; ``None``: they do not."""
    known = [
        profile.usual_seconds
        for model in models
        if (profile := profiles.get(model)) is not None and profile.usual_seconds is not None
    ]
    if not known:
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _kind(spec: RowSpec, job: Earlier | None, again: frozenset[int]) -> str:
    if job is not None and (job.id in again or _mended(spec, job)):
        return "again"
    if job is not None and job.state in OPEN:
        return "under_way"
    if job is not None and job.state is State.SUCCEEDED:
        return "finished"
    if job is not None and job.state in {State.FAILED, State.UNKNOWN}:
        return str(job.state)
    return _unsent_kind(spec, is_new=job is None)


def _mended(spec: RowSpec, job: Earlier) -> bool:
    edited = edited_since(job.state, job.row_hash, spec.identity)
    return edited and spec.wanted and spec.body is not None


def _unsent_kind(spec: RowSpec, *, is_new: bool) -> str:
    if is_new and spec.adopt is not None:
        return "under_way"  # it shows that it was sent: its task is looked at
    if spec.invalid:
        return "invalid"
    return "new" if spec.wanted else "left_out"


def usd(micros: int) -> str:
    """``$12.34``; small amounts with all they have."""
    amount = micros / MICROS
    return f"${amount:,.2f}" if micros % 10_000 == 0 or amount >= 1 else f"${amount:,.4g}"


def usd_span(low: int, high: int) -> str:
    """``$10.00 to $12.00``, or one amount where both are the same."""
    return usd(high) if low == high else phrase("{low} to {high}", low=usd(low), high=usd(high))


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
