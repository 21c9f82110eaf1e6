"""The main job: one sheet, from its rows to the links back in the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.metrics.textfile import check_metrics
from batch_runner.app.money.keys import Key, key_for
from batch_runner.app.notify.troubles import troubles_told
from batch_runner.app.place import places, stores
from batch_runner.app.place.overlap import held
from batch_runner.app.place.sidecar import shown
from batch_runner.app.run import fleet, to_mend, world
from batch_runner.app.run.agree import agreed, time_needed
from batch_runner.app.run.draft import Draft, Request, check_again, draft_run
from batch_runner.app.run.enter import Doors, enter_run, open_ledger
from batch_runner.app.run.outcome import Ending
from batch_runner.app.run.pilot import Rest, after_pilot
from batch_runner.app.run.session import Session, open_session
from batch_runner.app.run.wanted import Wanted
from batch_runner.app.ui import Ui
from batch_runner.core.errors import (
    BatchRunnerError,
    BrokenOffError,
    LedgerError,
    SheetBusyError,
    SheetChangedError,
    SheetError,
)
from batch_runner.core.language import phrase
from batch_runner.provider.client import HttpProvider


async def run_sheet(
    campaign: Campaign, request: Request, ui: Ui, environ: Mapping[str, str]
) -> Ending | None:
    """Do the whole job for one sheet; ``None``: it was only planned, or declined.

    Raises:
        BatchRunnerError: nothing was submitted, for the reason it says.
    """
    check_metrics(campaign.settings.metrics)
    stores.check_stores(campaign.settings)
    async with AsyncExitStack() as stack:
        campaign = await fleet.attached(campaign, request)
        lock = held(campaign, environ, wait=request.wait, say=ui.say)
        # A sheet that ran before is locked before it is read: a second run is told at once. One
        # that never ran gets its sidecar only after a yes; a rehearsal's sandbox lives there.
        locked = not request.dry_run and await asyncio.to_thread(campaign.ledger.exists)
        if locked:
            campaign = await stack.enter_async_context(lock)
            await campaign.ledger.make_ready()
        draft = await draft_run(campaign, request)
        _tell(campaign, draft, ui)
        key = _key(campaign, request, environ)
        if request.dry_run:
            ui.plan(draft.plan, time_needed(campaign, draft.plan))
            return None
        if campaign.sandbox and not locked:
            campaign = await stack.enter_async_context(lock)
            locked = True
        provider = await stack.enter_async_context(world.service(campaign, key.text))
        plan = await agreed(campaign, request=request, ui=ui, draft=draft, provider=provider)
        if plan is None:
            return None
        if not locked:
            campaign = await stack.enter_async_context(lock)
        send = partial(_send, campaign, request, ui, provider, key)
        ending = await send(plan)
        ask = partial(agreed, campaign, ui=ui, provider=provider)
        return await after_pilot(campaign, request, ui, ending, Rest(ask=ask, send=send))


async def _send(
    campaign: Campaign, request: Request, ui: Ui, provider: HttpProvider, key: Key, plan: Draft
) -> Ending:
    """Do what was agreed to; once more with the rest if the key was exchanged meanwhile."""
    ending = await _locked(campaign, request, ui, plan, provider, key.text)
    fresh = key.again() if ending.stopped_by("key_refused") else None
    if fresh is None:
        return ending
    ui.say(
        phrase("The API key was refused. Its file holds another one by now, which is tried once.")
    )
    rest = plan.without(ending.sent)
    async with world.service(campaign, fresh.text) as provider_anew:
        return await _locked(campaign, request, ui, rest, provider_anew, fresh.text)


def _tell(campaign: Campaign, draft: Draft, ui: Ui) -> None:
    for intake in draft.intakes:
        ui.problems(intake.rows.findings, campaign.source.name, intake.table.worksheet)
    if campaign.only_read and campaign.output and not campaign.ledger.exists():
        place = shown(campaign.output)
        ui.say(
            phrase(
                "{sheet_name} is only read; results go into a copy of it: {place}",
                sheet_name=campaign.sheet.name,
                place=place,
            )
        )
    for line in draft.advice:
        ui.say(line)
    if at_odds := stores.advice(campaign.settings):
        ui.say(at_odds)
    if warning := places.advice(campaign.sidecar.home):
        ui.say(warning)


async def _locked(
    planned: Campaign,
    request: Request,
    ui: Ui,
    draft: Draft,
    provider: HttpProvider,
    key: str,
) -> Ending:
    """All that is done while the lock is held: nobody else is at work on this sheet."""
    async with fleet.at_work(planned) as campaign, AsyncExitStack() as outer:
        stack = outer.enter_context(ExitStack())
        ledger = await open_ledger(campaign, stack)
        entry = await enter_run(campaign, request, ui, draft, Doors(ledger, key, stack))
        stack.enter_context(request.signals.ending(entry.halt))
        wanted = Wanted(
            intakes=draft.intakes,
            wish=draft.wish,
            adopt=request.adopt,
            check=partial(check_again, campaign, request, draft),
        )
        session = await open_session(campaign, ledger, wanted, ui, entry)
        try:
            async with troubles_told(campaign, session.listener, request.told), session.meter:
                reason = await session.work(provider, terminal=request.terminal)
                ending = await session.close(
                    reason, fail_on=request.fail_on, terminal=request.terminal
                )
                if request.failed_to is not None:
                    await _write_to_mend(request.failed_to, session)
                return ending
        except LedgerError as error:
            entry.log.warned("run_broke_off", {"code": error.code, "message": str(error)})
            raise BrokenOffError(
                error.message, code=error.code, hint=error.hint, where=error.where
            ) from error


async def _write_to_mend(place: Path, session: Session) -> None:
    try:
        rows = await to_mend.write_to_mend(place, session.campaign, session.ledger)
    except (SheetError, SheetBusyError, SheetChangedError) as error:
        session.listener.noticed(
            error.code, phrase("The rows to mend were not written: {reason}", reason=error)
        )
    else:
        session.ui.say(phrase("Rows to mend: {rows}, in {place}", rows=rows, place=place))


def _key(campaign: Campaign, request: Request, environ: Mapping[str, str]) -> Key:
    if campaign.sandbox:
        return Key(world.SANDBOX_KEY)
    try:
        return key_for(campaign.settings, request.account, environ)
    except BatchRunnerError:
        if request.dry_run:
            return Key("")  # a plan needs no key
        raise
