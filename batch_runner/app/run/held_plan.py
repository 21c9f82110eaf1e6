"""``run --plan ID``: nothing is sent but what was agreed to, also after the run was broken off.

What such a run begins with is noted in the ledger before its first submit. So the same command
goes on with what is left of the plan, as long as sheet and settings ask for the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from batch_runner.app.sheet.plan import Plan
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.core.plan_id import PlanId
from batch_runner.ledger.ledger import Ledger

_NOTE = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A plan that a run of this sheet began with."""

    id: str
    asked: str  # what the sheet asked for then
    sent: int  # jobs that were sent since


async def begun_plan(ledger: Ledger | None) -> Begun | None:
    """The last plan that was begun."""
    noted = None if ledger is None else await ledger.meta(_NOTE)
    if ledger is None or noted is None:
        return None
    note = json.loads(noted)
    sent = await ledger.jobs_sent_since(datetime.fromisoformat(note["at"]))
    return Begun(id=note["id"], asked=note["asked"], sent=sent)


async def begin_plan(ledger: Ledger, begins: tuple[PlanId, str], at: datetime) -> None:
    """Note that a plan is begun, and what is asked for; one that goes on stays as it was noted."""
    wanted, asked = str(begins[0]), begins[1]
    before = await begun_plan(ledger)
    if before is None or before.id != wanted or before.asked != asked:
        note = {"id": wanted, "asked": asked, "at": at.isoformat()}
        await ledger.set_meta(_NOTE, json.dumps(note))


def videos_left(wanted: PlanId, plan: Plan, begun: Begun | None) -> int:
    """How many videos of a plan are still to be sent.

    Raises:
        UsageError: what would be sent now is another plan.
    """
    if plan.id == wanted:
        return wanted.videos
    if begun is not None and begun.id == str(wanted) and begun.asked == plan.asked:
        return max(0, wanted.videos - begun.sent)
    raise UsageError(
        phrase(
            "this is not plan {wanted} but {found}: {why}.",
            wanted=wanted,
            found=plan.id,
            why=wanted.unlike(plan.id),
        ),
        code="other_plan",
        hint=phrase("Nothing was submitted. See what would be with 'batch-runner check'."),
    )
