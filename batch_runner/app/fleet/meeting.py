"""Where the members of a fleet divide what an account bears, by the database's clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self

from batch_runner.core.pace import Found
from batch_runner.core.share import Member
from batch_runner.ledger.pool_store import Told
from batch_runner.ledger.postgres import limits
from batch_runner.ledger.postgres.fleet import Fleet


@dataclass(frozen=True)
class FleetMeeting:
    """A :class:`batch_runner.app.run.pool.Meeting` in the shared tables."""

    fleet: Fleet
    who: tuple[str, str]  # account and origin
    ahead: float  # seconds that the database's clock is ahead of ours

    @classmethod
    async def at(cls, fleet: Fleet, account: str, origin: str) -> Self:
        """That of one account at one service."""
        theirs = await fleet.ask(limits.seconds)
        return cls(fleet, (account, origin), theirs - time.time())

    def now(self) -> float:
        """The database's time, as near as it is known."""
        return time.time() + self.ahead

    async def meet(self, me: Member, at: float, *, limited_at: float, cool_until: float) -> Told:
        """Tell, and learn."""
        return await self.fleet.change(
            limits.meet, self.who, me, at, limited_at=limited_at, cool_until=cool_until
        )

    async def leave(self, member: str) -> None:
        """Leave."""
        await self.fleet.change(limits.leave, member)

    async def found(self, at: float) -> Found | None:
        """What was found."""
        return await self.fleet.change(limits.found, self.who, at)

    async def remember(self, rate: float | None, slots: float | None, at: float) -> None:
        """Keep what was found."""
        await self.fleet.change(limits.remember, self.who, rate, slots, at)
