"""A run between its first and its last line in the ledger: enrol, work, write, say how it ended."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.ctl.obey import Helm
from batch_runner.app.ctl.serve import listening
from batch_runner.app.metrics.meter import Meter
from batch_runner.app.place import stores
from batch_runner.app.place.neighbours import LEASE_BEAT
from batch_runner.app.run import world
from batch_runner.app.run.about import about_ending
from batch_runner.app.run.anew import ask_anew
from batch_runner.app.run.background import BEAT, SHOW, Background, Outset, Screen
from batch_runner.app.run.callbacks import receiving
from batch_runner.app.run.entry import RunEntry
from batch_runner.app.run.listen import RunListener
from batch_runner.app.run.outcome import Ending, FailOn, exit_code, left_over, next_command
from batch_runner.app.run.run_log import LOG_PAUSE
from batch_runner.app.run.terms import Terms, terms_of
from batch_runner.app.run.wanted import Wanted, rows_now
from batch_runner.app.sheet.picture_store import PictureStore
from batch_runner.app.sheet.plan import usual_seconds
from batch_runner.app.sheet.reading import enrol
from batch_runner.app.sheet.sheet_sync import SheetSync
from batch_runner.app.ui import Ui
from batch_runner.core import again
from batch_runner.core.errors import SheetBusyError, SheetError
from batch_runner.core.language import joined, phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.provider.client import HttpProvider
from batch_runner.reporter.busy import is_open
from batch_runner.reporter.copies import keep_original
from batch_runner.scheduler.engine import Engine
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.world import Limits, World

CATCH_UP = 2.0  # seconds between two looks at what others did to the ledger


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run over one sheet, its lock held and its ledger open."""

    campaign: Campaign
    ledger: Ledger
    ui: Ui
    listener: RunListener
    sync: SheetSync
    halt: Halt
    entry: RunEntry
    started: datetime
    meter: Meter

    async def work(self, provider: HttpProvider, *, terminal: bool) -> StopReason | None:
        """Send, look and download until nothing is left or something ends it early."""
        self.sync.take_pictures_from(str(provider.origin))
        webhook = self.campaign.settings.webhook
        async with receiving(webhook, self.listener, self.ledger) as callbacks:
            terms = replace(await self._terms(), webhook=callbacks.base)
            engine = await self._engine(provider, terms, terminal=terminal)
            await self.entry.neighbours.begin(terms, engine.sharing, self.halt)
            callbacks.calls = engine.controls.calls
            return await self._run(engine)

    async def _engine(self, provider: HttpProvider, terms: Terms, *, terminal: bool) -> Engine:
        return Engine(
            World(
                ledger=self.entry.neighbours.ledger,
                provider=provider,
                shelf=await stores.ready_shelf(self.campaign, self.ledger, self.halt),
                listener=self.listener,
                now=now,
                jitter=world.jitter,
                terms=terms,
                before_claim=self._follow,
                book=self._book,
                others=self.entry.neighbours.others,
                publisher=await stores.ready_publisher(
                    self.campaign, self.ledger, self.listener.noticed
                ),
                pictures=PictureStore(
                    self.sync.picture,
                    self.campaign.sidecar.pictures,
                    self.campaign.rules.pictures,
                    str(provider.origin),
                ),
            ),
            world.policy_of(self.campaign),
            await self._limits(terminal=terminal),
            self.halt,
        )

    async def _run(self, engine: Engine) -> StopReason | None:
        self.meter.watch(engine.controls)
        known, soon = await self.ledger.models()
        entry = self.entry
        helm = Helm(engine.controls, self.ledger, self.listener, entry.run, self.started, now)
        listens = listening(self.campaign.sidecar.home, helm.obey, self.listener.noticed)
        async with await self._background(soon, engine), listens:
            try:
                return await engine.run(known | soon)
            finally:
                if entry.pool is not None:
                    await entry.pool.leave(engine.sharing.pace)

    async def _limits(self, *, terminal: bool) -> Limits:
        limits, pool = world.limits_of(self.campaign, terminal=terminal), self.entry.pool
        return limits if pool is None else replace(limits, found=await pool.found())

    async def _background(self, models: frozenset[str], engine: Engine) -> Background:
        totals = await self.ledger.totals()
        waiting = await self.ledger.count_open() + totals.unsent
        learned: list[float] = []
        for model in models:
            learned += await self.ledger.durations(model)
        if not learned and not self.campaign.sandbox:
            learned += usual_seconds(models, self.campaign.rules.catalogue.profiles) or ()
        tally = self.listener.tally
        for job in await self.ledger.open_jobs():
            tally.resumed(job)
        outset = Outset(
            total=waiting, spent=totals.cost, learned=sorted(learned), started=self.started
        )
        screen = Screen(self.ui, tally, outset, now)

        async def beat() -> None:
            await self.ledger.beat(self.entry.run, now())

        background = Background(self.halt)
        background.every(SHOW, screen.show)
        background.every(LOG_PAUSE, self._flush_log)
        background.every(BEAT, beat)
        background.every(BEAT, self._book)
        background.every(LEASE_BEAT, self.entry.neighbours.beat)
        if self.entry.neighbours.others is not None:
            background.every(CATCH_UP, self._catch_up)
        background.every(self.campaign.settings.save_every, self.save)
        if (pool := self.entry.pool) is not None:
            meet = partial(pool.meet, engine.sharing, self.listener)
            await meet()  # before the first submit
            background.every(pool.every, meet)
        return background

    async def _terms(self) -> Terms:
        entry = self.entry
        return await terms_of(self.campaign, self.ledger, entry.key, entry.purse, entry.budget)

    async def _flush_log(self) -> None:
        self.entry.log.write_out()

    async def _book(self) -> None:
        """Let the user's books know what this run did so far."""
        purse = self.entry.purse
        trouble = purse and await purse.keep_booking(self.ledger, self.entry.key)
        if trouble:
            self.listener.noticed("spend_unusable", trouble)

    async def _catch_up(self) -> None:
        """What others do to the ledger shows in the sheet, and the sheet's edits in the ledger."""
        await self.entry.neighbours.catch_up(self.listener)
        await self._follow()

    async def _follow(self) -> None:
        if (reason := await self.entry.neighbours.follow()) is not None:
            self.halt.stop_submits(reason)
        try:
            await self.sync.follow()
        except SheetError as error:
            message = phrase("the sheet cannot be read any more: {reason}", reason=error)
            self.halt.stop_submits(StopReason(code="sheet_unreadable", message=message))

    async def save(self) -> None:
        """Write what is new into the sheet; trouble with it is said and ends nothing."""
        try:
            await self.sync.write()
        except (SheetError, SheetBusyError) as error:
            self.listener.noticed(error.code, joined(str(error), phrase("The results are kept.")))

    async def close(self, reason: StopReason | None, *, fail_on: FailOn, terminal: bool) -> Ending:
        """The last write, the exit code, and what comes next."""
        try:
            await self.sync.write(at_end=True)
        except (SheetError, SheetBusyError) as error:
            self.listener.noticed(error.code, str(error))
            said = phrase("the results could not be written.")
            reason = reason or StopReason(code="sheet_not_written", message=said)
        await self._book()
        totals = await self.ledger.totals()
        reason = (
            self.halt.reason or reason or left_over(totals)
        )  # a signal may have come meanwhile
        unknown = await self.ledger.unknown_jobs()
        code = exit_code(totals, len(unknown), reason, fail_on=fail_on)
        links_until = await self.ledger.links_until()
        await self.ledger.finish_run(self.entry.run, now(), code)
        await self.entry.neighbours.part()
        if terminal:
            await self._merge_when_closed()
        ending = Ending(
            sheet=str(self.campaign.source),
            code=code,
            totals=totals,
            new=self.listener.tally.new,
            sent=self.listener.tally.sent,
            unknown=unknown,
            first_errors=await self.ledger.some_jobs(self.listener.tally.troubled()),
            reason=reason,
            links_until=links_until,
            results_in=str(self.sync.results_in or self.campaign.sheet),
            videos_in=str(stores.video_folder(self.campaign)),
        )
        ending = replace(ending, next_command=next_command(ending, self.campaign.command))
        self.entry.log.happened("run_ended", about_ending(ending, now() - self.started))
        return ending

    async def _merge_when_closed(self) -> None:
        """Somebody sits there with the sheet open: it takes the results when it is closed."""
        sheet = self.campaign.sheet
        if not self.sync.beside or not await asyncio.to_thread(is_open, sheet):
            return
        self.ui.say(
            phrase(
                "{file} is open: close it, and the results go into it. Ctrl-C leaves them in {place}.",
                file=sheet.name,
                place=self.sync.results_in,
            )
        )
        try:
            await self.sync.wait_closed(lambda: self.halt.leaving)
        except (SheetError, SheetBusyError) as error:
            self.listener.noticed(error.code, joined(str(error), phrase("The results are kept.")))


