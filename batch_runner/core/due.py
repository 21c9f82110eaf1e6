"""When a scheduled run is due, and what becomes of times that passed while nobody ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ON_TIME = timedelta(minutes=1)
"""So late a time still counts as met: computers are busy, and sleep for a moment."""


class Missed(StrEnum):
    """What becomes of times that passed."""

    RUN = "run"  # one run now, however many they are
    SKIP = "skip"  # none


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a schedule."""

    after: Callable[[datetime], datetime]  # the first one later than this
    latest: Callable[[datetime], datetime]  # the last one that is not later than this


class Action(StrEnum):
    """What is to be done."""

    WAIT = "wait"  # until the time
    RUN = "run"  # now, for the time
    SKIP = "skip"  # nothing: the time was missed


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done next, and the time of the schedule it is about."""

    action: Action
    at: datetime


def next_step(last: datetime, now: datetime, times: Times, missed: Missed) -> Step:
    """What to do now, when all times up to ``last`` are dealt with.

    A clock that was set back makes no time come twice within what is dealt with, but is believed
    where it says that ``last`` is still to come.
    """
    upcoming = times.after(min(last, now))
    if upcoming > now:
        return Step(Action.WAIT, upcoming)
    latest = times.latest(now)
    if missed is Missed.RUN or now - latest <= ON_TIME:
        return Step(Action.RUN, latest)
    return Step(Action.SKIP, latest)
