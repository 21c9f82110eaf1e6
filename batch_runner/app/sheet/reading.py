"""Reading a sheet against what its ledger remembers, and enrolling what it asks for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from batch_runner.app.sheet.choose import Choice, Filter, choose, keep
from batch_runner.app.sheet.intake import Intake, Memory, Rulebook, take_in
from batch_runner.core.errors import SheetChangedError
from batch_runner.core.forecast import NO_HISTORY, History
from batch_runner.core.jobs import Candidate, RowSpec
from batch_runner.core.model import Table
from batch_runner.core.profile import Profile
from batch_runner.ledger.enrol import Reading
from batch_runner.ledger.ledger import Ledger
from batch_runner.loader.load import load, worksheet_names

TRIES = 5  # at reading a sheet that somebody saves at the same moment


async def read_sheet(sheet: Path, rules: Rulebook, ledger: Ledger | None) -> tuple[Intake, ...]:
    """The worksheets of a file as they are now, understood; changes nothing.

    Raises:
        SheetError: the file or its columns cannot be used.
        SheetChangedError: it was saved by somebody each time it was read.
    """
    for _ in range(TRIES - 1):
        with contextlib.suppress(SheetChangedError):
            return await _read_once(sheet, rules, ledger)
    return await _read_once(sheet, rules, ledger)


async def _read_once(sheet: Path, rules: Rulebook, ledger: Ledger | None) -> tuple[Intake, ...]:
    tables = await asyncio.to_thread(load, sheet, rules.options)
    names = await _known_names(tables, rules, ledger)
    intakes = []
    for table, name in zip(tables, names, strict=True):
        memory = await _memory(ledger, name)
        intake = await asyncio.to_thread(take_in, table, rules, memory)
        intakes.append(replace(intake, known_as=name))
    return tuple(intakes)


async def _memory(ledger: Ledger | None, name: str) -> Memory:
    found = None if ledger is None else await ledger.memory(name)
    return Memory() if found is None else Memory(basis=found[0], out_columns=found[1])


async def _known_names(
    tables: Sequence[Table], rules: Rulebook, ledger: Ledger | None
) -> list[str]:
    """The name by which the ledger knows each worksheet; its own, unless it was renamed.

    A worksheet with a new name is an old one if that is gone from the file and some of its
    rows are here.
    """
    own = [table.worksheet or "" for table in tables]
    scopes = {} if ledger is None else await ledger.scopes()
    unknown = [i for i, name in enumerate(own) if name not in scopes]
    if ledger is None or not scopes or not unknown or tables[0].worksheet is None:
        return own
    present = await asyncio.to_thread(worksheet_names, tables[0].path)
    gone = [name for name in scopes if name not in present]
    for i in unknown:
        overlaps = {name: await _overlap(tables[i], rules, ledger, name) for name in gone}
        best = max(overlaps, key=lambda name: overlaps[name], default=None)
        if best is not None and overlaps[best]:
            own[i] = best
            gone.remove(best)
    return own


async def _overlap(table: Table, rules: Rulebook, ledger: Ledger, name: str) -> int:
    intake = await asyncio.to_thread(take_in, table, rules, await _memory(ledger, name))
    return await ledger.place(name, intake.rows)


async def find_jobs(intakes: Sequence[Intake], ledger: Ledger | None) -> None:
    """Note for each row which job it is already."""
    if ledger is not None:
        for intake in intakes:
            await ledger.place(intake.known_as, intake.rows)


async def history_of(ledger: Ledger | None) -> History:
    """What the ledger knows of how long videos took, and what they cost."""
    if ledger is None:
        return NO_HISTORY
    models, _ = await ledger.models()
    return History(
        seconds={model: await ledger.durations(model) for model in sorted(models)},
        ratios={model: await ledger.price_ratios(model) for model in sorted(models)},
    )


def chosen(
    intakes: Sequence[Intake],
    wish: Filter,
    profiles: Mapping[str, Profile],
    *,
    adopt: bool | None,
) -> list[Choice]:
    """What the filter leaves of each worksheet.

    ``adopt``: task ids without a mark are vouched for (True), to be ignored (False), or there
    are none (None).
    """
    sheets = [intake.rows for intake in intakes]
    return choose(sheets, wish, vouched=adopt, profiles=profiles)


async def enrol(
    intakes: Sequence[Intake],
    choices: Sequence[Choice],
    ledger: Ledger,
    *,
    origin: str,
    at: datetime,
) -> list[int]:
    """Bring the ledger up to date with the sheet; the scope of each worksheet."""
    scopes = []
    for intake, choice in zip(intakes, choices, strict=True):
        scope = await _scope(intake, ledger)
        await ledger.enrol(scope, _reading(intake, choice.mark, origin, at))
        scopes.append(scope)
    return scopes


async def enrol_midway(
    intakes: Sequence[Intake], ledger: Ledger, *, origin: str, at: datetime
) -> list[int]:
    """Let queued jobs follow a sheet that was edited during the run."""
    scopes = []
    for intake in intakes:
        scope = await _scope(intake, ledger)
        reading = _reading(intake, keep, origin, at)
        await ledger.enrol(scope, replace(reading, midway=True))
        scopes.append(scope)
    return scopes


def _reading(
    intake: Intake, mark: Callable[[Candidate], RowSpec], origin: str, at: datetime
) -> Reading:
    return Reading(rows=intake.rows, mark=mark, at=at, basis=intake.basis, origin=origin)


async def _scope(intake: Intake, ledger: Ledger) -> int:
    scope, _ = await ledger.scope(intake.known_as, intake.basis)
    worksheet = intake.table.worksheet or ""
    if worksheet != intake.known_as:
        await ledger.rename_scope(scope, worksheet)
    return scope
