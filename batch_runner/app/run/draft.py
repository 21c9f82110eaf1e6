"""A run up to the moment before anything is changed: what was asked for, read and planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.money.confirm import ConfirmAbove
from batch_runner.app.money.max_cost import MaxCost
from batch_runner.app.money.run_budget import RunBudget
from batch_runner.app.place import guards
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.place.output_file import check_output, outputs_of
from batch_runner.app.run.anew import advice, check_redo, with_order
from batch_runner.app.run.control import Signals
from batch_runner.app.run.held_plan import Begun, begun_plan, videos_left
from batch_runner.app.run.outcome import FailOn
from batch_runner.app.sheet.choose import Filter, check_lines
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.listing import NOTED, check_listing
from batch_runner.app.sheet.plan import Plan, make_plan
from batch_runner.app.sheet.reading import chosen, find_jobs, history_of, read_sheet
from batch_runner.core.errors import UsageError
from batch_runner.core.forecast import History
from batch_runner.core.language import phrase, plural, series
from batch_runner.core.outcomes import Balance
from batch_runner.core.plan_id import PlanId


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What this one run was asked for, beyond the settings."""

    wish: Filter
    adopt: bool | None = None  # True: --adopt, False: --ignore-results
    strict: bool = False
    dry_run: bool = False
    new: bool = False
    take_over: bool = False
    max_cost: MaxCost | None = None  # which it shares with other sheets
    confirm: ConfirmAbove | None = None  # which it shares with other sheets
    plan: PlanId | None = None  # nothing but this is sent
    fail_on: FailOn = FailOn.NEW
    wait: float = 0.0  # seconds for another run over this sheet to end
    account: str | None = None
    terminal: bool = False  # somebody sits in front of it
    question: bool = False  # ask before sending
    yes: bool = False  # somebody said yes before being asked
    signals: Signals
    failed_to: Path | None = None  # where the rows to mend go
    echo: Callable[[str], None] | None = None  # told each line of the log
    told: set[str] = field(default_factory=set)  # kinds of trouble that were told by this command
    budget: RunBudget | None = None  # which it shares with other sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A run up to the moment before anything is changed."""

    intakes: tuple[Intake, ...]
    plan: Plan
    wish: Filter
    history: History
    begins: tuple[PlanId, str] | None = None  # the plan that was agreed to, and what it is part of
    advice: tuple[str, ...] = ()  # what is worth knowing beside the plan
    balance: Balance | None = None  # asked before the plan was shown, if it sends anything

    def without(self, sent: int) -> Draft:
        """What is left of it after so many submits."""
        return replace(self, wish=self.wish.without(sent))


async def draft_run(campaign: Campaign, request: Request) -> Draft:
    """Read, judge and plan; changes nothing.

    Raises:
        BatchRunnerError: the sheet, the ledger or the wish cannot be used.
    """
    sheet = campaign.source if campaign.is_copy else campaign.sheet
    async with reading(campaign.ledger) as ledger:
        history = await history_of(ledger)
        intakes = await read_sheet(sheet, campaign.rules, ledger)
        await find_jobs(intakes, ledger)
        if ledger is not None:
            guards.check_origin(
                await ledger.origins(),
                campaign.origin,
                campaign.settings.same_service,
                str(campaign.ledger),
            )
        copies = await outputs_of(ledger)
        noted = None if ledger is None else await ledger.meta(NOTED)
        begun = await begun_plan(ledger) if request.plan is not None else None
        wish = await with_order(request.wish, ledger)
    if campaign.sandbox and campaign.settings.output_file is None and campaign.output:
        copies |= {str(campaign.output)}  # what a rehearsal made, whose ledger may be thrown away
    check_output(campaign.output, campaign.sheet, copies)
    if campaign.rules.variant_rows:
        check_listing(campaign.sheet, noted)
    if not (request.new or campaign.database):
        await guards.check_moved(campaign.sheet, campaign.sidecar, intakes, campaign.data)
    if request.adopt is None:
        guards.check_unmarked(intakes)
    check_redo(intakes, wish, campaign)
    draft = make_draft(campaign, intakes, wish, history, adopt=request.adopt)
    check_lines(intakes, request.wish.lines)
    if request.plan is not None:
        draft = _held_to(request.plan, begun, draft, campaign, request)
    _check_money(draft.plan, campaign, request)
    return draft


def _held_to(
    plan: PlanId, begun: Begun | None, draft: Draft, campaign: Campaign, request: Request
) -> Draft:
    """The draft, if it is of this plan: all of it, its pilot, or what is left of it.

    Raises:
        UsageError: it is of another one.
    """
    if draft.plan.id == plan:
        return replace(draft, begins=(plan, draft.plan.asked))
    whole = draft
    if request.wish.pilot is not None:
        wish = replace(request.wish, pilot=None)
        whole = make_draft(campaign, draft.intakes, wish, draft.history, adopt=request.adopt)
    left = videos_left(plan, whole.plan, begun)
    if left < draft.plan.submits:
        wish = replace(request.wish, limit=left, pilot=None)
        draft = make_draft(campaign, draft.intakes, wish, draft.history, adopt=request.adopt)
    return replace(draft, begins=(plan, whole.plan.asked))


def check_again(
    campaign: Campaign, request: Request, draft: Draft, intakes: tuple[Intake, ...]
) -> None:
    """See that a sheet that was saved since it was read still asks for what was agreed to.

    Raises:
        UsageError: it asks for something else, and what may be sent was limited.
    """
    if request.plan is None and request.max_cost is None and request.confirm is None:
        return
    now = make_draft(campaign, intakes, draft.wish, draft.history, adopt=request.adopt).plan
    if now.id != draft.plan.id:
        raise UsageError(
            phrase(
                "the sheet was saved after its plan was made: {why}.",
                why=draft.plan.id.unlike(now.id),
            ),
            code="plan_changed",
            where=str(campaign.source),
            hint=phrase("Nothing was submitted. Run it again."),
        )


def make_draft(
    campaign: Campaign,
    intakes: tuple[Intake, ...],
    wish: Filter,
    history: History,
    *,
    adopt: bool | None,
) -> Draft:
    """Choose and plan from what was read; ``wish`` may leave less than was asked for first."""
    profiles = campaign.rules.catalogue.profiles
    choices = chosen(intakes, wish, profiles, adopt=adopt)
    plan = make_plan(intakes, choices, profiles, origin=campaign.origin, history=history)
    told = tuple(advice(intakes, choices, profiles))
    return Draft(intakes=intakes, plan=plan, wish=wish, history=history, advice=told)


def _check_money(plan: Plan, campaign: Campaign, request: Request) -> None:
    settings = campaign.settings
    if request.strict and plan.invalid:
        raise UsageError(
            plural(
                "{count} row is invalid, and --strict submits nothing then.",
                "{count} rows are invalid, and --strict submits nothing then.",
                plan.invalid,
            ),
            code="strict",
            where=str(campaign.source),
            hint=phrase("See them all with: {command}", command=campaign.command("check")),
        )
    limited = settings.budgeted or request.budget is not None or request.max_cost is not None
    if plan.unpriced and limited:
        raise UsageError(
            phrase(
                "nobody knows what {models} costs, so no budget can hold.",
                models=series(plan.unpriced),
            ),
            code="no_price",
            hint=phrase("Add a price to the model's profile, or run without a budget."),
        )
    if request.max_cost is not None:
        request.max_cost.take(plan.high)
