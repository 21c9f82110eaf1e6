"""What the scheduler needs from the outside world, as small protocols.

An adapter is one package: ``provider`` speaks HTTP, ``ledger`` speaks SQL. The scheduler sees
only these, so each can be exchanged (PostgreSQL, another service) without touching it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from batch_runner.core.outcomes import Balance, FetchOutcome, PollOutcome, SubmitOutcome


class Provider(Protocol):
    """The video service. Methods never raise for what a network or a server may do."""

    async def submit(self, body: bytes, key: str) -> SubmitOutcome:
        """POST exactly these bytes under this idempotency key; paid if accepted."""
        ...

    async def poll(self, task_id: str) -> PollOutcome:
        """Look at a task; free, and safe to repeat."""
        ...

    async def fetch(self, url: str, target: Path) -> FetchOutcome:
        """Download a video to ``target`` plus the extension its content asks for.

        Complete or not at all: checked for length and container, then renamed into place.
        """
        ...

    async def balance(self) -> Balance:
        """Ask for the account's balance; free. Also serves as the probe after an outage."""
        ...
