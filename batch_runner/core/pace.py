"""How fast to submit: the rate and the slots, as the provider's answers shape them.

Limits that the user gave are believed and used in full at once; only a 429 cuts them. Limits
that nobody gave are found: a gentle start, rising with each accepted job until the first 429.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

START_RATE = 8.0  # submits a second
START_SLOTS = 4.0  # tasks in flight
MAX_RATE = 200.0
MAX_SLOTS = 1000.0
LEAST_LOOKS = 20.0  # looks a second that are never too many
FIRST_COOL_DOWN = 1.0  # seconds after a 429 that names no time; doubled each time in a row
LONGEST_COOL_DOWN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The limits in force."""

    rate: float  # submits a second
    slots: float  # tasks in flight; whole part counts
    rate_cap: float = MAX_RATE  # what was given, or our own bound
    slots_cap: float = MAX_SLOTS
    limited: bool = False  # a 429 was seen: growth is slow from then on
    in_a_row: int = 0  # 429s since the last accepted job

    @classmethod
    def start(cls, rate: float | None, slots: int | None) -> Pace:
        """The pace of a fresh run; ``None`` for what nobody knows."""
        return cls(
            rate=START_RATE if rate is None else rate,
            slots=START_SLOTS if slots is None else float(slots),
            rate_cap=MAX_RATE if rate is None else rate,
            slots_cap=MAX_SLOTS if slots is None else float(slots),
        )


def looks_rate(pace: Pace) -> float:
    """Looks a second, where the user settled none: a budget of their own, beside the submits.

    One look a second for each slot is more than lazy looking needs; and a provider that bears
    so many submits bears as many looks, which cost it less.
    """
    return max(LEAST_LOOKS, pace.slots, 1.5 * pace.rate)


def accepted(pace: Pace) -> Pace:
    """After a job was taken: rise, fast before the first 429 and slowly after it."""
    slot_step = 1.0 if not pace.limited else 0.1
    rate_step = 0.1 * pace.rate if not pace.limited else 0.01 * pace.rate
    return replace(
        pace,
        slots=min(pace.slots_cap, pace.slots + slot_step),
        rate=min(pace.rate_cap, pace.rate + rate_step),
        in_a_row=0,
    )


def limited(pace: Pace, in_flight: int) -> Pace:
    """After a 429: no more slots than tasks the provider holds, and a slower rate.

    Several 429s of one burst say one thing, so only the first in a row slows the rate.
    """
    slower = pace.rate if pace.in_a_row else max(0.2, 0.8 * pace.rate)
    return replace(
        pace,
        slots=max(1.0, min(pace.slots, float(in_flight))),
        rate=slower,
        limited=True,
        in_a_row=pace.in_a_row + 1,
    )


def cool_down(pace: Pace, retry_after: float | None, jitter: float) -> float:
    """Seconds during which nothing is submitted; ``jitter`` in 0..1 only ever adds."""
    if retry_after is not None:
        return retry_after + 0.1 * jitter * max(1.0, retry_after)
    bare: float = FIRST_COOL_DOWN * 2.0 ** min(pace.in_a_row, 10)
    return min(LONGEST_COOL_DOWN, bare) * (1 + 0.5 * jitter)


def backoff(tries: int, jitter: float, *, first: float = 1.0, longest: float = 60.0) -> float:
    """Seconds before the next try of one job: doubling, with jitter that only adds."""
    grown: float = first * 2.0 ** min(max(0, tries - 1), 16)
    return min(longest, grown) * (1 + 0.5 * jitter)