async def open_session(
    campaign: Campaign,
    ledger: Ledger,
    wanted: Wanted,
    ui: Ui,
    entry: RunEntry,
) -> Session:
    """Enrol the rows as they are now, and show in the sheet that they are on their way."""
    intakes, choices = await rows_now(campaign, ledger, wanted)
    scopes = await enrol(intakes, choices, ledger, origin=campaign.origin, at=now())
    await ask_anew(campaign, ledger, intakes, choices, entry.run, now())
    for lost in await ledger.unknown_jobs():
        if lost.task_id is not None:
            await ledger.record(lost, again.looked_for_again(lost, now()))
    await entry.neighbours.meet()
    sys.audit("batch_runner.app.enrolled")
    listener = RunListener(entry.log, show=ui.say)
    listener.watch(entry.halt)
    entry.neighbours.listen_to(listener)
    if entry.budget is not None:
        listener.pass_on(entry.budget.heard)
    desk = world.desk_of(campaign, ledger, listener.noticed)
    sync = SheetSync(desk, intakes, scopes)
    listener.tell(sync.touched)
    session = Session(
        campaign=campaign,
        ledger=ledger,
        ui=ui,
        listener=listener,
        sync=sync,
        halt=entry.halt,
        entry=entry,
        started=now(),
        meter=Meter(campaign.settings.metrics, campaign.sheet, ledger, listener),
    )
    if desk.output is None:
        await asyncio.to_thread(keep_original, campaign.sheet, campaign.sidecar.folder)
        sys.audit("batch_runner.app.original_kept")
    await session.save()
    return session
