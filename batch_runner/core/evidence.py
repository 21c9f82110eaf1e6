"""Whether rows whose answer was lost were charged: what the provider counts beside what is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SETTLED = timedelta(hours=2)
"""After so long a task is done or failed, and the provider has booked it."""


class Certainty(StrEnum):
    """What can be said of rows of which no ledger knows what became of them."""

    NOT_CHARGED = "not_charged"  # sure: whatever else used the account would only add
    CHARGED = "charged"  # likely: somebody else's videos look the same
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the user's books know an account to have bought of a model since a moment."""

    surely: int  # videos sent and done since
    perhaps: int  # videos sent before, whose end was only seen since
    open: int  # tasks that are not done yet, as far as is known
    lost: int  # sends of which nobody knows whether they were accepted
    money: int  # micro-dollars charged for all that was sent since, whatever the model


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one model's lost rows."""

    sent_last: datetime
    asked: datetime
    known: Known
    counted: int | None  # videos that the provider charged since; None: it did not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the evidence says."""

    certainty: Certainty
    sentence: str


def weigh(evidence: Evidence) -> Finding:
    """What the provider's count says of the lost rows, taken together."""
    known, counted = evidence.known, evidence.counted
    if counted is None:
        return Finding(
            certainty=Certainty.UNSURE,
            sentence="the provider does not say what it charged since.",
        )
    at_most = counted - known.surely
    at_least = at_most - known.perhaps - known.open
    if at_most <= 0 and evidence.asked - evidence.sent_last >= SETTLED:
        return Finding(
            certainty=Certainty.NOT_CHARGED,
            sentence="the provider charged no more videos than are known: none of these rows was "
            "accepted, or they failed and were refunded. To make them: --resend.",
        )
    if at_most <= 0:
        return Finding(
            certainty=Certainty.UNSURE,
            sentence="the provider charged no more videos than are known so far, but one that is "
            "still being made is only counted when it is done. Ask again two hours after the send.",
        )
    if at_least >= known.lost:
        return Finding(
            certainty=Certainty.CHARGED,
            sentence="the provider charged as many more videos as rows are lost: all of them were "
            "most likely accepted. Look for their task ids, then: --task-id.",
        )
    return Finding(
        certainty=Certainty.UNSURE,
        sentence=f"of {known.lost} lost rows, {max(0, at_least)} to {min(at_most, known.lost)} "
        "seem to have been charged.",
    )
