"""``--failed-to``: the rows to mend as a sheet of their own, each with what is wrong beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.reading import find_jobs, read_sheet
from batch_runner.core.errors import SheetChangedError, UsageError
from batch_runner.core.language import phrase
from batch_runner.core.model import Table
from batch_runner.ledger.ledger import Ledger
from batch_runner.loader.load import load
from batch_runner.reporter.copies import excerpt_suffix
from batch_runner.reporter.excerpt import Page, write_excerpt

EXCERPTS = "excerpts"
"""The ledger's note of the files that were written so."""

TO_MEND = "to mend"
"""Over what is wrong with each row: no name of ours, so that the new sheet can be run."""


async def prepare(place: Path | None, campaign: Campaign, ledger: Ledger) -> None:
    """See that the file can be written, and note it as ours, before anything is sent.

    Raises:
        UsageError: it is the sheet, somebody else's file, of another kind, or in no folder.
    """
    if place is None:
        return
    noted = await ledger.meta(EXCERPTS)
    known = set(json.loads(noted)) if noted else set()
    resolved = await asyncio.to_thread(place.resolve)
    _check(place, resolved, campaign.sheet, str(resolved) in known)
    await ledger.set_meta(EXCERPTS, json.dumps(sorted({*known, str(resolved)})))


def _check(place: Path, resolved: Path, sheet: Path, ours: bool) -> None:  # noqa: FBT001
    hint = "Name a file that does not exist yet."
    if resolved == sheet:
        message = "--failed-to names the sheet itself."
    elif resolved.suffix.lower() != (suffix := excerpt_suffix(sheet)).lower():
        message = f"--failed-to must end in {suffix}."
        hint = f"Such as {place.stem}{suffix}."
    elif not resolved.parent.is_dir():
        message, hint = "the folder of --failed-to does not exist.", "Make it first."
    elif resolved.exists() and not ours:
        message = "--failed-to names a file that exists and was not written so before."
    else:
        return
    raise UsageError(message, code="bad_failed_to", where=str(place), hint=hint)


async def write_to_mend(place: Path, campaign: Campaign, ledger: Ledger) -> int:
    """Write the failed and the invalid rows as they stand in the sheet now; how many they are.

    Raises:
        SheetError: the sheet cannot be read.
        SheetBusyError: the file cannot be written.
    """
    errors = {job.id: job.error for job in await ledger.to_mend()}
    intakes = await read_sheet(campaign.sheet, campaign.rules, ledger)
    await find_jobs(intakes, ledger)
    tables = await asyncio.to_thread(load, campaign.sheet, campaign.rules.options)
    if {table.stamp for table in tables} != {intake.table.stamp for intake in intakes}:
        raise SheetChangedError(
            phrase("it was saved while its rows to mend were gathered."),
            code="sheet_changed",
            where=str(campaign.sheet),
            hint=phrase("Run the same command again."),
        )
    pages = [
        await asyncio.to_thread(_page, table, intake, errors)
        for table, intake in zip(tables, intakes, strict=True)
    ]
    filled = [page for page in pages if page.rows] or pages[:1]
    await asyncio.to_thread(write_excerpt, place, filled, like=campaign.sheet)
    return sum(len(page.rows) for page in pages)


def _page(table: Table, intake: Intake, errors: Mapping[int, str]) -> Page:
    lines: dict[int, str] = {}
    for line, job in intake.rows.jobs():
        if job in errors:  # of several variants of a row the first one's
            lines.setdefault(line, errors[job])
    ours = set(intake.out.places.values())
    return Page(
        worksheet=table.worksheet,
        headers=table.headers,
        columns=[column for column in range(table.width) if column not in ours],
        rows=list(intake.joining.whole(table.rows, lines)),
        error_header=TO_MEND,
        encoding=table.encoding,
        delimiter=table.delimiter,
    )
