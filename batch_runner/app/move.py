"""A sheet was renamed or moved: its sidecar follows it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from batch_runner.app.clock import now
from batch_runner.app.place.home import sidecar_of
from batch_runner.app.place.ledger_place import LedgerPlace, ledger_file, reading
from batch_runner.app.place.sidecar import Sidecar
from batch_runner.app.sheet.listing import NOTED
from batch_runner.core.errors import SheetError, UsageError
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.lock import hold
from batch_runner.loader.listing import is_listing
from batch_runner.reporter.copies import listing_path


def move_sidecar(
    old: Path,
    new: Path,
    state: Path | None,
    data: Path,
    place: Callable[[Sidecar], LedgerPlace] = ledger_file,
) -> Path:
    """Let the sheet ``new`` go on with what the sheet ``old`` has done; gives the new sidecar.

    May be run again after it was interrupted.

    Args:
        old: the sheet as it was called.
        new: as it is called now.
        state: the folder of sidecars, if one was set.
        data: the folder of what all sheets of the user share.
        place: where the ledger is that belongs to a sidecar.

    Raises:
        SheetError: ``new`` is not there, or ``old`` never ran.
        UsageError: ``new`` has a sidecar of its own.
        LockedError: a run is on.
    """
    if not new.is_file():
        raise SheetError(phrase("there is no such sheet."), code="no_such_file", where=str(new))
    source, target = sidecar_of(old, state, data), sidecar_of(new, state, data)
    if place(source).exists() and source.folder != target.folder:
        if target.folder.exists():
            raise UsageError(
                phrase("this sheet has a sidecar of its own already."),
                code="sidecar_exists",
                where=str(target.folder),
                hint=phrase("Put that folder away first, if it is not needed."),
            )
        with hold(source.home, host=socket.gethostname(), pid=os.getpid(), at=now()):
            pass  # nobody is at work on it
        _rename(source.folder, target.folder)
        target = sidecar_of(new, state, data)
    elif not asyncio.run(_worked_for(place(target), {str(old), str(old.resolve())})):
        raise SheetError(
            phrase("there is no sidecar of it."),
            code="never_run",
            where=str(old),
            hint=phrase("Give the sheet's former name and folder."),
        )
    asyncio.run(
        _rename_videos(place(target), (_prefix(source, old), _prefix(target, new)), old, new)
    )
    return target.folder


async def _worked_for(place: LedgerPlace, names: set[str]) -> bool:
    """Whether a sidecar's last sheet had one of these names: it was moved already, or need not be."""
    async with reading(place) as ledger:
        return ledger is not None and await ledger.meta("sheet") in names


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        raise UsageError(
            phrase(
                "the sidecar cannot be moved there ({reason}).", reason=error.strerror or error
            ),
            code="cannot_move",
            where=str(source),
            hint=phrase(
                "Move the folder to {target} by hand, then run this command again.", target=target
            ),
        ) from error


async def _rename_videos(
    place: LedgerPlace, prefixes: tuple[str, str], old: Path, new: Path
) -> None:
    """Stored paths are relative to the sheet: say them from where it is now."""
    await place.rename(new.name)
    ledger = await place.for_command()
    try:
        await ledger.rename_files(*prefixes)
        await ledger.set_meta("sheet", str(new))
        await _rename_listing(ledger, listing_path(old), listing_path(new))
    finally:
        ledger.close()


async def _rename_listing(ledger: Ledger, old: Path, new: Path) -> None:
    """The list of variants goes with its sheet; if it cannot, the next run writes a new one."""
    if await ledger.meta(NOTED) == old.name and await asyncio.to_thread(_moved, old, new):
        await ledger.set_meta(NOTED, new.name)


def _moved(old: Path, new: Path) -> bool:
    with contextlib.suppress(OSError):
        if is_listing(old) and not new.exists():
            old.rename(new)
            return True
    return False


def _prefix(sidecar: Sidecar, sheet: Path) -> str:
    return Path(os.path.relpath(sidecar.folder, sheet.parent)).as_posix() + "/"
