"""``apply``: what somebody decided in the gallery, into the ledger and the sheet."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.run.anew import redo_jobs
from batch_runner.app.sheet.anew import Anew
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.reading import find_jobs, read_sheet
from batch_runner.app.sync import at_work_on, write_all
from batch_runner.core.decision_file import Choice, Decided, DecisionFile
from batch_runner.core.decisions import DECISION, NOTE, note_column, read_decision
from batch_runner.core.errors import UsageError
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import State
from batch_runner.core.model import OutCell, WritePlan
from batch_runner.core.takes import Redo, not_now, unfit
from batch_runner.core.text import quoted
from batch_runner.ledger.ledger import Ledger
from batch_runner.reporter.busy import check_not_open
from batch_runner.reporter.write import write

AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of the decisions."""

    shown: Path  # the file that shows them
    done: Mapping[Choice | None, int]
    left_out: Sequence[str]  # a sentence for each that could not be applied


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """A decision and the job that it is about."""

    job: Job
    decided: Decided


async def apply_decisions(
    campaign: Campaign, found: DecisionFile, say: Callable[[str], None]
) -> Applied:
    """Ask for the takes that are to be redone, and write all decisions into the sheet.

    The same file may be applied twice: a take that was asked for is not asked for again.

    Raises:
        UsageError: the file belongs to another campaign.
        SheetError, SheetBusyError, LockedError: as for a sync; nothing is applied then.
    """
    async with at_work_on(campaign) as ledger:
        if found.campaign != await ledger.meta("campaign"):
            raise UsageError(
                phrase(
                    "these are decisions about another campaign ({sheet}).",
                    sheet=quoted(found.sheet),
                ),
                code="decisions_of_another",
                where=str(campaign.sheet),
                hint=phrase("Apply them to the sheet whose gallery they were made in."),
            )
        if _takes_cells(campaign):
            check_not_open(campaign.sheet)
        left_out: list[str] = []
        fit = [one async for one in _fitting(ledger, found.decisions, campaign, left_out)]
        await _redo(campaign, ledger, fit)
        if _takes_cells(campaign):
            await _write_cells(campaign, ledger, fit)
        shown = await write_all(campaign, ledger, say)
    done: dict[Choice | None, int] = defaultdict(int)
    for one in fit:
        done[one.decided.choice] += 1
    return Applied(shown=shown, done=done, left_out=left_out)


async def _fitting(
    ledger: Ledger, decisions: Sequence[Decided], campaign: Campaign, left_out: list[str]
) -> AsyncIterator[_Fit]:
    """Those that are about a take as it is now; of the others, a sentence each."""
    for start in range(0, len(decisions), AT_ONCE):
        some = decisions[start : start + AT_ONCE]
        jobs = {job.id: job for job in await ledger.some_jobs([one.job for one in some])}
        for decided in some:
            job = jobs.get(decided.job)
            if job is None or job.row_hash[:MARK_LENGTH] != decided.mark:
                left_out.append(phrase("job {mark}: no row is called so.", mark=decided.mark))
            elif why := _why_not(job, decided, campaign):
                left_out.append(phrase("{row}: {why}", row=job.name, why=why))
            else:
                yield _Fit(job=job, decided=decided)


def _takes_cells(campaign: Campaign) -> bool:
    """Whether decisions can be written into the sheet: some kinds are only ever read."""
    return campaign.output is None


def _why_not(job: Job, decided: Decided, campaign: Campaign) -> str:
    if job.row is None:
        return phrase("it is no longer in the sheet.")
    if job.attempt != decided.attempt:
        return phrase("another take of it was made since; look at that first.")
    if decided.choice is Choice.REDO:
        profile = campaign.rules.catalogue.profiles.get(job.model)
        waits = job.state is State.QUEUED and job.attempt > 0  # it was asked for already
        why = "" if waits else not_now(job.state, job.error_code)
        return why or unfit(_wish(decided), profile, job.model)
    if not _takes_cells(campaign):
        return phrase("nothing is written into this sheet, so only a redo can be applied.")
    if decided.choice is not None and job.state is not State.SUCCEEDED:
        return phrase("it has no video to decide about.")
    return ""


