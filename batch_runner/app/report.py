"""Results once more, from the ledger alone: for a sheet that was lost or spoilt."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.place.output_file import remember_output
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.projection import project
from batch_runner.app.sheet.reading import find_jobs, read_sheet
from batch_runner.core.celltext import safe_text
from batch_runner.core.errors import SheetError, UsageError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.model import OutCell, WritePlan
from batch_runner.core.outcolumns import OUT_COLUMNS, width_of
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.lock import hold
from batch_runner.loader.paths import check_sheet_path
from batch_runner.reporter.write import write


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What was written again."""

    rows: int  # with results, in the file
    rest: int  # jobs that have no row in it
    rest_in: Path | None


async def write_again(campaign: Campaign, out: Path) -> Rewritten:
    """Write a sheet's results into a new file: the sheet as it was before its first change.

    Jobs of rows that were added or edited later go into a plain table beside it. A file in the
    lost sheet's own place can be run again, and nothing in it is bought again; any other is
    remembered as a copy, which is never run.

    Raises:
        SheetError: the sheet was never run.
        UsageError: the file cannot be written.
        LockedError: a run is on.
    """
    if campaign.only_read:
        raise SheetError(
            phrase(
                "this sheet is only read, so that it never was changed; its results are in a copy."
            ),
            code="sheet_only_read",
            where=str(campaign.sheet),
            hint=phrase("To write the copy again: {command}", command=campaign.command("sync")),
        )
    original = campaign.sidecar.folder / f"original{campaign.sheet.suffix.lower()}"
    _check_place(out, campaign, original)
    own_place = await asyncio.to_thread(out.resolve) == campaign.sheet
    folder = campaign.sidecar.folder
    with hold(folder, host=socket.gethostname(), pid=os.getpid(), at=now()):
        ledger = await campaign.ledger.for_command()
        try:
            if not own_place:
                await remember_output(out, ledger)
            await asyncio.to_thread(shutil.copyfile, original, out)
            check_sheet_path(out)
            intakes = await read_sheet(out, replace(campaign.rules, variant_rows=False), ledger)
            await find_jobs(intakes, ledger)
            known = [await _with_lines(intake, ledger) for intake in intakes]
            await asyncio.to_thread(_write, campaign, intakes, known)
            rest = await _without_row(ledger, known)
        finally:
            ledger.close()
    rest_in = out.with_name(f"{out.stem}.rest.results.csv") if rest else None
    if rest_in is not None:
        await asyncio.to_thread(_write_rest, campaign, rest, rest_in)
    return Rewritten(rows=sum(map(len, known)), rest=len(rest), rest_in=rest_in)


def _check_place(out: Path, campaign: Campaign, original: Path) -> None:
    if not campaign.ledger.exists() or not original.is_file():
        raise SheetError(
            phrase("there is no ledger of this sheet, or its first state is not beside it."),
            code="never_run",
            where=str(campaign.sidecar.folder),
            hint=phrase("Give the sheet's former name and folder."),
        )
    if out.exists():
        message = phrase("this file exists already.")
        hint = phrase("Name one that does not exist.")
    elif out.suffix.lower() != campaign.sheet.suffix.lower():
        suffix = campaign.sheet.suffix
        message = phrase("the name must end in {suffix}, as that of the sheet did.", suffix=suffix)
        hint = phrase("Such as {name}.", name=f"{out.stem}{suffix}")
    elif not out.resolve().parent.is_dir():
        message, hint = phrase("its folder does not exist."), phrase("Make it first.")
    else:
        return
    raise UsageError(message, code="bad_sheet_out", where=str(out), hint=hint)


_Placed = Sequence[tuple[int, Job]]
"""Lines and their jobs; several of one line are its variants."""


async def _with_lines(intake: Intake, ledger: Ledger) -> _Placed:
    lines = {job: line for line, job in intake.rows.jobs()}
    return [(lines[job.id], job) for job in await ledger.some_jobs(sorted(lines))]


def _write(campaign: Campaign, intakes: Sequence[Intake], known: Sequence[_Placed]) -> None:
    plans = [_plan(campaign, intake, jobs) for intake, jobs in zip(intakes, known, strict=True)]
    write([intake.table for intake in intakes], plans)


def _plan(campaign: Campaign, intake: Intake, jobs: _Placed) -> WritePlan:
    out = intake.out
    cells: dict[int, dict[int, OutCell]] = {}
    for line, job in jobs:
        projected = project(job, campaign.localise, at_end=True)
        places = {out.places[name]: cell for name, cell in projected.items() if name in out.places}
        cells.setdefault(line, {}).update(places)
    settings = campaign.settings
    return WritePlan(
        worksheet=intake.table.worksheet,
        header_row=intake.table.header_row,
        headers=out.added if cells else {},
        cells=cells,
        status_column=out.places["status"],
        widths={place: width_of(name) for name, place in out.places.items()},
        style=settings.output_style,
        grow_tables=settings.grow_tables,
        break_signature=settings.break_signature,
    )


async def _without_row(ledger: Ledger, known: Sequence[_Placed]) -> list[Job]:
    """Jobs that were sent or stood in the sheet last, and have no row in the file."""
    placed = {job.id for jobs in known for _, job in jobs}
    return [
        job
        for scope in (await ledger.scopes()).values()
        for job in await ledger.jobs_of_scope(scope)
        if job.id not in placed and (job.row is not None or job.attempt)
    ]


def _write_rest(campaign: Campaign, jobs: Sequence[Job], place: Path) -> None:
    requests = [json.loads(job.body or b"{}") for job in jobs]
    fields = list(dict.fromkeys(name for request in requests for name in request))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["row", "key", *fields, *OUT_COLUMNS])
    for job, request in zip(jobs, requests, strict=True):
        results = project(replace(job, variant=1, best=1), campaign.localise, at_end=True)
        values = [job.row, job.key, *map(request.get, fields)]
        values += [results[name].value for name in OUT_COLUMNS]
        writer.writerow([_text(value) for value in values])
    place.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def _text(value: object) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else safe_text(str(value), csv=True)
