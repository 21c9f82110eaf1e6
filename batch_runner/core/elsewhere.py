"""What a ledger makes of attempts that other ledgers of the same sheet made: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from batch_runner.core.lifecycle import State
from batch_runner.core.sent import Sent

BY_THE_SHEET = "adopted-"
"""How the keys of attempts begin that are known only because the sheet shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A job of this ledger, as far as the decision needs it."""

    job: int
    state: State
    attempt: int  # its present one; 0: never sent
    key: str | None  # idempotency key of the present attempt
    task_id: str | None
    published: bool  # whether its video has a link that lasts, as is known here
    told: bool  # whether any file tells of the present attempt: it does before the request leaves
    row: int | None  # where it stands in the sheet
    worksheet: str


class Step(StrEnum):
    """What to do with an attempt made elsewhere."""

    LINK = "link"  # the present attempt's task came to light
    END = "end"  # the present attempt's task has come to its end there
    LASTING = "lasting"  # the present attempt's video has a link that lasts, as is known there
    RELEASE = "release"  # the present attempt was not accepted after all
    NAME = "name"  # the present attempt is this one, known so far only by the sheet
    TAKE = "take"  # the row was sent elsewhere: its next attempt is this one
    APART = "apart"  # this row was sent here as well: keep it beside the sheet


UNSENT = frozenset({State.QUEUED, State.SKIPPED, State.INVALID})


def of_known(sent: Sent, here: Here) -> Step | None:
    """What is news about an attempt that this ledger has, as a job's present one."""
    if here.state in {State.RUNNING, State.FETCHING}:
        return None if sent.end is None else Step.END
    if here.state is State.SUCCEEDED and sent.end is not None and sent.end.published is not None:
        return None if here.published else Step.LASTING
    if here.state is not State.UNKNOWN or here.task_id is not None:
        return None
    if sent.task_id is not None:
        return Step.LINK
    return Step.RELEASE if sent.void else None


def of_next(sent: Sent, here: Here) -> Step | None:
    """What to do when the attempt before it is a job's present one: that is over, seen from there.

    Even if it is not yet, seen from here: else it would be tried once more here, too.
    """
    return None if sent.void or here.state is State.SUBMITTING else Step.TAKE


def of_new(sent: Sent, alike: Iterable[Here]) -> tuple[Step, Here] | None:
    """Which of the jobs of equal rows an attempt belongs to of which nothing was known.

    One that only the sheet vouches for, else one that was not sent yet, else one that was about
    to be when its run died, else one that failed. A row that this computer sent itself was sent
    twice, within the delay of the synchronising.
    """
    if sent.void:
        return None
    jobs = sorted(alike, key=lambda here: (here.row is None, here.row or 0, here.job))
    for here in jobs:
        if here.state is State.UNKNOWN and (here.key or "").startswith(BY_THE_SHEET):
            return Step.NAME, here
    for may in (_is_unsent, _was_not_told, _has_failed):
        for here in filter(may, jobs):
            return Step.TAKE, here
    return next(((Step.APART, here) for here in jobs if here.row is not None), None)


def _is_unsent(here: Here) -> bool:
    return here.state in UNSENT


def _was_not_told(here: Here) -> bool:
    return here.state is State.UNKNOWN and not here.told


def _has_failed(here: Here) -> bool:
    return here.state is State.FAILED
