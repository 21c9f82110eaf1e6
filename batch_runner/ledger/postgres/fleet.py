"""A database that campaigns share, and the processes that work on them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Self, TypeVar

import psycopg

from batch_runner.ledger.committer import Touches
from batch_runner.ledger.database import Connection
from batch_runner.ledger.postgres.address import Address
from batch_runner.ledger.postgres.commit import PATIENT, THREADS, PostgresCommit
from batch_runner.ledger.postgres.connection import PostgresConnection, connect
from batch_runner.ledger.postgres.ledger import PostgresLedger
from batch_runner.ledger.postgres.migrate import prepare, prepare_campaign, schema_of
from batch_runner.ledger.postgres.pool import PostgresPoolStore
from batch_runner.ledger.postgres.shared import SCHEMA
from batch_runner.ledger.postgres.trouble import Patience, passes, told

T = TypeVar("T")

AT_FIRST = 10.0  # seconds that a database is waited for which never answered yet


class Fleet:
    """The shared tables, and the way to each campaign's ledger.

    What can be asked and done stands in :mod:`campaigns`, :mod:`workers` and :mod:`limits`, as
    functions of a connection: ``await fleet.ask(campaigns.get, campaign)``.
    """

    def __init__(self, address: Address, *, patience: float = PATIENT) -> None:
        self._address = address
        self._patience = patience
        self._commit = PostgresCommit(
            address, partial(connect, address, SCHEMA), threads=2, patience=patience
        )
        self.where = str(address)

    @classmethod
    async def open(
        cls, url: str, *, patience: float = PATIENT, at_first: float = AT_FIRST
    ) -> Self:
        """Reach a database and make its shared tables ready.

        Args:
            url: its address, ``postgresql://...``.
            patience: seconds that it is waited for, should it be away later.
            at_first: seconds that it is waited for now.

        Raises:
            ConfigError: this is no address.
            LedgerError: it cannot be reached or used, or is of a later version.
        """
        address = Address.of(url)
        await asyncio.to_thread(_on_its_own, address, prepare, at_first)
        return cls(address, patience=patience)

    def close(self) -> None:
        """Finish what was begun; ledgers that were opened are closed by themselves."""
        self._commit.close()

    async def ask(self, work: Callable[..., T], *args: Any, **terms: Any) -> T:
        """Ask the shared tables.

        Raises:
            LedgerError: the database cannot be used.
        """
        return await self._commit.do(
            lambda connection: work(connection, *args, **terms), touches=Touches.NOTHING
        )

    async def change(self, work: Callable[..., T], *args: Any, **terms: Any) -> T:
        """Change the shared tables; durable when it returns.

        Raises:
            LedgerError: the database cannot be used.
        """
        return await self._commit.do(
            lambda connection: work(connection, *args, **terms), touches=Touches.ONE
        )

    async def salt(self) -> str:
        """What goes into the fingerprints of keys, so that all machines name an account alike."""
        return await self.ask(_salt)

    def pool(self, account: str, origin: str) -> PostgresPoolStore:
        """The runs and workers of an account; not for the event loop's thread."""
        return PostgresPoolStore(self._commit, account, origin)

    async def ledger(self, campaign: str, *, threads: int = THREADS) -> PostgresLedger:
        """Open a campaign's ledger; its tables are made or brought up to date.

        ``threads``: how many units may be at work at the same time, each with a connection.

        Raises:
            LedgerError: the database cannot be used, or the campaign is of a later version.
        """
        number = await asyncio.to_thread(
            _on_its_own,
            self._address,
            partial(prepare_campaign, campaign=campaign),
            self._patience,
        )
        opening = partial(connect, self._address, schema_of(campaign), SCHEMA)
        commit = PostgresCommit(
            self._address, opening, campaign=number, threads=threads, patience=self._patience
        )
        return PostgresLedger(commit, self.where, campaign, number)


def _on_its_own(address: Address, work: Callable[[PostgresConnection], T], patience: float) -> T:
    """Work that says itself where its transactions end, and may be done twice."""
    wait = Patience(lambda: patience, time.monotonic, time.sleep).begin()
    while True:
        try:
            with contextlib.closing(connect(address)) as connection:
                return work(connection)
        except psycopg.Error as error:
            if not passes(error) or not wait():
                raise told(error, address) from error


def _salt(connection: Connection) -> str:
    (salt,) = connection.execute("SELECT value FROM facts WHERE name = 'salt'").fetchone()
    return str(salt)
