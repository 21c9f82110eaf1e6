"""How runs of one account divide what the account bears: tasks in flight, and submits a second.

Each run says what it would use alone, what it has in flight, and whether it has more to send. The
largest of these limits is that of all together; it is divided evenly, what one cannot use goes to
the others, and where there is less than one slot for each, whoever waited longest is next.

A run uses more only as others give it up (``granted``), so the sum stays within the limit while
shares move. Whoever's tasks are more than its share just sends nothing until they have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One run as the others see it."""

    id: str
    rate: float  # submits a second that it would make alone
    slots: int  # tasks in flight that it would have alone
    in_flight: int
    sending: bool  # whether it has more to send
    served_at: float  # when it last took a slot; the smaller, the longer it waits
    granted_rate: float = 0.0  # what it may use at present
    granted_slots: int = 0

    @property
    def held(self) -> int:
        """Slots that nobody else may take now."""
        return max(self.in_flight, self.granted_slots)

    def granted(self, share: Share) -> Member:
        """With the share it got."""
        return replace(self, granted_rate=share.rate, granted_slots=share.slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one run may use."""

    rate: float  # submits a second; 0: none for now
    slots: int  # tasks in flight, those there are included
    others: int = 0  # tasks that other runs have in flight
    alone: bool = True


def share_of(me: Member, others: Sequence[Member]) -> Share:
    """What a run may use now, beside these others."""
    if not others:
        return Share(rate=me.rate, slots=me.slots)
    waiting = sorted((me, *others), key=lambda member: (member.served_at, member.id))
    place = waiting.index(me)
    slots = divide(
        max(member.slots for member in waiting),
        [member.slots if member.sending else member.in_flight for member in waiting],
    )[place]
    free_slots = max(member.slots for member in waiting) - sum(member.held for member in others)
    highest = max(member.rate for member in waiting)
    rate = level(highest, [member.rate if member.sending else 0.0 for member in waiting])[place]
    free_rate = highest - sum(member.granted_rate for member in others)
    return Share(
        rate=max(0.0, min(rate, free_rate)),
        slots=max(0, min(slots, free_slots)),
        others=sum(member.in_flight for member in others),
        alone=False,
    )


def divide(total: int, wishes: Sequence[int]) -> list[int]:
    """Whole units for each, evenly, nobody more than wished; the first ones get what is odd."""
    given = [0] * len(wishes)
    left = total
    hungry = [index for index, wish in enumerate(wishes) if wish > 0]
    while left > 0 and hungry:
        each = max(1, left // len(hungry))
        for index in hungry[:left]:
            more = min(wishes[index] - given[index], each)
            given[index] += more
            left -= more
        hungry = [index for index in hungry if given[index] < wishes[index]]
    return given


def level(total: float, wishes: Sequence[float]) -> list[float]:
    """The same for what is no whole number."""
    given = [0.0] * len(wishes)
    left = total
    for place, (wish, index) in enumerate(sorted((w, i) for i, w in enumerate(wishes))):
        given[index] = min(wish, left / (len(wishes) - place))
        left -= given[index]
    return given
