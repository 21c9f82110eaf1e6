"""What a sheet is worked on with during a run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from batch_runner.app.sheet.intake import Rulebook
from batch_runner.app.sheet.previews import Previews
from batch_runner.app.sheet.projection import Localise
from batch_runner.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a sheet is worked on with."""

    sheet: Path
    sidecar: Path  # where results wait if the sheet's folder takes no file
    rules: Rulebook
    ledger: Ledger
    origin: str
    pictures: Path  # copies of those in the workbook
    localise: Localise
    now: Callable[[], datetime]
    output: Path | None = None  # results go into this copy; the sheet itself is not touched
    style: bool = True  # whether our cells in a workbook get looks of their own
    grow_tables: bool = True  # whether tables take our columns in
    break_signature: bool = False  # whether a signed workbook may be changed
    previews: Previews | None = None  # where pictures of the videos come from, if wanted
    notice: Callable[[str, str], None] = lambda _code, _message: None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
