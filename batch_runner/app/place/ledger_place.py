"""Where the ledger of a sheet is: a file of this computer's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from batch_runner.app.place.sidecar import Sidecar
from batch_runner.core.errors import LedgerError
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.sqlite import SqliteLedger, bring_up_to_date


class LedgerPlace(Protocol):
    """A ledger that may be there or not, and how it is opened."""

    def exists(self) -> bool:
        """Whether the sheet ever ran."""
        ...

    async def make_ready(self) -> None:
        """Bring it to this program's version, where a run holds its sheet."""
        ...

    async def rename(self, sheet: str) -> None:
        """The sheet's file has another name."""
        ...

    async def for_run(self) -> Ledger:
        """For a run: made, if there is none, and never in the way of the event loop."""
        ...

    async def for_command(self) -> Ledger:
        """For a short command that changes something."""
        ...

    async def for_reading(self) -> Ledger:
        """For looking only, also beside a run.

        Raises:
            LedgerError: it cannot be read, or holds nothing yet (code ``ledger_empty``).
        """
        ...


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """In a SQLite file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.is_file()

    async def make_ready(self) -> None:
        """Bring it to this program's version."""
        await asyncio.to_thread(bring_up_to_date, self.path)

    async def rename(self, sheet: str) -> None:
        """It goes with the sidecar."""

    async def for_run(self) -> Ledger:
        """Many changes share one wait for the disk."""
        return SqliteLedger.for_run(self.path)

    async def for_command(self) -> Ledger:
        """Without a thread."""
        return SqliteLedger.for_command(self.path)

    async def for_reading(self) -> Ledger:
        """For looking only."""
        return SqliteLedger.for_reading(self.path)


def ledger_file(sidecar: Sidecar) -> LedgerFile:
    """The file in a sidecar."""
    return LedgerFile(sidecar.ledger)


@contextlib.asynccontextmanager
async def reading(place: LedgerPlace) -> AsyncIterator[Ledger | None]:
    """A sheet's ledger for looking at only; ``None`` if it never ran."""
    if not place.exists():
        yield None
        return
    try:
        ledger = await place.for_reading()
    except LedgerError as error:
        if error.code != "ledger_empty":
            raise
        yield None
        return
    try:
        yield ledger
    finally:
        ledger.close()
