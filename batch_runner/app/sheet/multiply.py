"""A row becomes several: each variant with its own values, its own seed, its own identity."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from batch_runner.core.controls import Passage
from batch_runner.core.decisions import DECISION, read_decision
from batch_runner.core.identity import MARK_LENGTH, RowIdentity
from batch_runner.core.language import phrase
from batch_runner.core.model import Problem, SheetRow, Verdict
from batch_runner.core.profile import Profile
from batch_runner.core.supplement import Supplement, Supplied
from batch_runner.core.takes import SEED
from batch_runner.core.text import quoted
from batch_runner.core.variants import Variants, column_name, seed_of_variant, variant_hash
from batch_runner.ledger.further import ListedVariants
from batch_runner.ledger.spooled import OWN

_BY = "the setting 'variants'"


def supplements(
    variants: Variants, passage: Passage, supplement: Supplement
) -> Iterator[Supplement]:
    """What counts for each variant of a row beside its cells."""
    if not variants.grid:
        number = variants.number if passage.variants is None else passage.variants
        yield from (supplement for _ in range(number))
        return
    for place, values in enumerate(variants.combinations()):
        if passage.variants is not None and place >= passage.variants:
            return
        over = {name: Supplied(value=value, by=_BY) for name, value in values.items()}
        yield supplement.also(Supplement(over=over))


def how_many(variants: Variants, passage: Passage) -> int:
    """How many variants a row has."""
    if passage.variants is None:
        return variants.count
    return min(passage.variants, variants.count) if variants.grid else passage.variants


def doubts(
    row: SheetRow, variants: Variants, count: int, profile: Profile | None
) -> Iterator[Problem]:
    """What is wrong with a grid for a row's model: values of what it does not have."""
    if profile is None or count == 1:
        return
    for name in variants.grid:
        if name != "model" and profile.parameter(name) is None:
            yield Problem(
                code="variants_not_offered",
                message=phrase(
                    "'variants' lists values of {name}, which {model} does not have.",
                    name=name,
                    model=quoted(profile.model),
                ),
                hint=phrase("Take it out there, or name another model."),
                row=row.number,
            )


def fields_of(
    verdict: Verdict,
    identity: RowIdentity,
    count: int,
    variants: Variants,
    profile: Profile | None,
) -> str:
    """What a variant adds to the request, as JSON: its seed, where the model has one."""
    seed = None if profile is None else profile.parameter(SEED)
    if count == 1 or verdict.request is None or seed is None or SEED in variants.grid:
        return ""
    own = verdict.request.get(seed.api_name)
    found = seed_of_variant(identity.row_hash, identity.variant, own, seed.low, seed.high)
    return "" if found is None else json.dumps({seed.api_name: found})


def as_variant(identity: RowIdentity, variant: int, shown: Mapping[str, str]) -> RowIdentity:
    """Who a variant of a row is, and what the sheet shows of it."""
    row_hash = variant_hash(identity.row_hash, variant)
    mark = row_hash[:MARK_LENGTH]
    own = next((n for n in _places(shown) if shown.get(column_name("job", n)) == mark), None)
    if own is None:
        return identity if variant == 1 else _unseen(identity, variant, row_hash)
    return replace(
        _unseen(identity, variant, row_hash),
        shown_task=shown.get(column_name("task_id", own)),
        shown_job=mark,
        shown_status=shown.get(column_name("status", own)),
    )


def as_listed(identity: RowIdentity, listed: ListedVariants) -> RowIdentity:
    """The same, with what the list beside the sheet shows of it, if the row itself shows nothing."""
    mark = identity.row_hash[:MARK_LENGTH]
    found = None if identity.shown_job == mark else listed.take(mark)
    if found is None:
        return identity
    task, status = found
    return replace(identity, shown_task=task or None, shown_job=mark, shown_status=status or None)


def _unseen(identity: RowIdentity, variant: int, row_hash: str) -> RowIdentity:
    former = identity.former_hash
    return replace(
        identity,
        variant=variant,
        row_hash=row_hash,
        former_hash=None if former is None else variant_hash(former, variant),
        shown_task=None,
        shown_job=None,
        shown_status=None,
    )


def _places(shown: Mapping[str, str]) -> Iterator[int]:
    """The numbers under which a row shows marks: the best variant may stand in the place of the first."""
    for name in shown:
        plain, _, number = name.rpartition("_")
        if name == "job":
            yield 1
        elif plain == "job" and number.isdecimal():
            yield int(number)


def shown_of(identity: RowIdentity, shown: Mapping[str, str]) -> Mapping[str, object]:
    """What is kept of what a row shows, for one of its variants; all of it for the first one."""
    if identity.variant == 1 and identity.shown_job == shown.get("job"):
        return shown
    told = {
        "task_id": identity.shown_task,
        "job": identity.shown_job,
        "status": identity.shown_status,
        DECISION: shown.get(DECISION),
    }
    own = {name: text for name, text in told.items() if text}
    return {**shown, OWN: own} if identity.variant == 1 else own


def passage_of(passage: Passage, variant: int) -> Passage:
    """What the controls say of one variant: a decision may be about another one."""
    if passage.left_out != DECISION:
        return passage
    decision = read_decision(passage.decision)
    other = decision is not None and decision.number not in {None, variant}
    return replace(passage, left_out="") if other else passage
