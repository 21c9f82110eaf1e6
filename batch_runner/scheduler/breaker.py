"""A rejection that hits every row is not the rows' fault: after a few, nothing more is sent."""

from __future__ import annotations

from batch_runner.core.outcomes import SubmitKind, SubmitOutcome
from batch_runner.scheduler.halt import Halt, StopReason

SAME_REJECTIONS = 5


class Breaker:
    """Watches the first answers of a run: the same rejection for each of them stops it.

    Once anything was accepted, rejections are the rows' own.
    """

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._watching = True
        self._rejection: tuple[str, str] | None = None
        self._count = 0

    def answered(self, outcome: SubmitOutcome) -> None:
        """One submit was answered."""
        if not self._watching:
            return
        if outcome.kind is SubmitKind.ACCEPTED:
            self._watching = False
        elif outcome.kind is SubmitKind.REJECTED:
            self._rejected((outcome.code, outcome.message))

    def _rejected(self, rejection: tuple[str, str]) -> None:
        self._count = self._count + 1 if rejection == self._rejection else 1
        self._rejection = rejection
        if self._count == SAME_REJECTIONS:
            self._halt.stop_submits(
                StopReason(
                    code="same_rejection",
                    message=f"the first {SAME_REJECTIONS} rows were all refused for the same "
                    f"reason ({rejection[1].rstrip('.')}), so it is likely a setting and not the "
                    "rows; nothing more is sent.",
                )
            )
