"""What the database says is wrong: which of it passes, and how the rest is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.postgres.address import Address

AGAIN = frozenset(
    {
        "25P03",  # silent within a transaction for too long: this machine slept
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53300",  # too many connections
        "55P03",  # lock not available
        "57P01",  # shut down by an administrator
        "57P02",  # crashed
        "57P03",  # starting or stopping
    }
)
"""Codes of errors after which the same unit of work is run again."""

FIRST, LONGEST = 0.05, 2.0  # seconds between two tries


def passes(error: psycopg.Error) -> bool:
    """Whether the same may succeed when it is tried again."""
    if error.sqlstate is None:  # it came from the driver: there is no connection
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate in AGAIN or error.sqlstate.startswith("08")


def told(error: psycopg.Error, address: Address) -> LedgerError:
    """The error as people are told of it; the address never shows its password."""
    return LedgerError(
        phrase("the ledger's database cannot be used ({reason}).", reason=address.told(error)),
        code="ledger_io",
        where=str(address),
        hint=phrase(
            "Nothing is submitted without it. Run the same command again when the database can be reached; accepted tasks are kept."
        ),
    )


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a lost connection is waited for, in seconds; by which clock, and how."""

    seconds: Callable[[], float]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def begin(self) -> Callable[[], bool]:
        """A wait begins. What is given waits each time longer; ``False``: that was long enough."""
        begun, tries = self.clock(), itertools.count()

        def wait() -> bool:
            left = begun + self.seconds() - self.clock()
            if left <= 0:
                return False
            self.sleep(min(left, LONGEST, FIRST * 2.0 ** min(next(tries), 16)))
            return True

        return wait
