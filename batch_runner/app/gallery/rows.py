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
from batch_runner.core.errors import SheetError
from batch_runner.core.model import SheetRow, Table
from batch_runner.core.outcolumns import ALL_COLUMNS
from batch_runner.core.text import cell_text
from batch_runner.ledger.sqlite import SqliteLedger
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


@dataclass(slots=True, kw_only=True)
class Rows:
    """All rows of a campaign, for the page."""

    ledger: SqliteLedger
    worksheets: Sequence[Worksheet] = ()  # none: the sheet is lost, or cannot be read
    headers: list[str] = field(default_factory=list)  # of the page's columns
    unknown: int = 0  # rows that no run has seen yet

    @classmethod
    async def of(cls, campaign: Campaign, ledger: SqliteLedger) -> Rows:
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
        columns = {}
        for place, header in enumerate(table.headers):
            if header and place not in taken and header.casefold() not in ALL_COLUMNS:
                if header not in self.headers:
                    self.headers.append(header)
                columns[place] = self.headers.index(header)
        prompt = intake.columns.first("prompt")
        return Worksheet(intake=intake, table=table, columns=columns, prompt=prompt)

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
        return [
            Seen(
                job=jobs[job],
                takes=takes.get(job, ()),
                cells=_cells(row, worksheet),
                prompt=_prompt(row, worksheet),
            )
            for job, row in rows
        ]


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


def _cells(row: SheetRow | None, worksheet: Worksheet | None) -> dict[int, str]:
    if row is None or worksheet is None:
        return {}
    texts = {
        place: cell_text(row.value(column)).strip()[:LONGEST_CELL]
        for column, place in worksheet.columns.items()
    }
    return {place: text for place, text in texts.items() if text}


def _prompt(row: SheetRow | None, worksheet: Worksheet | None) -> str:
    if row is None or worksheet is None or worksheet.prompt is None:
        return ""
    return cell_text(row.value(worksheet.prompt))
