"""What a run would do, counted and priced, before it does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from batch_runner.app.sheet.choose import Choice, fails_again, would_differ
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.forecast import NO_HISTORY, History
from batch_runner.core.jobs import Candidate, Earlier, RowSpec, edited_since
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import OPEN, State
from batch_runner.core.model import MICROS
from batch_runner.core.plan_id import Digest, PlanDigest, PlanId
from batch_runner.core.profile import Profile
from batch_runner.core.uploads import pictures_in
from batch_runner.core.variants import named


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """What is to be sent of one model; money in micro-dollars."""

    model: str
    videos: int
    low: int
    high: int
    unpriced: int  # videos whose price nobody knows
    priced_on: date | None  # when the price was last compared; None: there is none
    seconds: tuple[float, float] | None  # that one takes, at least and at most
    timed: int  # videos of this sheet by which that is known; 0: the profile says so
    likely: tuple[int, int] | None  # what they cost, if they do as those before; None: too few
    paid: int  # videos of this sheet by which that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run, as far as it can be foreseen; money in micro-dollars."""

    id: PlanId
    asked: str  # a digest of all that the sheet asks for, be it made already or not
    rows: int
    new: int  # never sent
    again: int  # a new attempt of failed (or changed) ones
    invalid: int
    hidden: int
    left_out: int  # by the filter
    left_by: Mapping[str, int] = field(default_factory=dict)  # by what of it
    under_way: int  # accepted before, to be polled and fetched
    finished: int
    failed: int  # and not tried again
    refused: int  # of those: for their content or input, which is the same today
    unknown: int
    differing: int  # finished, but would be asked for in another way today
    models: tuple[ModelPart, ...]  # of what is sent, by name
    pictures: int  # to be uploaded for these, at most: some may be there from earlier

    @property
    def submits(self) -> int:
        """Videos that are going to be paid for."""
        return self.new + self.again

    @property
    def low(self) -> int:
        """What they cost at least."""
        return sum(part.low for part in self.models)

    @property
    def high(self) -> int:
        """What they cost at most."""
        return sum(part.high for part in self.models)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models to be sent whose price nobody knows."""
        return tuple(part.model for part in self.models if part.unpriced)

    @property
    def usual(self) -> tuple[float, float] | None:
        """Seconds a video takes, at least and at most."""
        known = [part.seconds for part in self.models if part.seconds is not None]
        return (min(a for a, _ in known), max(b for _, b in known)) if known else None

    @property
    def likely(self) -> tuple[int, int] | None:
        """What they cost if they do as those before; ``None``: nothing is known of any."""
        if not any(part.likely for part in self.models):
            return None
        spans = [part.likely or (part.low, part.high) for part in self.models]
        return sum(a for a, _ in spans), sum(b for _, b in spans)


def make_plan(
    intakes: Sequence[Intake],
    choices: Sequence[Choice],
    profiles: Mapping[str, Profile],
    *,
    origin: str,
    history: History = NO_HISTORY,
) -> Plan:
    """Add up what the filter leaves; ``origin``: of the service that is asked."""
    sums = _Sums()
    for intake, choice in zip(intakes, choices, strict=True):
        again = frozenset((*choice.again, *(anew.job for anew in choice.anew)))
        for candidate in intake.rows.candidates():
            sums.add(candidate, choice, again)
    counts = sums.counts
    return Plan(
        id=sums.plan.id(origin),
        asked=sums.asked.text(origin, repr(choices[0].wish) if choices else ""),
        rows=counts["rows"],
        new=counts["new"],
        again=counts["again"],
        invalid=counts["invalid"],
        hidden=sum(intake.hidden for intake in intakes),
        left_out=counts["left_out"],
        left_by=dict(sums.left_by),
        under_way=counts["under_way"],
        finished=counts["finished"],
        failed=counts["failed"],
        refused=counts["refused"],
        unknown=counts["unknown"],
        differing=counts["differing"],
        models=tuple(sums.parts(profiles, history)),
        pictures=len(sums.pictures),
    )


class _Sums:
    """The rows added up while they go by."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.left_by: Counter[str] = Counter()
        self.plan = PlanDigest()
        self.asked = Digest()
        self.pictures: set[str] = set()  # keys of those to be uploaded
        self._models: dict[str, _Price] = {}

    def add(self, candidate: Candidate, choice: Choice, again: frozenset[int]) -> None:
        spec, job = choice.mark(candidate), candidate.job
        kind = _kind(spec, job, again)
        self.counts["rows"] += spec.identity.variant == 1
        self.counts[kind] += 1
        self.counts["refused"] += kind == "failed" and job is not None and fails_again(job)
        self.counts["differing"] += (
            kind == "finished" and job is not None and would_differ(job, spec)
        )
        if kind == "left_out":
            self.left_by[choice.why_not(candidate)] += 1
        one, body = spec.identity, spec.body
        if body is None or spec.left_out:
            return
        who, body = named(one.key or one.row_hash, one.variant), body + spec.fields.encode()
        self.asked.add(who.encode("utf-8", "surrogatepass"), body)
        if kind in {"new", "again"}:
            self.plan.add(who, body)
            self.pictures.update(pictures_in(body))
            self._models.setdefault(spec.model, _Price()).add(spec)

    def parts(self, profiles: Mapping[str, Profile], history: History) -> Iterable[ModelPart]:
        for model, price in sorted(self._models.items()):
            profile = profiles.get(model)
            learned = history.usual_seconds(model)
            yield ModelPart(
                model=model,
                videos=price.videos,
                low=price.low,
                high=price.high,
                unpriced=price.unpriced,
                priced_on=profile.price.checked if profile and profile.price else None,
                seconds=learned or (profile.usual_seconds if profile else None),
                timed=len(history.seconds.get(model, ())) if learned else 0,
                likely=None if price.unpriced else history.costs(model, price.high),
                paid=history.paid(model),
            )


class _Price:
    """What the rows of one model cost together."""

    def __init__(self) -> None:
        self.videos = self.low = self.high = self.unpriced = 0

    def add(self, spec: RowSpec) -> None:
        self.videos += 1
        self.unpriced += spec.estimate.high is None
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
