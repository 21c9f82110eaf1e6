"""Which computer may work on a sheet that several of them see: decided by the leases beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

STALE = timedelta(minutes=10)
"""Without a sign of life for so long, a lease holds nobody up any more."""

LONGEST = 200  # characters of a name
_MACHINE = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One computer's word that it works on the sheet."""

    machine: str  # an id that stays when the computer gets another name
    host: str
    user: str
    since: datetime
    beat: datetime  # last sign of life

    def to_text(self) -> str:
        """As it is written."""
        told = {name: str(value) for name, value in asdict(self).items()}
        return json.dumps({**told, "since": self.since.isoformat(), "beat": self.beat.isoformat()})

    @classmethod
    def from_text(cls, text: str) -> Lease | None:
        """As it was written; ``None`` if it was cut off, or is none of ours."""
        try:
            told = json.loads(text)
            since, beat = (datetime.fromisoformat(told[name]) for name in ("since", "beat"))
            names = {name: str(told[name])[:LONGEST] for name in ("machine", "host", "user")}
            if not _MACHINE.fullmatch(names["machine"]):  # it is part of a file's name
                return None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if since.tzinfo is None or beat.tzinfo is None:
            return None
        return cls(**names, since=since, beat=beat)

    def __str__(self) -> str:
        return (
            f"{self.user} on the computer {self.host!r} (since {self.since:%Y-%m-%d %H:%M} UTC, "
            f"last sign of life {self.beat:%H:%M})"
        )


def fresh(lease: Lease, now: datetime) -> bool:
    """Whether whoever wrote it may still be at work; a clock ahead of ours is no proof of age."""
    return lease.beat > now - STALE


def others(leases: Iterable[Lease], machine: str) -> dict[str, Lease]:
    """The last word of every other computer."""
    found: dict[str, Lease] = {}
    for lease in sorted(leases, key=lambda lease: lease.beat):
        if lease.machine != machine:
            found[lease.machine] = lease
    return found


def gives_way_to(mine: Lease, theirs: Iterable[Lease], now: datetime) -> Lease | None:
    """The computer that goes on where two began before either heard of the other.

    It is the one that began first, so both decide alike.
    """
    ahead = [
        lease
        for lease in theirs
        if fresh(lease, now) and (lease.since, lease.machine) < (mine.since, mine.machine)
    ]
    return min(ahead, key=lambda lease: (lease.since, lease.machine), default=None)
