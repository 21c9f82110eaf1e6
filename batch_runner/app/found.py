"""The limits that a run found, kept in the ledger for the next one."""

from __future__ import annotations

import json
from datetime import datetime

from batch_runner.core.pace import Found, Pace, found_by
from batch_runner.ledger.sqlite import SqliteLedger

_NOTE = "found_limits:"


async def found_limits(ledger: SqliteLedger, origin: str, at: datetime) -> Found | None:
    """What the last run found out about the limits of this service."""
    text = await ledger.meta(_NOTE + origin)
    if text is None:
        return None
    note = json.loads(text)
    age = max(0.0, at.timestamp() - note["at"])
    return Found(rate=note["rate"], slots=note["slots"], age=age)


async def remember_limits(ledger: SqliteLedger, origin: str, pace: Pace, at: datetime) -> None:
    """Keep what a run found out; where it found nothing, the older note stays."""
    rate, slots = found_by(pace)
    if rate is None and slots is None:
        return
    note = {"rate": rate, "slots": slots, "at": at.timestamp()}
    await ledger.set_meta(_NOTE + origin, json.dumps(note))
