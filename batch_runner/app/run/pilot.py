"""After a pilot: stop for a look, or go on with the rest, whose estimate is better now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from batch_runner.app.campaign import Campaign
from batch_runner.app.run.draft import Draft, Request, draft_run
from batch_runner.app.run.outcome import DONE, STOPPED, Ending
from batch_runner.app.ui import Ui
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.language import phrase, plural
from batch_runner.scheduler.halt import StopReason

_CHOOSES = ("where", "only")
"""Options without which the rest would be another one."""


class Ask(Protocol):
    """Shows a plan, and asks where somebody is to be asked."""

    async def __call__(self, *, request: Request, draft: Draft) -> Draft | None:
        """The plan that was said yes to; ``None``: no."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How the rest of a sheet is done."""

    ask: Ask
    send: Callable[[Draft], Awaitable[Ending]]


async def after_pilot(
    campaign: Campaign, request: Request, ui: Ui, ending: Ending, rest: Rest
) -> Ending:
    """How it all ended: the pilot alone, or with the rest after it.

    It goes on where somebody says yes, or said ``--yes`` before, and only if every video of the
    pilot was made; else it stops with the command that goes on.
    """
    wish = request.wish
    if wish.pilot is None or ending.code != DONE:
        return ending
    limit = None if wish.limit is None else max(0, wish.limit - ending.sent)
    goes_on = request.yes or request.question
    wanted = replace(request, wish=replace(wish, pilot=None, limit=limit))
    if not goes_on:  # the guards of money are for who goes on
        wanted = replace(wanted, max_cost=None, confirm=None)
    chosen = [f"--{name}={campaign.given[name]}" for name in _CHOOSES if campaign.given.get(name)]
    stopped = replace(ending, next_command=campaign.command("run", *chosen))
    try:
        draft = await draft_run(campaign, wanted)
        if not draft.plan.submits:
            return ending
        ui.say(
            plural(
                "The pilot of {count} video is done. What is left:",
                "The pilot of {count} videos is done. What is left:",
                ending.sent,
            )
        )
        if not goes_on:
            ui.plan(draft.plan, ())
            return stopped
        agreed = await rest.ask(request=wanted, draft=draft)
    except BatchRunnerError as error:
        message = phrase("after the pilot: {why}", why=error.message)
        reason = StopReason(code=error.code, message=message)
        return replace(stopped, code=STOPPED, reason=reason)
    if agreed is None:
        return stopped
    last = await rest.send(agreed)
    new = dict(Counter(ending.new) + Counter(last.new))
    return replace(last, new=new, sent=ending.sent + last.sent)
