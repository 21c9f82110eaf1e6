"""A run as the ledger, the log and the other runs know it."""

from __future__ import annotations

from dataclasses import dataclass, field

from batch_runner.app.money.run_budget import Seat
from batch_runner.app.money.spending import Purse
from batch_runner.app.place.neighbours import Neighbours
from batch_runner.app.run.pool import Pool
from batch_runner.app.run.run_log import RunLog
from batch_runner.scheduler.halt import Halt


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """This run as the ledger and the log know it, and the key it sends with."""

    run: int
    key: str = field(repr=False)
    log: RunLog
    purse: Purse | None  # the user's own books; None: they cannot be used, and need not be
    neighbours: Neighbours  # other computers that may work on the sheet
    pool: Pool | None = None  # other runs of the account; None: nothing can be known of them
    budget: Seat | None = None  # which it shares with other sheets
    halt: Halt = field(default_factory=Halt)
