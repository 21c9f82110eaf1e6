"""What a run of the engine is given: the limits, and the outside world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from batch_runner.core.jobs import ClaimTerms, Job
from batch_runner.core.pace import Found
from batch_runner.core.ports import (
    Ledger,
    Listener,
    Others,
    Pictures,
    Provider,
    Publisher,
    Shelf,
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What may be used at most; ``None``: find out."""

    rate: float | None = None  # submits a second
    slots: int | None = None  # tasks in flight
    probes: float | None = None  # refused ones a second beyond slots that look full; None: 1,
    # where the slots were found out, and none beyond slots that were given
    looks: float | None = None  # looks a second; None: as pace.looks_rate says
    found: Found | None = None  # by an earlier run
    downloads: int = 4
    patience: float = 1800.0  # seconds to wait for a provider that is down
    deadline: float | None = None  # seconds for the whole run


@dataclass(frozen=True, kw_only=True)
class World:
    """The outside world of one run."""

    ledger: Ledger
    provider: Provider
    shelf: Shelf
    listener: Listener
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    terms: Callable[[], ClaimTerms]
    before_claim: Callable[[], Awaitable[None]]
    book: Callable[[], Awaitable[None]]  # bring the books up to date, where a budget is kept
    pictures: Pictures
    others: Others | None = None  # workers over the same ledger
    # Takes a job whose video this process cannot store, for one that can; None: it stores all.
    elsewhere: Callable[[Job], Awaitable[None]] | None = None
    publisher: Publisher | None = None  # None: rows show the provider's links
