"""How fast to submit: the rate and the slots, as the provider's answers shape them.

Limits that the user gave are believed and used in full at once; only a 429 cuts them. Limits
that nobody gave are found: a gentle start, rising with each accepted job until the first 429,
and from then on a little with each accepted job and down with each 429, so that about one
submit in thirty is refused.

A 429 does not say whether it means the rate or the slots. The rate is tried first; a 429 that
stays however long the pause is one of slots, and then the slots are as many as tasks are held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

START_RATE = 8.0  # submits a second
START_SLOTS = 4.0  # tasks in flight
MAX_RATE = 200.0
MAX_SLOTS = 1000.0
LEAST_RATE = 0.2
LEAST_LOOKS = 20.0  # looks a second that are never too many
FIRST_COOL_DOWN = 0.1  # seconds at least after a 429 that names no time; doubled each in a row
LONGEST_COOL_DOWN = 60.0
LOSS = 0.03  # share of submits that may be refused
STEP = 0.25  # how strongly one answer moves the rate
SLOT_STEP = 0.02  # slots won with each accepted job, once they are known
SLOTS_AFTER = 4  # 429s in a row, each after a longer pause, that no rate explains
FOUND_HOLDS = 86_400.0  # seconds for which limits that were found are used by later runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Limits that an earlier run found."""

    rate: float | None
    slots: float | None
    age: float  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The limits in force."""

    rate: float  # submits a second
    slots: float  # tasks in flight; whole part counts
    rate_cap: float = MAX_RATE  # what was given, or our own bound
    slots_cap: float = MAX_SLOTS
    limited: bool = False  # a 429 was seen: growth is slow from then on
    slots_known: bool = False  # a 429 showed how many there are
    in_a_row: int = 0  # 429s since the last accepted job
    proven: float = 0.0  # the rate before the present row of 429s

    @classmethod
    def start(cls, rate: float | None, slots: int | None, found: Found | None = None) -> Pace:
        """The pace of a fresh run; ``None`` for what nobody knows."""
        if found is None or found.age > FOUND_HOLDS:
            found = Found(rate=None, slots=None, age=0.0)
        known = slots is None and found.slots is not None
        return cls(
            rate=rate or found.rate or START_RATE,
            slots=float(slots or found.slots or START_SLOTS),
            rate_cap=MAX_RATE if rate is None else rate,
            slots_cap=MAX_SLOTS if slots is None else float(slots),
            limited=known or (rate is None and found.rate is not None),
            slots_known=known,
        )

    @property
    def rate_given(self) -> bool:
        """Whether the user settled the rate."""
        return self.rate_cap != MAX_RATE

    @property
    def slots_given(self) -> bool:
        """Whether the user settled the slots."""
        return self.slots_cap != MAX_SLOTS

    @property
    def searching(self) -> bool:
        """Whether the slots are found out: the user gave none, and a 429 showed them."""
        return self.slots_known and not self.slots_given


def given(pace: Pace, *, rate: float | None = None, slots: int | None = None) -> Pace:
    """Limits that the user gives during a run: believed, and used in full at once."""
    if rate is not None:
        pace = replace(pace, rate=rate, rate_cap=rate, limited=False, in_a_row=0)
    if slots is not None:
        pace = replace(pace, slots=float(slots), slots_cap=float(slots), slots_known=False)
    return pace


def found_by(pace: Pace) -> tuple[float | None, float | None]:
    """Rate and slots that a run found and the next may start with; ``None``: not found.

    A limit that the user gave, or that no 429 ever confirmed, is none that was found.
    """
    return (
        pace.rate if pace.limited and not pace.rate_given else None,
        pace.slots if pace.slots_known and not pace.slots_given else None,
    )


def looks_rate(pace: Pace) -> float:
    """Looks a second, where the user settled none: a budget of their own, beside the submits.

    One look a second for each slot is more than lazy looking needs; and a provider that bears
    so many submits bears as many looks, which cost it less.
    """
    return max(LEAST_LOOKS, pace.slots, 1.5 * pace.rate)


def accepted(pace: Pace) -> Pace:
    """After a job was taken: rise, fast before the first 429 and slowly after it."""
    growth = 1.1 if not pace.limited else 1 + STEP * LOSS
    return replace(
        pace,
        slots=min(pace.slots_cap, pace.slots + (SLOT_STEP if pace.slots_known else 1.0)),
        rate=min(pace.rate_cap, pace.rate * growth),
        in_a_row=0,
    )


def limited(pace: Pace, in_flight: int, ended: int = 0) -> Pace:
    """After a 429, with so many tasks in flight, of which some likely ended unseen.

    Several in a row say one thing about the rate, so only the first slows it; the pauses between
    them grow, and if none of them helped, it is the slots.
    """
    row = pace.in_a_row + 1
    of_slots = pace.slots_known and in_flight >= int(pace.slots) - 1
    told = replace(pace, limited=True, in_a_row=row, proven=pace.proven if row > 1 else pace.rate)
    if of_slots or row >= SLOTS_AFTER:
        least = pace.slots - 1 if of_slots else 1.0
        slots = max(1.0, least, min(pace.slots, float(in_flight - ended)))
        return replace(told, slots=slots, slots_known=True, rate=told.proven)
    if row > 1:
        return told
    return replace(told, rate=max(min(LEAST_RATE, pace.rate), pace.rate * (1 - STEP * (1 - LOSS))))


def cool_down(pace: Pace, retry_after: float | None, jitter: float) -> float:
    """Seconds during which nothing is submitted; ``jitter`` in 0..1 only ever adds.

    Without a named time: as long as one submit takes at this rate, doubled with each 429 in a
    row.
    """
    if retry_after is not None:
        return retry_after + 0.1 * jitter * max(1.0, retry_after)
    first = max(FIRST_COOL_DOWN, 1.0 / pace.rate)
    bare: float = first * 2.0 ** min(max(0, pace.in_a_row - 1), 16)
    return min(LONGEST_COOL_DOWN, bare) * (1 + 0.5 * jitter)


def backoff(tries: int, jitter: float, *, first: float = 1.0, longest: float = 60.0) -> float:
    """Seconds before the next try of one job: doubling, with jitter that only adds."""
    grown: float = first * 2.0 ** min(max(0, tries - 1), 16)
    return min(longest, grown) * (1 + 0.5 * jitter)
