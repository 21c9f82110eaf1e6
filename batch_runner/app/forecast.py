"""When the first video may be there, and when all of it: simple arithmetic, honestly rough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How far a run has come, to foresee the rest."""

    started: datetime
    now: datetime
    total: int
    ended: int
    being_made: int


def first_video(pulse: Pulse, learned: Sequence[float]) -> datetime | None:
    """When the first video of this run is to be expected; ``None``: nobody knows, or it is here.

    ``learned``: seconds that earlier tasks took, sorted.
    """
    if pulse.ended or not learned or not pulse.total:
        return None
    return max(pulse.now, pulse.started + timedelta(seconds=learned[len(learned) // 4]))


def finish(pulse: Pulse, learned: Sequence[float]) -> datetime | None:
    """When everything is to be expected; ``None``: nobody knows yet.

    As fast as so far, but never sooner than one usual task from now.
    """
    left = pulse.total - pulse.ended
    if left <= 0:
        return None
    usual = learned[len(learned) // 2] if learned else None
    elapsed = (pulse.now - pulse.started).total_seconds()
    if pulse.ended and elapsed > 0:
        seconds = left * elapsed / pulse.ended
        return pulse.now + timedelta(seconds=seconds)
    if usual is None:
        return None
    rounds = -(-left // max(1, pulse.being_made))
    return pulse.now + timedelta(seconds=rounds * usual)
