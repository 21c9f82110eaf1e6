"""The plan is shown before anything is sent; in front of a terminal somebody says yes to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from batch_runner.app.campaign import Campaign
from batch_runner.app.run.control import interrupted_at_once
from batch_runner.app.run.draft import Draft, Request, make_draft
from batch_runner.app.run.forecast import minutes, whole_time
from batch_runner.app.sheet.plan import Plan, usd
from batch_runner.app.ui import Ui
from batch_runner.core.language import phrase, template
from batch_runner.core.outcomes import Balance

if TYPE_CHECKING:
    from batch_runner.provider.client import HttpProvider  # heavy: check has no need of it


async def agreed(
    campaign: Campaign, *, request: Request, ui: Ui, draft: Draft, provider: HttpProvider
) -> Draft | None:
    """The plan that was said yes to; ``None``: no."""
    if not draft.plan.submits:
        ui.plan(draft.plan, ())
        return draft
    confirm = None if campaign.sandbox else request.confirm
    must_ask = confirm is not None and confirm.asks(draft.plan.high, terminal=request.terminal)
    balance = await provider.balance()
    draft = replace(draft, balance=balance)
    ui.plan(
        draft.plan, (*time_needed(campaign, draft.plan), *_account(campaign, request, balance))
    )
    if balance.remaining is not None and balance.remaining < draft.plan.high:
        ui.say(_short(draft.plan, balance.remaining))
    if not (request.question or must_ask):
        return draft
    with interrupted_at_once():
        answer = ui.ask(draft.plan)
    if answer is None:
        return draft
    if not answer:
        return None
    first = replace(draft.wish, limit=answer)
    fewer = make_draft(campaign, draft.intakes, first, draft.history, adopt=request.adopt)
    return replace(fewer, balance=balance, begins=draft.begins)


def seconds_needed(campaign: Campaign, plan: Plan) -> tuple[float, float] | None:
    """How long it may take, at least and at most; ``None`` where nobody knows."""
    if plan.usual is None or not plan.submits or campaign.sandbox:
        return None
    return whole_time(plan.submits, campaign.settings.concurrency, plan.usual)


def time_needed(campaign: Campaign, plan: Plan) -> tuple[str, ...]:
    """The same as a sentence."""
    seconds = seconds_needed(campaign, plan)
    if seconds is None:
        return ()
    span = {"least": minutes(seconds[0]), "most": minutes(seconds[1])}
    timed = sum(part.timed for part in plan.models)
    if not timed:
        return (phrase("Time: about {least} to {most}.", **span),)
    return (
        phrase(
            "Time: about {least} to {most}, by what videos of this sheet took ({count}).",
            count=timed,
            **span,
        ),
    )


def _short(plan: Plan, remaining: int) -> str:
    """What to say where the balance may not do for what is to be sent."""
    said = (
        template(
            "Warning: the balance is {balance}, and this run may cost up to {most}: it will stop when the balance is used up, and can be resumed."
        )
        if remaining < plan.low
        else template(
            "Warning: the balance is {balance}, and this run may cost up to {most}: it may stop when the balance is used up, and can be resumed."
        )
    )
    return phrase(said, balance=usd(remaining), most=usd(plan.high))


def _account(campaign: Campaign, request: Request, balance: Balance) -> tuple[str, ...]:
    if campaign.sandbox:
        return (phrase("A rehearsal in the sandbox: nothing is paid."),)
    name = (
        phrase("account {account!r}", account=request.account)
        if request.account
        else phrase("your key")
    )
    if balance.unlimited:
        return (phrase("Paid by {name}, which has no limit.", name=name),)
    if balance.remaining is None:
        return (
            phrase(
                "Paid by {name}; its balance could not be asked ({reason}).",
                name=name,
                reason=balance.message,
            ),
        )
    return (
        phrase("Paid by {name}; balance {balance}.", name=name, balance=usd(balance.remaining)),
    )
