"""Before anything is sent: is this the sheet, the service and the machine we think it is?"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from batch_runner.app.place.home import sidecar_at
from batch_runner.app.place.ledger_place import LedgerFile, reading
from batch_runner.app.place.output_file import outputs_of
from batch_runner.app.place.sidecar import SUFFIX, Sidecar, is_sandbox_copy, sheet_of, shown
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.errors import (
    ConfigError,
    LockedError,
    SheetError,
    UsageError,
)
from batch_runner.core.language import phrase, series
from batch_runner.core.sent import fold
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.sent_file import read_lines

SANDBOX_ORIGIN = "sandbox"
"""What attempts sent to the sandbox record: its port changes, its jobs stay worthless."""

AT_ONCE = 1000  # rows that another ledger is asked for at a time


def check_origin(known: frozenset[str], origin: str, same: Sequence[str], where: str) -> None:
    """A ledger belongs to one service.

    Raises:
        ConfigError: it holds jobs of another origin.
    """
    allowed = {origin, *(same if origin in same else ())}
    others = sorted(known - allowed)
    if others:
        raise ConfigError(
            phrase(
                "the jobs of this sheet were sent to {names}, not to {origin}.",
                names=series(others),
                origin=origin,
            ),
            code="other_origin",
            where=where,
            hint=phrase(
                "Run with that origin; if both are the same service, list both under provider.same_service in a config given by --config."
            ),
        )


async def check_host(ledger: Ledger, host: str, *, take_over: bool) -> None:
    """Jobs on their way belong to the machine that sent them.

    Raises:
        LockedError: another machine has open jobs here.
    """
    last = await ledger.last_run()
    if last is None or last.host == host or take_over:
        return
    waiting = await ledger.count_open()
    if waiting:
        raise LockedError(
            phrase(
                "{waiting} rows were sent from the computer {host!r} (last seen {beat_at:%Y-%m-%d %H:%M} UTC) and are not done.",
                waiting=waiting,
                host=last.host,
                beat_at=last.beat_at,
            ),
            code="other_host",
            where=ledger.where,
            hint=phrase("If no run goes on there any more, run again with --take-over."),
        )


async def check_owner(ledger: Ledger, sheet: Path, sidecar: Sidecar, *, stated: bool) -> None:
    """Where the ledger is not beside its sheet, it must be this sheet's and no other's.

    ``stated``: the user named the folder, in which the sheets' names tell them apart.

    Raises:
        ConfigError: another sheet keeps its ledger here.
    """
    known = await ledger.meta("sheet")
    apart = stated or sidecar.local is not None
    if apart and known and known != str(sheet) and await asyncio.to_thread(Path(known).exists):
        raise ConfigError(
            phrase("{known} keeps its ledger here.", known=known),
            code="state_shared",
            where=ledger.where,
            hint=(
                phrase("Give this sheet another name or another state folder.")
                if stated
                else phrase(
                    "If this sheet is a copy that is to go its own way, delete {folder}: what its rows show is then looked up, not sent again.",
                    folder=sidecar.folder,
                )
            ),
        )
    await ledger.set_meta("sheet", str(sheet))


def check_unmarked(intakes: Iterable[Intake]) -> None:
    """Task ids that nobody vouches for are never passed over.

    Raises:
        UsageError: rows that no ledger knows show task ids without a job mark.
    """
    for intake in intakes:
        count, first = intake.rows.unvouched()
        if count:
            raise UsageError(
                phrase(
                    "{count} rows show a task id (the first is line {first}), but no ledger knows them: they may have been paid already.",
                    count=count,
                    first=first,
                ),
                code="unmarked_results",
                where=str(intake.table.path),
                hint=phrase(
                    "Run with --adopt to fetch those tasks, or with --ignore-results to submit these rows as new ones (and pay for them)."
                ),
            )


async def check_moved(
    sheet: Path, sidecar: Sidecar, intakes: Sequence[Intake], data: Path
) -> None:
    """A sheet without a sidecar whose jobs another sidecar of the folder knows.

    Raises:
        SheetError: it was renamed, moved or copied, or it is a copy that we made.
    """
    if sidecar.ledger.exists() or is_sandbox_copy(sheet):
        return
    rows = sum(len(intake.rows) for intake in intakes)
    for folder in sorted(sidecar.folder.parent.glob(f"*{SUFFIX}")):
        other = sheet_of(folder)
        if folder == sidecar.folder or is_sandbox_copy(other):
            continue
        overlap, copies = await _sent_there(sidecar_at(folder, data), intakes)
        if str(sheet) in copies:
            raise SheetError(
                phrase(
                    "this is a copy with the results of {other_name}, made by --output.",
                    other_name=other.name,
                ),
                code="result_copy",
                where=str(sheet),
                hint=phrase("Name the sheet itself: {other}", other=other),
            )
        # Beside its original, a sheet that shares a few rows is a sibling, not a copy.
        enough = 1 if not other.exists() else max(1, (rows + 1) // 2)
        if overlap >= enough:
            raise SheetError(
                phrase(
                    "{overlap} of its rows were already sent as rows of {other_name}.",
                    overlap=overlap,
                    other_name=other.name,
                ),
                code="sheet_moved",
                where=str(sheet),
                hint=phrase(
                    "If it was renamed: batch-runner move {old} {new}. If it is another campaign: run with --new (results that it shows are kept; with --ignore-results all its rows are made and paid anew).",
                    old=shlex.quote(str(shown(other))),
                    new=shlex.quote(str(shown(sheet))),
                ),
            )


async def _sent_there(sidecar: Sidecar, intakes: Sequence[Intake]) -> tuple[int, frozenset[str]]:
    """How many of these rows its sheet sent, here or elsewhere; which copies were made of it."""
    elsewhere = fold(read_lines(sidecar.folder)).values()
    sent = frozenset(one.row_hash for one in elsewhere if not one.void)
    hashes = (row_hash for intake in intakes for row_hash in intake.rows.hashes())
    count = 0
    async with reading(LedgerFile(sidecar.ledger)) as ledger:
        while some := list(islice(hashes, AT_ONCE)):
            rest = [row_hash for row_hash in some if row_hash not in sent]
            count += len(some) - len(rest)
            count += 0 if ledger is None else await ledger.count_sent(rest)
        return count, frozenset() if ledger is None else await outputs_of(ledger)
