"""Looks at all sheets of a board again and again, at what changed only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from batch_runner.app.board.board import Board, Entry
from batch_runner.app.board.sight import Sight, live_of, look
from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.core.errors import BatchRunnerError

RESCAN = 5.0  # seconds after which folders and settings are looked at again
FRESH = 2_000_000_000  # nanoseconds in which a file may change without its times telling
SHARE = 5  # a look that takes long is not taken again before five times as long


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A sheet as it is shown."""

    entry: Entry
    sight: Sight = field(default_factory=Sight)
    trouble: str = ""  # why it cannot be looked at


@dataclass
class _Known:
    """What is remembered of a sheet between two looks."""

    view: View
    campaign: Campaign | None = None
    signature: tuple[int, ...] = ()
    not_before: float = 0.0


class Watcher:
    """One for all who watch; used by one thread at a time."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known: dict[str, _Known] = {}
        self._scanned = float("-inf")

    def views(self) -> Sequence[View]:
        """All sheets as they are now, in order."""
        if time.monotonic() - self._scanned >= RESCAN:
            self._scan()
        for known in self._known.values():
            self._look(known)
        return [known.view for known in self._known.values()]

    def forget(self) -> None:
        """Look at everything anew: something was changed."""
        self._scanned = float("-inf")

    def _scan(self) -> None:
        before, self._known = self._known, {}
        for entry in self._board.entries():
            known = before.get(entry.id) or _Known(View(entry=entry))
            try:
                known.campaign = self._board.campaign(entry)
                known.view = replace(known.view, trouble="")
            except BatchRunnerError as error:
                known.campaign = None
                known.view = View(entry=entry, trouble=str(error))
            known.signature = () if known.view.trouble else known.signature
            self._known[entry.id] = known
        self._scanned = time.monotonic()

    def _look(self, known: _Known) -> None:
        if known.campaign is None or time.monotonic() < known.not_before:
            return
        there = known.campaign.database is not None  # where no file tells of changes
        signature = () if there else _signature(known.campaign.sidecar.ledger)
        began = time.monotonic()
        try:
            if there or signature != known.signature:
                sight = asyncio.run(look(known.campaign, now()))
                known.signature = signature if signature and _settled(signature) else ()
            else:
                # Pausing, for one, changes no ledger.
                run = known.view.sight.run
                live = asyncio.run(live_of(known.campaign, run))
                sight = replace(known.view.sight, live=live)
            known.view = View(entry=known.view.entry, sight=sight)
        except BatchRunnerError as error:
            known.view = replace(known.view, trouble=str(error))
        known.not_before = time.monotonic() + SHARE * (time.monotonic() - began)


def _signature(ledger: Path) -> tuple[int, ...]:
    """What tells a ledger from what it was before: a commit changes it or its log."""
    found: list[int] = []
    for path in (ledger, ledger.with_name(f"{ledger.name}-wal")):
        try:
            seen = path.stat()
        except OSError:
            found += (0, 0, 0)
        else:
            found += (seen.st_mtime_ns, seen.st_size, seen.st_ino)
    return tuple(found)


def _settled(signature: tuple[int, ...]) -> bool:
    """Whether it is old enough for a later change to show."""
    return time.time_ns() - max(signature[0], signature[3]) > FRESH
