"""The main job: one sheet, from its rows to the links back in the same rows."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace

from batch_runner import __version__
from batch_runner.app import guards, places, world
from batch_runner.app.awake import kept_awake
from batch_runner.app.campaign import Campaign
from batch_runner.app.choose import Choice, Filter
from batch_runner.app.clock import now
from batch_runner.app.control import interrupted_at_once, stopped_by_signals
from batch_runner.app.forecast import minutes, whole_time
from batch_runner.app.intake import Intake
from batch_runner.app.keys import Key, key_for
from batch_runner.app.neighbours import Neighbours, NoNeighbours, join
from batch_runner.app.outcome import Ending, FailOn
from batch_runner.app.output_file import check_output, outputs_of, remember_output
from batch_runner.app.overlap import held
from batch_runner.app.plan import Plan, make_plan, usd
from batch_runner.app.reading import chosen, known_jobs, read_sheet
from batch_runner.app.run_log import RunLog
from batch_runner.app.session import RunEntry, Wanted, open_session
from batch_runner.app.spending import Purse, open_purse
from batch_runner.app.ui import Ui
from batch_runner.core.errors import BatchRunnerError, BrokenOffError, LedgerError, UsageError
from batch_runner.core.jobs import Job
from batch_runner.core.outcomes import Balance
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.provider.client import HttpProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What this one run was asked for, beyond the settings."""

    wish: Filter
    adopt: bool | None = None  # True: --adopt, False: --ignore-results
    strict: bool = False
    dry_run: bool = False
    new: bool = False
    take_over: bool = False
    max_cost: int | None = None  # micro-dollars
    fail_on: FailOn = FailOn.NEW
    wait: float = 0.0  # seconds for another run over this sheet to end
    account: str | None = None
    terminal: bool = False  # somebody sits in front of it
    question: bool = False  # ask before sending


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A run up to the moment before anything is changed."""

    intakes: tuple[Intake, ...]
    known: Sequence[Mapping[int, Job]]
    choices: Sequence[Choice]
    plan: Plan
    wish: Filter
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
    with guards.reading(campaign.sidecar) as ledger:
        intakes = await read_sheet(sheet, campaign.rules, ledger)
        known = await known_jobs(intakes, ledger)
        if ledger is not None:
            guards.check_origin(
                await ledger.origins(),
                campaign.origin,
                campaign.settings.same_service,
                campaign.sidecar.ledger,
            )
        copies = await outputs_of(ledger)
    check_output(campaign.settings.output_file, campaign.sheet, copies)
    if not request.new:
        await guards.check_moved(campaign.sheet, campaign.sidecar, intakes, campaign.data)
    if request.adopt is None:
        guards.check_unmarked(intakes, known)
    draft = _draft(campaign, intakes, known, request.wish, adopt=request.adopt)
    _check_money(draft.plan, campaign, request)
    return draft


def _draft(
    campaign: Campaign,
    intakes: tuple[Intake, ...],
    known: Sequence[Mapping[int, Job]],
    wish: Filter,
    *,
    adopt: bool | None,
) -> Draft:
    choices = chosen(intakes, known, wish, adopt=adopt)
    plan = make_plan(intakes, known, choices, campaign.rules.catalogue.profiles)
    return Draft(intakes=intakes, known=known, choices=choices, plan=plan, wish=wish)


def _check_money(plan: Plan, campaign: Campaign, request: Request) -> None:
    settings = campaign.settings
    if request.strict and plan.invalid:
        raise UsageError(
            f"{plan.invalid} rows are invalid, and --strict submits nothing then.",
            code="strict",
            where=str(campaign.source),
            hint=f"See them all with: {campaign.command('check')}",
        )
    if request.max_cost is not None and plan.high > request.max_cost:
        raise UsageError(
            f"it may cost up to {usd(plan.high)}, more than --max-cost {usd(request.max_cost)}.",
            code="max_cost",
            hint="Nothing was submitted. Raise it, or send fewer rows with --limit.",
        )
    if plan.unpriced and (settings.budgeted or request.max_cost is not None):
        raise UsageError(
            f"nobody knows what {', '.join(plan.unpriced)} costs, so no budget can hold.",
            code="no_price",
            hint="Add a price to the model's profile, or run without a budget.",
        )


async def run_sheet(
    campaign: Campaign, request: Request, ui: Ui, environ: Mapping[str, str]
) -> Ending | None:
    """Do the whole job for one sheet; ``None``: it was only planned, or declined.

    Raises:
        BatchRunnerError: nothing was submitted, for the reason it says.
    """
    async with AsyncExitStack() as stack:
        lock = held(campaign, environ, wait=request.wait, say=ui.say)
        # A sheet that ran before is locked before it is read: a second run is told at once. One
        # that never ran gets its sidecar only after a yes; a rehearsal's sandbox lives there.
        locked = not request.dry_run and await asyncio.to_thread(campaign.sidecar.ledger.exists)
        if locked:
            campaign = await stack.enter_async_context(lock)
        draft = await draft_run(campaign, request)
        _tell(campaign, draft, ui)
        key = _key(campaign, request, environ)
        if request.dry_run:
            ui.plan(draft.plan, _time(campaign, draft))
            return None
        if campaign.sandbox and not locked:
            campaign = await stack.enter_async_context(lock)
            locked = True
        provider = await stack.enter_async_context(world.service(campaign, key.text))
        agreed = await _agreed(campaign, request, ui, draft, provider)
        if agreed is None:
            return None
        if not locked:
            campaign = await stack.enter_async_context(lock)
        ending = await _locked(campaign, request, ui, agreed, provider, key.text)
        fresh = key.again() if ending.stopped_by("key_refused") else None
        if fresh is None:
            return ending
        ui.say("The API key was refused. Its file holds another one by now, which is tried once.")
        rest = agreed.without(ending.sent)
        provider = await stack.enter_async_context(world.service(campaign, fresh.text))
        return await _locked(campaign, request, ui, rest, provider, fresh.text)


def _tell(campaign: Campaign, draft: Draft, ui: Ui) -> None:
    for intake in draft.intakes:
        ui.problems(intake.problems, campaign.source.name, intake.table.worksheet)
    if warning := places.advice(campaign.sidecar.home):
        ui.say(warning)


async def _locked(
    campaign: Campaign,
    request: Request,
    ui: Ui,
    draft: Draft,
    provider: HttpProvider,
    key: str,
) -> Ending:
    """All that is done while the lock is held: nobody else is at work on this sheet."""
    sidecar, host = campaign.sidecar, socket.gethostname()
    with ExitStack() as stack:
        world.refresh_copy(campaign)
        ledger = SqliteLedger.for_run(sidecar.ledger)
        stack.callback(ledger.close)
        await world.sweep(campaign, ledger)
        stated = campaign.settings.state_dir is not None
        await guards.check_owner(ledger, campaign.sheet, sidecar, stated=stated)
        neighbours: Neighbours = NoNeighbours(ledger)
        if campaign.shared:
            neighbours = shared = join(
                campaign, ledger, now=now, say=ui.say, take_over=request.take_over
            )
            stack.callback(shared.end)
        else:
            await guards.check_host(ledger, host, take_over=request.take_over)
        await remember_output(campaign.settings.output_file, ledger)
        purse = await open_purse(campaign, ledger, key, draft.balance)
        if isinstance(purse, Purse):
            stack.callback(purse.close)
        else:
            ui.say(purse)
        stack.enter_context(kept_awake(wanted=request.terminal and campaign.settings.keep_awake))
        run = await ledger.start_run(now(), host=host, pid=os.getpid(), version=__version__)
        log = stack.enter_context(RunLog(sidecar.log, run, (key,), now))
        wanted = Wanted(intakes=draft.intakes, wish=draft.wish, adopt=request.adopt)
        entry = RunEntry(
            run=run,
            key=key,
            log=log,
            purse=purse if isinstance(purse, Purse) else None,
            neighbours=neighbours,
        )
        stack.enter_context(stopped_by_signals(entry.halt, ui.say))
        session = await open_session(campaign, ledger, wanted, ui, entry)
        try:
            reason = await session.work(provider, terminal=request.terminal)
            return await session.close(reason, fail_on=request.fail_on, terminal=request.terminal)
        except LedgerError as error:
            raise BrokenOffError(
                error.message, code=error.code, hint=error.hint, where=error.where
            ) from error


def _key(campaign: Campaign, request: Request, environ: Mapping[str, str]) -> Key:
    if campaign.sandbox:
        return Key(world.SANDBOX_KEY)
    try:
        return key_for(campaign.settings, request.account, environ)
    except BatchRunnerError:
        if request.dry_run:
            return Key("")  # a plan needs no key
        raise


async def _agreed(
    campaign: Campaign, request: Request, ui: Ui, draft: Draft, provider: HttpProvider
) -> Draft | None:
    """The plan that was said yes to; ``None``: no."""
    if not draft.plan.submits:
        ui.plan(draft.plan, ())
        return draft
    balance = await provider.balance()
    draft = replace(draft, balance=balance)
    ui.plan(draft.plan, (*_time(campaign, draft), *_account(campaign, request, balance)))
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
    fewer = _draft(campaign, draft.intakes, draft.known, first, adopt=request.adopt)
    return replace(fewer, balance=balance)


def _time(campaign: Campaign, draft: Draft) -> tuple[str, ...]:
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
