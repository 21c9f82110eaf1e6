"""A cell of a sheet corrected from the board: written as results are, with nothing else touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from batch_runner.app.campaign import Campaign
from batch_runner.core.celltext import plain_text
from batch_runner.core.errors import SheetChangedError, UsageError
from batch_runner.core.language import phrase
from batch_runner.core.model import OutCell, Table, WritePlan
from batch_runner.loader.load import load
from batch_runner.loader.paths import is_only_read
from batch_runner.reporter.write import write

LONGEST = 20_000  # characters of a cell
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What a cell is to be, and what it was when somebody decided so."""

    worksheet: str | None
    row: int
    column: int
    before: str
    after: str


def mend_cell(campaign: Campaign, mend: Mend) -> None:
    """Write one cell of the user's sheet.

    Raises:
        SheetChangedError: something else stands in it by now.
        SheetBusyError: the sheet is open elsewhere, or cannot be written.
        UsageError: it is no cell of a row.
        SheetError: the sheet cannot be read, or not be written safely.
    """
    if len(mend.after) > LONGEST:
        raise UsageError(
            phrase("a cell takes {longest:,} characters at most from here.", longest=LONGEST),
            code="cell_too_long",
            hint=phrase("Write it with your spreadsheet program."),
        )
    options = replace(campaign.rules.options, worksheet=mend.worksheet)
    tables = load(campaign.source, options)
    table = next((one for one in tables if one.worksheet == mend.worksheet), None)
    if table is None or is_only_read(campaign.source) or not _is_cell(table, mend):
        raise UsageError(
            phrase("this is no cell that can be corrected here."),
            code="no_such_cell",
            where=campaign.source.name,
            hint=phrase("Correct it with your spreadsheet program."),
        )
    row = next((row for row in table.rows if row.number == mend.row), None)
    if row is None or plain_text(row.value(mend.column)) != mend.before:
        raise SheetChangedError(
            phrase("somebody changed this cell meanwhile."),
            code="cell_changed",
            where=campaign.source.name,
            hint=phrase("Check the sheet again, and see what stands there now."),
        )
    plan = WritePlan(
        worksheet=table.worksheet,
        header_row=table.header_row,
        headers={},
        cells={mend.row: {mend.column: OutCell(value=_value(mend.after))}},
        style=False,
    )
    kept: list[str] = []
    write([table], [plan], notice=lambda problem: kept.append(problem.message))
    if kept:
        raise UsageError(
            phrase("it was not written: {kept}", kept=kept[0]),
            code="cell_not_written",
            where=campaign.source.name,
            hint=phrase("Correct it with your spreadsheet program."),
        )


def _is_cell(table: Table, mend: Mend) -> bool:
    """Whether it is a cell of a row, below a header."""
    in_table = mend.row > table.header_row and 0 <= mend.column < len(table.headers)
    return in_table and bool(table.headers[mend.column])


def _value(text: str) -> str | int | None:
    """What is written: whole numbers as numbers, as a spreadsheet program takes what is typed."""
    text = text.strip()
    if not text:
        return None
    return int(text) if _WHOLE.fullmatch(text) else text
