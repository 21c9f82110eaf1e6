"""A worksheet as it was read last, and the decisions in it that were obeyed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from batch_runner.app.sheet.intake import Intake
from batch_runner.core.decisions import DECISION, read_decision
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.core.model import OutCell
from batch_runner.ledger.shown_cells import Shown

EMPTIED = OutCell(value=None, spares_formula=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A worksheet as it was read last."""

    scope: int
    intake: Intake
    heeded: dict[int, int] = field(default_factory=dict)  # job whose decision is obeyed -> line

    def obeyed(self, job: Job, present: Shown) -> Mapping[int, OutCell]:
        """The decision cell of a row whose further take was sent: it goes blank.

        Only as long as it says what it said then; another word is the user's next wish.
        """
        if not job.decision_cell or job.state is State.QUEUED:
            return {}
        self.heeded[job.id] = job.row or 0
        decision = read_decision(present.get(DECISION))
        place = self.intake.decisions
        if place is None or decision is None or decision.text != job.decision_cell:
            return {}
        return {place: EMPTIED}

    def settled(self, untouched: Collection[int]) -> Sequence[int]:
        """Jobs whose decision cell is blank by now, or another one; not where a line was left alone.

        Of those it stays noted that they were obeyed, whatever still stands there.
        """
        return [job for job, line in self.heeded.items() if line not in untouched]

    @property
    def names(self) -> Mapping[int, str]:
        """Column -> our name of all that is written."""
        names = {place: name for name, place in self.intake.out.places.items()}
        decision = self.intake.decisions
        return names if decision is None else {**names, decision: DECISION}
