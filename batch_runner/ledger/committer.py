"""What the ledger asks of whatever makes its changes durable."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol, TypeVar

from batch_runner.ledger.database import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]
"""A unit of work. It may be run twice, so what it does elsewhere must be keyed."""


class Touches(Enum):
    """What a unit of work changes; units that cannot meet may run at the same time."""

    NOTHING = "nothing"  # a question; it sees one state of the ledger
    ONE = "one"  # a row or two, each locked before it is looked at
    MANY = "many"  # whatever it likes: nobody else changes anything meanwhile


class Committer(Protocol):
    """Runs units of work, each durable before its result is seen."""

    async def do(
        self, work: Work[T], *, touches: Touches = Touches.MANY, brief: bool = False
    ) -> T:
        """Run one unit; raises what it raises.

        Args:
            work: the unit.
            touches: what it changes.
            brief: a few rows, found by an index: it is over before anybody waits for it.
        """
        ...

    def close(self) -> None:
        """Finish all that was begun, then close the connection."""
        ...
