"""What the times of earlier tasks say about one that is still at work.

The times are those of the last tasks of a model, sorted. Beyond the longest of them nobody knows
more than that it gets ever less likely, so the curve goes on by halving.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

ENOUGH = 5
"""Tasks whose times must be known before they are relied on."""

_HALVING = 0.25  # of the usual time: within so much more, half of the slowest tasks end


def usual(times: Sequence[float]) -> float:
    """The time in which half of the tasks were done."""
    return times[len(times) // 2]


def left_after(times: Sequence[float], elapsed: float) -> float:
    """The share of tasks that is not done after so many seconds; never quite zero."""
    count = len(times)
    done = bisect_right(times, elapsed)
    if done < count:
        before = times[done - 1] if done else 0.0
        gap = times[done] - before
        part = (elapsed - before) / gap if gap > 0 else 0.0
        return 1.0 - (done + max(0.0, part)) / (count + 1)
    return math.exp2(-(elapsed - times[-1]) / _step(times)) / (count + 1)


def chance_done(times: Sequence[float], seen: float, elapsed: float) -> float:
    """How likely a task is done by now that was not after ``seen`` seconds."""
    elapsed = max(seen, elapsed)
    if seen >= times[-1]:  # the slowest ones: how long they took already does not matter
        return 1.0 - math.exp2(-(elapsed - seen) / _step(times))
    return 1.0 - left_after(times, elapsed) / left_after(times, seen)


def time_of(times: Sequence[float], seen: float, chance: float) -> float:
    """Seconds after its start at which a task, not done after ``seen``, is done so likely."""
    if seen >= times[-1]:
        return seen - _step(times) * math.log2(1.0 - chance)
    left = left_after(times, seen) * (1.0 - chance)
    count = len(times)
    place = (1.0 - left) * (count + 1)  # between the order statistics
    if place >= count:
        return times[-1] + _step(times) * math.log2(1.0 / (left * (count + 1)))
    index = int(place)
    before = times[index - 1] if index else 0.0
    return before + (times[index] - before) * (place - index)


def took(times: Sequence[float], seen: float, elapsed: float) -> float:
    """How long a task likely took that was not done after ``seen`` seconds, and was at ``elapsed``.

    By what other tasks took: the middle of such a span says little where one look found it done.
    """
    if len(times) < ENOUGH:
        return (seen + elapsed) / 2
    chance = chance_done(times, seen, elapsed) / 2
    return min(elapsed, max(seen, time_of(times, seen, chance)))


def _step(times: Sequence[float]) -> float:
    return max(0.001, _HALVING * usual(times))