def _wish(decided: Decided) -> Redo:
    """What a redo asks for: without a seed of its own, by a new one, unless the prompt is new."""
    return Redo(
        seed=decided.seed,
        new_seed=decided.seed is None and decided.prompt is None,
        prompt=decided.prompt,
        note=decided.note,
    )


async def _redo(campaign: Campaign, ledger: Ledger, fit: Sequence[_Fit]) -> None:
    """Durable before the sheet shows it: its cell then asks for nothing more."""
    wishes = [
        (
            one.decided.attempt,
            Anew(
                job=one.job.id,
                redo=_wish(one.decided),
                cell=_cell(one) if _takes_cells(campaign) else "",
            ),
        )
        for one in fit
        if one.decided.choice is Choice.REDO
    ]
    await redo_jobs(campaign, ledger, wishes, now())


def _cell(one: _Fit) -> str:
    """The decision cell of a redo, as the ledger remembers it."""
    decision = read_decision(_word(one, several=one.job.variant > 1))
    assert decision is not None
    return decision.text


def _word(one: _Fit, *, several: bool) -> str:
    """What a decision cell says; ``several``: the row has variants, and one of them is meant."""
    if one.decided.choice is None:
        return ""
    seed = "" if one.decided.seed is None else f" seed={one.decided.seed}"
    return f"{one.decided.choice}{f' {one.job.variant}' if several else ''}{seed}"


async def _write_cells(campaign: Campaign, ledger: Ledger, fit: Sequence[_Fit]) -> None:
    """Write decisions and notes into their columns, which are made where there are none."""
    by_job = {one.job.id: one for one in fit}
    intakes = await read_sheet(campaign.sheet, campaign.rules, ledger)
    await find_jobs(intakes, ledger)
    tables = [intake.table for intake in intakes]
    plans = [_plan(intake, by_job) for intake in intakes]
    await asyncio.to_thread(write, tables, plans)


def _plan(intake: Intake, by_job: Mapping[int, _Fit]) -> WritePlan:
    """What to write into a worksheet."""
    of_row: dict[int, list[_Fit]] = defaultdict(list)
    jobs: dict[int, int] = defaultdict(int)
    for line, job in intake.rows.jobs():
        jobs[line] += 1
        if job in by_job:
            of_row[line].append(by_job[job])
    notes = any(one.decided.note for some in of_row.values() for one in some)
    places, headers = _places(intake, notes=notes) if of_row else ({}, {})
    cells: dict[int, Mapping[int, OutCell]] = {}
    for line, some in of_row.items():
        if written := _cells(some, jobs[line], places):
            cells[line] = written
    return WritePlan(
        worksheet=intake.table.worksheet,
        header_row=intake.table.header_row,
        headers=headers if cells else {},
        cells=cells,
    )


def _cells(
    some: Sequence[_Fit], variants: int, places: Mapping[str, int]
) -> Mapping[int, OutCell]:
    """The cells of one row."""
    cells = {}
    word = _of_row(some, variants)
    if word is not None:
        cells[places[DECISION]] = OutCell(value=word or None)
    if NOTE in places:
        note = " / ".join(one.decided.note for one in some if one.decided.note)
        cells[places[NOTE]] = OutCell(value=note or None)
    return cells


def _of_row(some: Sequence[_Fit], variants: int) -> str | None:
    """What the cell of a row says; ``None``: it stays as it is.

    Of several variants one can be named: the one to keep, else the one to redo. A row is
    rejected when all of them are.
    """
    if variants == 1:
        return _word(some[0], several=False)
    for choice in (Choice.KEEP, Choice.REDO):
        for one in some:
            if one.decided.choice is choice:
                return _word(one, several=True)
    rejected = sum(one.decided.choice is Choice.REJECT for one in some)
    if rejected == variants:
        return str(Choice.REJECT)
    return None if rejected else ""


def _places(intake: Intake, *, notes: bool) -> tuple[dict[str, int], dict[int, str]]:
    """Column of each name, and the headers to add."""
    table = intake.table
    end = max(table.width, len(table.headers), *(p + 1 for p in intake.out.places.values()))
    places, headers = {}, {}
    for name in (DECISION, NOTE) if notes else (DECISION,):
        own = intake.decisions if name == DECISION else note_column(table)
        if own is None:
            own, end = end, end + 1
            headers[own] = name
        places[name] = own
    return places, headers
