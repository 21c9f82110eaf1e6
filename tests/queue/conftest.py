"""Workers that listen to a real queue, for as long as a test needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from batch_runner.queue.queue import Ears, listen

T = TypeVar("T")
PATIENCE = 60.0  # seconds, far more than any word takes


@dataclass(kw_only=True)
class Listener:
    """One worker, and all that it heard."""

    name: str
    campaigns: list[str] = field(default_factory=list)
    times: list[tuple[str, datetime]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def ears(self, *schedules: str) -> Ears:
        """Its ears."""
        return Ears(
            worker=self.name,
            campaign=lambda campaign: self._note(self.campaigns, campaign),
            schedules=schedules,
            time=lambda schedule, at: self._note(self.times, (schedule, at)),
            noticed=lambda sentence: self._note(self.notices, sentence),
        )

    def _note(self, heard: list[T], what: T) -> None:
        heard.append(what)
        self.news.set()

    async def hears(self, heard: Sequence[object], many: int = 1) -> None:
        """Wait until it has heard so much."""
        async with asyncio.timeout(PATIENCE):
            while len(heard) < many:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def listening(
    dsn: str, *listeners: Listener, schedule: str = "", look: float = 10.0
) -> AsyncIterator[None]:
    """Within this block they listen."""
    schedules = [schedule] if schedule else []
    tasks = [
        asyncio.create_task(listen(dsn, one.ears(*schedules), look=look)) for one in listeners
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
