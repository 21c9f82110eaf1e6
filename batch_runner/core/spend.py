"""What all sheets of one user spend together: the values, and which day an amount belongs to.

An amount belongs to the day (and month) on which its request was sent, whenever it is charged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

Localise = Callable[[datetime], datetime]
"""Turns an aware time into that of the user's place."""


class Span(StrEnum):
    """What a budget of the user is for."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What is about to be sent, at the most it may cost."""

    key: str  # the attempt's idempotency key: the same for each send of it
    at: datetime
    model: str
    micros: int
    sends: int  # how often the attempt will have been sent then


@dataclass(frozen=True, slots=True)
class Refused:
    """A budget forbids the next send."""

    why: str  # a sentence
    passing: bool = False  # what others have in flight may turn out cheaper: ask again soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One attempt as the books have it."""

    key: str
    at: float  # unix seconds of its last send
    sends: int
    model: str
    origin: str
    account: str
    amount: int  # micro-dollars that it counts: charged, or reserved while that is not known
    cost: int | None  # micro-dollars charged; None: not known (yet)
    accepted: bool  # a task is known
    ended_at: float | None = None  # unix seconds when its end was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A budget of the user, as it stands at one moment."""

    span: Span
    micros: int
    since: datetime  # when the present day or month began


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A ledger that the books follow."""

    id: int
    ledger: Path
    campaign: str
    sheet: str
    mark: int  # id of the last line of its history that the books know


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays: an account at one service, under any of the origins that count as it."""

    account: str  # fingerprint of the API key, salted by these books
    origins: tuple[str, ...]  # the first is the one in use


def span_start(at: datetime, span: Span, localise: Localise) -> datetime:
    """When the day or month of a moment began, where the user is.

    The midnight may have another offset from UTC than the moment: clocks are put forward and
    back. Where there is no such midnight, the first moment after it is meant.
    """
    local = localise(at)
    wall = local.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    if span is Span.MONTH:
        wall = wall.replace(day=1)
    guess = wall.replace(tzinfo=local.tzinfo).astimezone(UTC)
    for _ in range(2):
        guess += wall - localise(guess).replace(tzinfo=None)
    shown = localise(guess).replace(tzinfo=None)
    return guess if shown >= wall else guess + timedelta(hours=1)


def over_budget(cap: Cap, held: int, usd: Callable[[int], str]) -> str:
    """Why the next row is not sent."""
    return (
        f"the next row could exceed the budget of the {cap.span}, {usd(cap.micros)} for all sheets "
        f"of this key ({usd(held)} are spent or reserved)."
    )
