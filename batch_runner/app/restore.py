"""Undo: our columns out of a sheet as it is now, or the sheet as it was before our first change."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.sheet.reading import read_sheet
from batch_runner.core.errors import SheetChangedError, SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import OutCell, Table, WritePlan
from batch_runner.core.outcolumns import PREVIEW, OutColumns
from batch_runner.ledger.lock import hold
from batch_runner.loader.load import load
from batch_runner.reporter.copies import copy_once, original_path
from batch_runner.reporter.write import write

_BLANK = OutCell(value=None)


async def remove_results(campaign: Campaign) -> Path | None:
    """Take our columns out of a sheet as it is now; everything else in it stays.

    The ledger keeps all results: the next run writes them again.

    Returns:
        The copy of the sheet as it was a moment ago; ``None`` if it has no columns of ours.

    Raises:
        SheetError: the sheet never ran, or cannot be read.
        SheetChangedError: somebody saved it at this very moment.
        SheetBusyError: it is open elsewhere or cannot be written.
        LockedError: a run is on.
    """
    sheet = campaign.sheet
    if not campaign.ledger.exists():
        raise _never_ran(sheet)
    with hold(campaign.sidecar.home, host=socket.gethostname(), pid=os.getpid(), at=now()):
        async with reading(campaign.ledger) as ledger:
            intakes = await read_sheet(sheet, campaign.rules, ledger)
        tables = await asyncio.to_thread(load, sheet, campaign.rules.options)
        if tables[0].stamp != intakes[0].table.stamp:
            raise SheetChangedError(
                phrase("the sheet was saved a moment ago."),
                code="sheet_changed",
                where=str(sheet),
                hint=phrase("Nothing was changed; run the command again."),
            )
        broken = campaign.settings.break_signature
        plans = [
            replace(_removal(table, one.out), break_signature=broken)
            for table, one in zip(tables, intakes, strict=True)
        ]
        if not any(plans):
            return None
        copy = copy_once(sheet, _names(sheet, "before-restore"))
        await asyncio.to_thread(write, tables, plans)
    return copy


def _removal(table: Table, out: OutColumns) -> WritePlan:
    """The plan that takes our columns out of one worksheet."""
    places = [place for place in out.places.values() if place not in out.added]
    headers = {place: table.headers[place] for place in places}
    return WritePlan(
        worksheet=table.worksheet,
        header_row=table.header_row,
        headers=headers,
        cells={row.number: dict.fromkeys(places, _BLANK) for row in table.rows} if places else {},
        preview_column=out.places.get(PREVIEW),
        remove=True,
    )


def write_original(campaign: Campaign) -> Path:
    """Put the sheet as it was before our first change beside it, under a new name.

    Raises:
        SheetError: no run has kept it.
        SheetBusyError: the folder cannot be written.
    """
    sheet = campaign.sheet
    kept = original_path(sheet, campaign.sidecar.folder)
    if not kept.is_file():
        raise _never_ran(sheet)
    return copy_once(kept, _names(sheet, "original"))


def _names(sheet: Path, word: str) -> Iterator[Path]:
    """Names to be tried in turn: an earlier copy is never overwritten."""
    yield sheet.with_name(f"{sheet.stem}.{word}{sheet.suffix}")
    for number in count(2):
        yield sheet.with_name(f"{sheet.stem}.{word}.{number}{sheet.suffix}")


def _never_ran(sheet: Path) -> SheetError:
    return SheetError(
        phrase("no run has changed this sheet, so there is nothing to undo."),
        code="never_run",
        where=str(sheet),
    )
