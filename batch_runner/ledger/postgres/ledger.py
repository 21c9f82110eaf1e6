"""A campaign's ledger in a PostgreSQL database."""

from __future__ import annotations

from typing import TypeVar

from batch_runner.ledger.committer import Committer, Work
from batch_runner.ledger.ledger import Ledger

T = TypeVar("T")


class PostgresLedger(Ledger):
    """A ledger that many processes work on, on any number of machines."""

    def __init__(self, commit: Committer, where: str, campaign: str) -> None:
        super().__init__(commit)
        self.campaign = campaign
        self.where = where

    async def _beside(self, work: Work[T]) -> T:
        return await self._ask(work)
