"""Which jobs the gallery shows, in the order of the sheet, with what their rows hold beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.cards import LONGEST_CELL, Seen
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.reading import find_jobs, read_sheet
from batch_runner.core.decisions import Word, note_column, read_decision
from batch_runner.core.errors import SheetError
from batch_runner.core.jobs import Job
from batch_runner.core.model import SheetRow, Table
from batch_runner.core.outcolumns import ALL_COLUMNS
from batch_runner.core.text import cell_text
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.shown_takes import Take
from batch_runner.loader.load import load

AT_ONCE = 500
"""Rows that are held at a time."""

Row = tuple[int, SheetRow | None]
"""A job and its row as the sheet is now, if it is to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """One worksheet as it is now, and which of its columns are the user's own."""

    intake: Intake
    table: Table
    columns: dict[int, int]  # column of the table -> column of the page
    prompt: int | None
    decision: int | None
    note: int | None


@dataclass(slots=True, kw_only=True)
class Rows:
    """All rows of a campaign, for the page."""

    ledger: Ledger
    worksheets: Sequence[Worksheet] = ()  # none: the sheet is lost, or cannot be read
    headers: list[str] = field(default_factory=list)  # of the page's columns
    unknown: int = 0  # rows that no run has seen yet

    @classmethod
    async def of(cls, campaign: Campaign, ledger: Ledger) -> Rows:
        """The rows as they are now; of a sheet that is not there, as they were read last."""
        rows = cls(ledger=ledger)
        try:
            intakes = await read_sheet(campaign.sheet, campaign.rules, ledger)
            tables = await asyncio.to_thread(load, campaign.sheet, campaign.rules.options)
        except SheetError:
            return rows
        await find_jobs(intakes, ledger)
        rows.worksheets = [rows.take_in(*pair) for pair in zip(intakes, tables, strict=True)]
        rows.unknown = sum(len(i.rows) - i.rows.known() for i in intakes)
        return rows

    def take_in(self, intake: Intake, table: Table) -> Worksheet:
        """Give the user's own columns of a worksheet their places on the page."""
        taken = {place for places in intake.columns.columns.values() for place in places}
        taken |= set(intake.out.places.values())
        note = note_column(table)
        taken |= {place for place in (intake.decisions, note) if place is not None}
        columns = {}
        for place, header in enumerate(table.headers):
            if header and place not in taken and header.casefold() not in ALL_COLUMNS:
                if header not in self.headers:
                    self.headers.append(header)
                columns[place] = self.headers.index(header)
        prompt = intake.columns.first("prompt")
        return Worksheet(
            intake=intake,
            table=table,
            columns=columns,
            prompt=prompt,
            decision=intake.decisions,
            note=note,
        )

    async def batches(self) -> AsyncIterator[Sequence[Seen]]:
        """All jobs to show, some at a time: those of the sheet, then those that left it."""
        if not self.worksheets:
            for some in _cut((job, None) for job in await self.ledger.in_sheet()):
                yield await self._seen(some, None)
        for worksheet in self.worksheets:
            for some in _cut(_walk(worksheet)):
                yield await self._seen(some, worksheet)
        for some in _cut((job, None) for job in await self.ledger.sent_before()):
            yield await self._seen(some, None)

    async def _seen(self, rows: Sequence[Row], worksheet: Worksheet | None) -> Sequence[Seen]:
        ids = [job for job, _ in rows]
        jobs = {job.id: job for job in await self.ledger.some_jobs(ids)}
        takes = await self.ledger.takes_of(ids)
        return [_seen(jobs[job], takes.get(job, ()), row, worksheet) for job, row in rows]


def _seen(
    job: Job, takes: Sequence[Take], row: SheetRow | None, worksheet: Worksheet | None
) -> Seen:
    if row is None or worksheet is None:
        return Seen(job=job, takes=takes, cells={})
    return Seen(
        job=job,
        takes=takes,
        cells=_cells(row, worksheet),
        prompt=_text(row, worksheet.prompt),
        decision=_decision(_text(row, worksheet.decision), job),
        note=_text(row, worksheet.note)[:LONGEST_CELL],
    )


def _decision(text: str, job: Job) -> str:
    """What a row's cell says of this video of it."""
    found = read_decision(text)
    if found is None or found.number not in {None, job.variant} or found.word is Word.SKIP:
        return ""
    return str(found.word)


def _walk(worksheet: Worksheet) -> Iterator[Row]:
    """Both come in the order of the lines."""
    rows = iter(worksheet.table.rows)
    row = next(rows, None)
    for line, job in worksheet.intake.rows.jobs():
        while row is not None and row.number < line:
            row = next(rows, None)
        yield job, row if row is not None and row.number == line else None


def _cut(rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
    while some := list(islice(rows, AT_ONCE)):
        yield some


def _cells(row: SheetRow, worksheet: Worksheet) -> dict[int, str]:
    texts = {
        place: _text(row, column)[:LONGEST_CELL] for column, place in worksheet.columns.items()
    }
    return {place: text for place, text in texts.items() if text}


def _text(row: SheetRow, column: int | None) -> str:
    return "" if column is None else cell_text(row.value(column)).strip()
