"""When the first video may be there, and when all of it: simple arithmetic, honestly rough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_runner.core.language import phrase
from batch_runner.core.pace import START_SLOTS


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


def whole_time(videos: int, slots: int | None, usual: tuple[float, float]) -> tuple[float, float]:
    """Seconds that so many videos take, at least and at most.

    Args:
        videos: how many are to be made.
        slots: how many at once; ``None``: as many as the provider lets us, from few to many.
        usual: seconds that one takes, at least and at most.
    """
    if slots is not None:
        rounds = math.ceil(videos / slots)
    else:
        # From START_SLOTS on, each one accepted makes room for one more.
        rounds = 1 + math.ceil(math.log2(max(1.0, videos / START_SLOTS)))
    return rounds * usual[0], rounds * usual[1]


def minutes(seconds: float) -> str:
    """``3 min``, ``2 h 10 min``."""
    whole = max(1, math.ceil(seconds / 60))
    hours, rest = divmod(whole, 60)
    if hours:
        return phrase("{hours} h {rest} min", hours=hours, rest=rest)
    return phrase("{rest} min", rest=rest)
