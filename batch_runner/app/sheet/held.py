"""A worksheet as it was read last, and the decisions in it that were obeyed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.projection import BLANK
from batch_runner.core.decisions import DECISION, read_decision
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State
from batch_runner.core.model import OutCell
from batch_runner.ledger.shown_cells import Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A worksheet as it was read last."""

    scope: int
    intake: Intake
    heeded: list[int] = field(default_factory=list)  # jobs whose decision cell is settled

    def obeyed(self, job: Job, present: Shown) -> Mapping[int, OutCell]:
        """The decision cell of a row whose further take was sent: it goes blank.

        Only as long as it says what it said then; another word is the user's next wish.
        """
        if not job.decision_cell or job.state is State.QUEUED:
            return {}
        self.heeded.append(job.id)
        decision = read_decision(present.get(DECISION))
        place = self.intake.decisions
        if place is None or decision is None or decision.text != job.decision_cell:
            return {}
        return {place: BLANK}

    @property
    def names(self) -> Mapping[int, str]:
        """Column -> our name of all that is written."""
        names = {place: name for name, place in self.intake.out.places.items()}
        decision = self.intake.decisions
        return names if decision is None else {**names, decision: DECISION}
