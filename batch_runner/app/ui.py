"""What a run tells people, as a protocol: a terminal, a log file and a test each do it their way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from batch_runner.app.run.listen import Tally
from batch_runner.app.sheet.plan import Plan
from batch_runner.ledger.findings import Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A run at one moment."""

    tally: Tally
    total: int  # jobs that this run is to bring to an end
    spent: int  # micro-dollars the whole sheet has cost so far
    first_video: datetime | None  # when the first video is expected
    finish: datetime | None  # when all is expected to be done


class Ui(Protocol):
    """Whoever sits in front of a run."""

    def problems(self, problems: Findings, name: str, worksheet: str | None) -> None:
        """What the sheet shows before anything is sent."""
        ...

    def plan(self, plan: Plan, more: tuple[str, ...]) -> None:
        """What is going to happen, and ``more`` sentences about it."""
        ...

    def ask(self, plan: Plan) -> int | None:
        """Whether to go on: ``None`` for all, 0 for not at all, n for the first n."""
        ...

    def show(self, picture: Picture) -> None:
        """How it goes; called about once a second."""
        ...

    def say(self, message: str) -> None:
        """Something about the run as a whole."""
        ...
