"""A process among those that share a database: it beats, and sees that the dead are buried."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.place.database import LONG, opened
from batch_runner.core.errors import LedgerError
from batch_runner.ledger.postgres import workers
from batch_runner.ledger.postgres.bucket import Desk
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.queue.queue import forget

UP = 2 * workers.BEAT  # seconds that the database must have answered: all could beat by then
RESCUE = 15.0  # seconds between two looks for those that died
PARTING = 10.0  # seconds that a member takes to say that it ends
FLEET_MEET = 1.0  # seconds between two looks at who else uses an account

RUN, WORKER = "run", "worker"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One process, known to the others by its token."""

    fleet: Fleet
    url: str = field(repr=False)
    token: str
    lost: asyncio.Event = field(default_factory=asyncio.Event)  # the others take it for dead

    async def beat(self) -> None:
        """Give signs of life until cancelled, or taken for dead."""
        alive = True
        while alive:
            await asyncio.sleep(workers.BEAT)
            alive = await self.stay(workers.LEASE)
        self.lost.set()

    async def stay(self, seconds: float) -> bool:
        """Count as alive for so long, whatever comes; ``False``: it was taken for dead."""
        return await self.fleet.change(workers.beat, self.token, seconds)

    async def rescue(self, rescued: Callable[[], None]) -> None:
        """Bury those that died, until cancelled; ``rescued`` is told when their tasks are free."""
        while True:
            if dead := await self.fleet.change(workers.bury, UP):
                rescued()
                with contextlib.suppress(LedgerError):  # words that nobody reads hurt nobody
                    await forget(self.url, dead)
            await asyncio.sleep(RESCUE)

    async def account(self, key: str) -> str:
        """By what all who use this database know an API key's account."""
        return fingerprint(key, await self.fleet.salt())

    async def desk(self, key: str, origin: str) -> Desk:
        """As who this process claims jobs."""
        return Desk(token=self.token, account=await self.account(key), origin=origin)

    async def others(self, origin: str) -> list[str]:
        """The tokens of the workers that may take jobs of this service."""
        found = await self.fleet.ask(workers.every)
        return [
            one.token
            for one in found
            if one.alive
            and one.role == WORKER
            and one.origin == origin
            and one.token != self.token
        ]


@asynccontextmanager
async def joined(
    url: str, role: str, origin: str, *, lease: float = workers.LEASE
) -> AsyncIterator[Member]:
    """Be one of them, for as long as the block runs.

    ``lease``: seconds for which it counts as alive before it beats.

    Raises:
        ConfigError: this is no address of a database.
        LedgerError: it cannot be used.
    """
    async with opened(url, LONG) as fleet:
        token = await fleet.change(
            workers.register,
            host=socket.gethostname(),
            pid=os.getpid(),
            role=role,
            origin=origin,
            lease=lease,
        )
        try:
            yield Member(fleet=fleet, url=url, token=token)
        finally:
            with contextlib.suppress(LedgerError, TimeoutError):  # its lease ends by itself
                async with asyncio.timeout(PARTING):
                    await fleet.change(workers.leave, token)
