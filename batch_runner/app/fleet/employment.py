"""A worker at one campaign: the engine over a ledger that it shares, as the campaign asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from batch_runner.app.clock import now
from batch_runner.app.fleet.company import Company, WorkersLedger
from batch_runner.app.fleet.member import FLEET_MEET, PARTING, Member
from batch_runner.app.fleet.stand_ins import NoPictures, NoShelf, Voice, nothing
from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.place.publisher import VideoPublisher
from batch_runner.app.place.shared_shelf import SharedShelf
from batch_runner.app.run.background import Background
from batch_runner.app.run.pool import Most, Pool
from batch_runner.app.run.terms import Terms
from batch_runner.app.run.world import jitter
from batch_runner.core.commission import Commission
from batch_runner.core.errors import BatchRunnerError, LedgerError
from batch_runner.core.language import phrase, speak
from batch_runner.ledger.postgres.campaigns import Campaign
from batch_runner.ledger.postgres.ledger import PostgresLedger
from batch_runner.provider.client import HttpProvider
from batch_runner.scheduler.engine import Engine
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.world import Limits, World
from batch_runner.settings.languages import load_language
from batch_runner.storage.place import open_place

THREADS = 2  # connections for a campaign: of claims there is one at a time anyway
LOOK = 15.0  # seconds between two looks for rows, where nobody tells of any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hired:
    """What a worker brings along."""

    key: str = field(repr=False)
    most: Most  # of one campaign
    stays: bool  # for what may come, when nothing is left
    say: Callable[[str], None]


@dataclass(kw_only=True)
class Employment:
    """A worker's part in one campaign, from its begin to its end."""

    campaign: Campaign
    halt: Halt = field(default_factory=Halt)
    told: asyncio.Event = field(default_factory=asyncio.Event)  # a look for rows is worth it

    async def work(self, member: Member, hired: Hired) -> StopReason | None:
        """Work until the campaign is over for this worker; why it ended early, if it did.

        Raises:
            ValueError: what the campaign asks of workers cannot be understood.
            LedgerError: the database cannot be used.
        """
        asked = Commission.from_text(self.campaign.policy)
        speak(load_language(asked.language))
        async with self._ledger(member) as ledger:
            terms = await self._terms(ledger, asked, hired.key)
            if terms.account != asked.account:
                why = phrase("it was begun with another API key; this worker leaves it alone.")
                return StopReason(code="other_account", message=why)
            desk = await member.desk(hired.key, self.campaign.origin)
            store = member.fleet.pool(desk.account, desk.origin)
            pool = Pool(store=store, every=FLEET_MEET, most=hired.most)
            company = Company(
                ledger=ledger, desk=desk, look=LOOK, stays=hired.stays, told=self.told
            )
            async with self._world(asked, company, terms, hired) as world:
                limits = await _limits(asked, pool)
                engine = Engine(world, asked.policy, limits, self.halt)
                await company.join(engine.sharing)
                known, soon = await ledger.models()
                return await self._run(engine, pool, world, known | soon)

    async def _run(
        self, engine: Engine, pool: Pool, world: World, models: frozenset[str]
    ) -> StopReason | None:
        meet = partial(pool.meet, engine.sharing, world.listener)
        await meet()  # before the first submit
        background = Background(self.halt)
        background.every(pool.every, meet)
        async with background:
            try:
                return await engine.run(models)
            finally:
                await pool.leave(engine.sharing.pace)

    @asynccontextmanager
    async def _ledger(self, member: Member) -> AsyncIterator[PostgresLedger]:
        ledger = await member.fleet.ledger(self.campaign.id, threads=THREADS)
        try:
            yield ledger
        finally:
            await asyncio.to_thread(ledger.close)

    @asynccontextmanager
    async def _world(
        self, asked: Commission, company: Company, terms: Terms, hired: Hired
    ) -> AsyncIterator[World]:
        """Everything the engine works with; what is at the provider at the end, others see to."""
        ledger = company.ledger
        provider = HttpProvider(
            origin=self.campaign.origin,
            key=hired.key,
            language=asked.language,
            dialect=asked.dialect,
            download_rate=asked.download_rate,
        )
        voice = Voice(lambda line: hired.say(f"{self.campaign.sheet}: {line}"))
        with tempfile.TemporaryDirectory(prefix="batch-runner-") as incoming:
            shelf = await _shelf(asked, ledger, Path(incoming), voice)
            async with provider as service, _released(ledger):
                yield World(
                    ledger=WorkersLedger(ledger, pictures=False, videos=shelf is not None),
                    provider=service,
                    shelf=shelf or NoShelf(),
                    listener=voice,
                    now=now,
                    jitter=jitter,
                    terms=terms,
                    before_claim=nothing,
                    book=nothing,
                    pictures=NoPictures(),
                    others=company,
                    elsewhere=ledger.give_up if shelf is None else None,
                    publisher=_publisher(asked, Path(incoming)) if shelf is not None else None,
                )

    async def _terms(self, ledger: PostgresLedger, asked: Commission, key: str) -> Terms:
        return Terms(
            origin=self.campaign.origin,
            account=fingerprint(key, await ledger.meta("salt") or ""),
            cap=asked.cap,
            max_tries=asked.policy.max_tries,
            replay=asked.policy.replay,
            priced_only=asked.priced_only,
            purse=None,
            budget=None,
        )


@asynccontextmanager
async def _released(ledger: PostgresLedger) -> AsyncIterator[None]:
    """Afterwards, what is at the provider is anybody's; a database that is away takes longer."""
    try:
        yield
    finally:
        with contextlib.suppress(LedgerError, TimeoutError):
            async with asyncio.timeout(PARTING):
                await ledger.release(now())


async def _limits(asked: Commission, pool: Pool) -> Limits:
    return Limits(
        rate=asked.rate,
        slots=asked.slots,
        looks=asked.looks,
        found=await pool.found(),
        downloads=asked.downloads,
        patience=asked.patience,
    )


async def _shelf(
    asked: Commission, ledger: PostgresLedger, incoming: Path, voice: Voice
) -> SharedShelf | None:
    """Where this worker keeps videos; ``None``: it cannot, so the run that has the sheet does."""
    if not asked.videos:
        return None
    try:
        shelf = SharedShelf(asked.videos, open_place(asked.videos), incoming, ledger)
        trouble = await shelf.reach()
    except BatchRunnerError as error:
        trouble = str(error)
    if trouble:
        voice.noticed("storage_unreachable", trouble)
        return None
    return shelf


def _publisher(asked: Commission, incoming: Path) -> VideoPublisher | None:
    if not asked.links:
        return None
    return VideoPublisher(
        base_url=asked.links, videos=asked.videos, sheet_folder=incoming, place=None
    )
