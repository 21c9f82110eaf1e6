"""The plan is shown before anything is sent; in front of a terminal somebody says yes to it."""

from __future__ import annotations

from dataclasses import replace

from batch_runner.app.campaign import Campaign
from batch_runner.app.run.control import interrupted_at_once
from batch_runner.app.run.draft import Draft, Request, make_draft
from batch_runner.app.run.forecast import minutes, whole_time
from batch_runner.app.sheet.plan import Plan, usd
from batch_runner.app.ui import Ui
from batch_runner.core.outcomes import Balance
from batch_runner.provider.client import HttpProvider


async def agreed(
    campaign: Campaign, request: Request, ui: Ui, draft: Draft, provider: HttpProvider
) -> Draft | None:
    """The plan that was said yes to; ``None``: no."""
    if not draft.plan.submits:
        ui.plan(draft.plan, ())
        return draft
    balance = await provider.balance()
    draft = replace(draft, balance=balance)
    ui.plan(draft.plan, (*time_needed(campaign, draft), *_account(campaign, request, balance)))
    if balance.remaining is not None and balance.remaining < draft.plan.high:
        ui.say(_short(draft.plan, balance.remaining))
    if not request.question:
        return draft
    with interrupted_at_once():
        answer = ui.ask(draft.plan)
    if answer is None:
        return draft
    if not answer:
        return None
    first = replace(draft.wish, limit=answer)
    fewer = make_draft(campaign, draft.intakes, first, adopt=request.adopt)
    return replace(fewer, balance=balance)


def time_needed(campaign: Campaign, draft: Draft) -> tuple[str, ...]:
    """How long it may take, as a sentence; nothing where nobody knows."""
    plan = draft.plan
    if plan.usual is None or not plan.submits or campaign.sandbox:
        return ()
    least, most = whole_time(plan.submits, campaign.settings.concurrency, plan.usual)
    return (f"Time: about {minutes(least)} to {minutes(most)}.",)


def _short(plan: Plan, remaining: int) -> str:
    """What to say where the balance may not do for what is to be sent."""
    surely = "will" if remaining < plan.low else "may"
    return (
        f"Warning: the balance is {usd(remaining)}, and this run may cost up to {usd(plan.high)}: "
        f"it {surely} stop when the balance is used up, and can be resumed."
    )


def _account(campaign: Campaign, request: Request, balance: Balance) -> tuple[str, ...]:
    if campaign.sandbox:
        return ("A rehearsal in the sandbox: nothing is paid.",)
    name = f"account {request.account!r}" if request.account else "your key"
    if balance.unlimited:
        return (f"Paid by {name}, which has no limit.",)
    if balance.remaining is None:
        return (f"Paid by {name}; its balance could not be asked ({balance.message}).",)
    return (f"Paid by {name}; balance {usd(balance.remaining)}.",)
