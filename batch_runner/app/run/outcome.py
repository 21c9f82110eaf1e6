"""How a run ended: its exit code, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from batch_runner.core.jobs import Job, Totals
from batch_runner.core.language import plural
from batch_runner.scheduler.halt import StopReason

DONE, TROUBLE, UNUSABLE, STOPPED, LOCKED, SIGINT, SIGTERM = 0, 1, 2, 3, 75, 130, 143

_SIGNALS = {"sigint": SIGINT, "sigterm": SIGTERM}
INTERRUPTED = frozenset({SIGINT, SIGTERM})
_MATTER_IF_LEFT = frozenset({"deadline", "same_rejection", "drained"})
"""Reasons that end nothing early where everything was sent and done."""
_ORDER = (SIGINT, SIGTERM, STOPPED, UNUSABLE, TROUBLE, LOCKED, DONE)


class FailOn(StrEnum):
    """Which troubles of rows make a run that came to its end leave with 1."""

    NEW = "new"  # what failed or is invalid since the last finished run, and what is unknown
    ANY = "any"  # older failures, too
    NEVER = "never"  # none: whoever looks at the sheet sees them


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A run over one sheet, ended."""

    sheet: str
    code: int
    totals: Totals
    new: Mapping[str, int] = field(default_factory=dict)  # state -> jobs that came to it
    sent: int = 0  # submissions that were accepted
    unknown: Sequence[Job] = ()
    first_errors: Sequence[Job] = ()  # some of those that did not succeed in this run
    reason: StopReason | None = None
    next_command: str | None = None
    links_until: datetime | None = None  # when the first link still needed dies
    results_in: str | None = None  # the file that shows the results
    videos_in: str | None = None

    def stopped_by(self, code: str) -> bool:
        """Whether it ended early for this reason."""
        return self.reason is not None and self.reason.code == code


def exit_code(totals: Totals, unknown: int, reason: StopReason | None, *, fail_on: FailOn) -> int:
    """The exit code of a run that came to an end."""
    left = bool(totals.unsent or totals.states.get("running"))
    if reason is not None and (left or reason.code not in _MATTER_IF_LEFT):
        return _SIGNALS.get(reason.code, STOPPED)
    if left:
        return STOPPED
    if fail_on is FailOn.NEVER:
        return DONE
    troubles = totals.new_troubles
    if fail_on is FailOn.ANY:
        troubles += totals.states.get("failed", 0) + totals.states.get("invalid", 0)
    left_behind = totals.video_missing or totals.unpublished
    return TROUBLE if troubles or unknown or left_behind else DONE


def left_over(totals: Totals) -> StopReason | None:
    """Why a run that nothing stopped did not do all it was to do; ``None``: it did."""
    running = totals.states.get("running", 0)
    if totals.unsent:
        said = plural(
            "{count} row could not be sent yet; the error cells say why.",
            "{count} rows could not be sent yet; the error cells say why.",
            totals.unsent,
        )
        return StopReason(code="not_taken", message=said)
    if running:
        said = plural(
            "{count} video did not get done in the time that one may take.",
            "{count} videos did not get done in the time that one may take.",
            running,
        )
        return StopReason(code="not_ready", message=said)
    return None


def worst(codes: Sequence[int]) -> int:
    """The exit code of several sheets."""
    return min(codes, key=_ORDER.index, default=DONE)


def next_command(ending: Ending, command: Callable[..., str]) -> str | None:
    """What to type next; ``None``: nothing is left to do."""
    states = ending.totals.states
    if ending.code == STOPPED or ending.code in INTERRUPTED:
        return command("run")
    if ending.unknown:
        return command("resolve")
    left_behind = ending.totals.video_missing or ending.totals.unpublished
    if left_behind or states.get("queued"):  # queued: they joined during the run
        return command("run")
    if ending.new.get("failed") and states.get("failed"):
        # A row that was refused for what it asks for is sent again once it was corrected.
        return command("retry" if ending.totals.refused < states.get("failed", 0) else "run")
    return command("check") if states.get("invalid") else None
