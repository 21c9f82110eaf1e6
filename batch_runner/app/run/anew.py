"""Another take of rows: what stands in its way, and how it is asked for, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from batch_runner.app.campaign import Campaign
from batch_runner.app.sheet.anew import Anew, asks_anew, is_of_order, is_wished, obeys
from batch_runner.app.sheet.choose import WAITING, Choice, Filter, means
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.again import retried
from batch_runner.core.decisions import Word
from batch_runner.core.errors import UsageError
from batch_runner.core.jobs import Candidate
from batch_runner.core.language import phrase, plural
from batch_runner.core.lifecycle import State
from batch_runner.core.profile import Profile
from batch_runner.core.takes import SEED, Asked, Take, not_now, take_of, unfit
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.runs import REDO_ORDER

MOST_TOLD = 5  # rows that a message names

Profiles = Mapping[str, Profile]


async def with_order(wish: Filter, ledger: Ledger | None) -> Filter:
    """A ``redo`` that was begun before and did not come to its end is gone on with.

    Whoever gives the same command again after a crash or Ctrl-C gets no second take of a row.
    """
    begun = None if ledger is None or wish.only != "redo" else await ledger.meta(REDO_ORDER)
    same = begun is not None and begun.partition(":")[2] == _words(wish)
    return replace(wish, order=begun) if same and begun else wish


def _words(wish: Filter) -> str:
    """What tells one ``redo`` from another."""
    return f"{wish.lines!r} {wish.redo!r}"


def check_redo(intakes: Sequence[Intake], wish: Filter, campaign: Campaign) -> None:
    """See that all rows that a ``redo`` names can be made anew.

    Raises:
        UsageError: some cannot, each with its reason; or nothing is called so.
    """
    if wish.only != "redo" or wish.lines is None:
        return
    lines, profiles = wish.lines, campaign.rules.catalogue.profiles
    found = [[c for c in intake.rows.candidates() if means(lines, c)] for intake in intakes]
    here = [c for candidates in found for c in candidates]
    where = str(campaign.source)
    if not here:
        raise UsageError(
            phrase("no row of the sheet is called so."),
            code="no_such_row",
            where=where,
            hint=phrase("Give line numbers as the sheet shows them, such as 5,8-12, or keys."),
        )
    if sum(map(bool, found)) > 1:
        raise UsageError(
            phrase("several worksheets have such rows."),
            code="rows_of_several_worksheets",
            where=where,
            hint=phrase("Say which is meant: --sheet NAME."),
        )
    reasons = [f"row {_row(c)}: {why}" for c in here if (why := _why_not(c, wish, profiles))]
    if reasons:
        raise UsageError(
            plural(
                "{count} row is not to be made anew now: {some}",
                "{count} rows are not to be made anew now: {some}",
                len(reasons),
                some=_some(reasons),
            ),
            code="not_to_redo",
            where=where,
            hint=phrase("Leave them out; nothing was sent."),
        )


def _why_not(candidate: Candidate, wish: Filter, profiles: Profiles) -> str:
    job, spec = candidate.job, candidate.spec
    if spec.body is None:
        return not_now(State.INVALID, "")
    if job is None:
        return not_now(State.QUEUED, "")
    if is_of_order(job, wish.order) or is_wished(job):
        return ""
    why = not_now(job.state, job.error_code)
    return why or unfit(wish.redo, profiles.get(spec.model), spec.model)


def advice(
    intakes: Sequence[Intake], choices: Sequence[Choice], profiles: Profiles
) -> Iterator[str]:
    """What is worth knowing about takes before they are paid."""
    anew = {one.job: one.redo for choice in choices for one in choice.anew}
    waits: list[str] = []
    unseeded: list[str] = []
    for candidate in _concerned(intakes, choices):
        job = candidate.job
        if job is not None and job.id in anew:
            profile = profiles.get(candidate.spec.model)
            if profile is not None and profile.parameter(SEED) is None:
                unseeded.append(str(_row(candidate)))
        elif why := _why_it_waits(candidate):
            waits.append(f"row {_row(candidate)}: {why}")
    if waits:
        yield phrase("Decisions that must wait: {some}", some=_some(waits))
    if unseeded:
        yield plural(
            "{count} row is of a model without a seed: the same is asked for once more.",
            "{count} rows are of a model without a seed: the same is asked for once more.",
            len(unseeded),
        )


def _concerned(intakes: Sequence[Intake], choices: Sequence[Choice]) -> Iterator[Candidate]:
    """Rows that were decided about; of a ``redo``, those that it names."""
    for intake, choice in zip(intakes, choices, strict=True):
        redo = choice.wish.only == "redo" and bool(choice.anew)
        yield from intake.rows.candidates() if redo else intake.rows.decided()


def _why_it_waits(candidate: Candidate) -> str:
    job, decision = candidate.job, candidate.decision
    if job is None or decision is None or decision.word is not Word.REDO:
        return ""
    if not candidate.is_meant:
        return ""
    if job.state in WAITING or obeys(job.take, decision):
        return ""
    return not_now(job.state, job.error_code)


async def ask_anew(
    campaign: Campaign,
    ledger: Ledger,
    intakes: Sequence[Intake],
    choices: Sequence[Choice],
    run: int,
    at: datetime,
) -> None:
    """Let the ledger know, durably, of all further attempts and takes that are wished for."""
    for choice in choices:
        for job in choice.again:
            failed = await ledger.job(job)
            await ledger.record(failed, retried(failed, at))
    order = await _order(ledger, choices, run)
    profiles = campaign.rules.catalogue.profiles
    for choice in choices:
        for anew in choice.anew:
            await ledger.redo(anew.job, partial(_take, anew, order, profiles), at)
    for intake in intakes:
        await _heed_cells(intake, ledger, at)


async def _order(ledger: Ledger, choices: Sequence[Choice], run: int) -> str:
    redo = next((c.wish for c in choices if c.wish.only == "redo" and c.anew), None)
    if redo is None or redo.order:
        return redo.order if redo is not None else ""
    order = f"{run}:{_words(replace(redo, order=''))}"
    await ledger.set_meta(REDO_ORDER, order)
    return order


def _take(anew: Anew, order: str, profiles: Profiles, asked: Asked) -> Take:
    take = take_of(asked, anew.redo, profiles.get(asked.model))
    return replace(take, order=order, cell=anew.cell)


async def _heed_cells(intake: Intake, ledger: Ledger, at: datetime) -> None:
    """Cells that were obeyed, or taken back, since the sheet was read last."""
    gone: list[int] = []
    for candidate in list(intake.rows.with_takes()):
        job, decision = candidate.job, candidate.decision
        if job is None or job.take is None or not job.take.cell:
            continue
        if decision is not None and (obeys(job.take, decision) or asks_anew(candidate)):
            continue  # still there, or another one that was just asked for
        if not await ledger.withdraw_take(job.id, at):
            gone.append(job.id)
    if gone:
        await ledger.cells_obeyed(gone)
    for candidate in list(intake.rows.decided()):
        job, decision = candidate.job, candidate.decision
        if job is None or decision is None or not candidate.is_meant:
            continue
        if decision.word is Word.REDO and job.take is None and job.state in WAITING:
            await ledger.note_cell(job.id, decision.text)
        if decision.word is Word.KEEP and decision.number not in {None, job.best}:
            await ledger.choose_best(job.id)


async def redo_jobs(
    campaign: Campaign,
    ledger: Ledger,
    wishes: Iterable[tuple[int, Anew]],
    at: datetime,
) -> list[int]:
    """Ask for further takes that somebody decided on elsewhere; the next run sends them.

    Args:
        campaign: whose.
        ledger: of a sheet that nobody else works on.
        wishes: the attempt that was seen, and what is wished for. Where another attempt was made
            since, nothing is asked for: the same file may be applied twice.
        at: now.

    Returns:
        The jobs of which a take was asked for.
    """
    profiles, asked = campaign.rules.catalogue.profiles, []
    for seen, wish in wishes:
        make = partial(_take, wish, "", profiles)
        if await ledger.redo(wish.job, make, at, seen=seen) is not None:
            asked.append(wish.job)
    return asked


def _row(candidate: Candidate) -> int:
    return candidate.spec.identity.row


def _some(lines: Sequence[str]) -> str:
    more = len(lines) - MOST_TOLD
    return " ".join(lines[:MOST_TOLD]) + (f" ... and {more} more." if more > 0 else "")
