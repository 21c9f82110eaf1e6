"""Everything that the flights of a run work with, and share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from batch_runner.core.decide import Policy
from batch_runner.core.jobs import Change, ClaimTerms, Job
from batch_runner.core.language import phrase
from batch_runner.core.ports import Ledger, Listener, Provider, Publisher, Shelf
from batch_runner.scheduler.breaker import Breaker
from batch_runner.scheduler.gates import LookGate, Throttle, Turns
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.health import Health


@dataclass(slots=True, kw_only=True)
class Watched:
    """A task at work, as far as it was looked at."""

    model: str
    since: float  # loop time at which it was taken; before this run's start, if by an earlier one
    last_no: float = 0.0  # seconds after that at which a look still said no
    woken: asyncio.Event = field(default_factory=asyncio.Event)  # the next look may be due now
    called_for: float | None = None  # loop time of the look that a call asks for
    calls_from: float = 0.0  # loop time before which no call leads to a look


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Everything a flight works with."""

    ledger: Ledger
    provider: Provider
    shelf: Shelf
    publisher: Publisher | None
    listener: Listener
    policy: Policy
    throttle: Throttle
    looks: LookGate
    downloads: Turns
    puts: asyncio.Semaphore  # videos on their way to another place at the same time
    halt: Halt
    health: Health
    breaker: Breaker
    now: Callable[[], datetime]  # wall time
    jitter: Callable[[], float]  # 0..1
    terms: Callable[[], ClaimTerms]
    learned: dict[str, list[float]]  # model -> seconds that its tasks took, sorted
    right: dict[str, int]  # model -> estimates of the provider in a row that proved right
    watched: dict[int, Watched]  # job -> its task at work
    hurry: asyncio.Event  # set once nothing is left to send: the end waits for looks alone
    urgent: Callable[[], bool]  # whether a look alone finds out that a slot is free
    sending: set[asyncio.Task[object]]  # flights between their claim and the answer's record
    kept: Callable[[Change], None]  # told of each change once it is durable
    answered: Callable[[], None]  # told when a flight is no longer sending
    elsewhere: Callable[[Job], Awaitable[None]] | None  # gives a video to whoever can store it

    def hurry_up(self) -> None:
        """Nothing is left to send: looks are planned anew."""
        if not self.hurry.is_set():
            self.hurry.set()
            for task in self.watched.values():
                task.woken.set()

    async def record(self, job: Job, change: Change) -> Job:
        """Make a change durable, tell it, and give the job as it is then."""
        now = await self.ledger.record(job, change)
        self.listener.changed(job, change)
        self.kept(change)
        return now


def key_refused(message: str) -> StopReason:
    """The API key does not work (any more)."""
    return StopReason(
        code="key_refused", message=phrase("the API key is refused: {message}", message=message)
    )
