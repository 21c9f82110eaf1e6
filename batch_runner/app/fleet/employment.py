"""A worker at one campaign: the engine over a ledger that it shares, with the policy it finds there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Never

from batch_runner.app.clock import now
from batch_runner.app.fleet.company import Company, WorkersLedger
from batch_runner.app.fleet.member import FLEET_MEET, Member
from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.run.background import Background
from batch_runner.app.run.pool import Pool
from batch_runner.app.run.terms import Terms
from batch_runner.app.run.world import jitter
from batch_runner.core.commission import Commission
from batch_runner.core.jobs import Change, Job
from batch_runner.core.language import speak
from batch_runner.core.uploads import NoPicture
from batch_runner.ledger.postgres.campaigns import Campaign
from batch_runner.ledger.postgres.ledger import PostgresLedger
from batch_runner.provider.client import HttpProvider
from batch_runner.scheduler.engine import Engine
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.world import Limits, World
from batch_runner.settings.languages import load_language

LOOK = 15.0  # seconds between two looks for rows, where nobody tells of any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hired:
    """What a worker brings along."""

    key: str = field(repr=False)
    most: int | None  # tasks in flight of one campaign that it may have
    stays: bool  # for what may come, when nothing is left
    say: Callable[[str], None]


@dataclass(kw_only=True)
class Employment:
    """A worker's part in one campaign, from its begin to its end."""

    campaign: Campaign
    halt: Halt = field(default_factory=Halt)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, member: Member, hired: Hired) -> StopReason | None:
        """Work until the campaign is over for this worker; why it ended early, if it did.

        Raises:
            ValueError: what the campaign asks of workers cannot be understood.
            LedgerError: the database cannot be used.
        """
        asked = Commission.from_text(self.campaign.policy)
        speak(load_language(asked.language))
        async with self._ledger(member) as ledger, self._provider(asked, hired.key) as provider:
            terms = await self._terms(ledger, asked, hired.key)
            desk = await member.desk(hired.key, self.campaign.origin)
            store = member.fleet.pool(desk.account, desk.origin)
            pool = Pool(store=store, every=FLEET_MEET, most=hired.most)
            company = Company(
                ledger=ledger, desk=desk, look=LOOK, stays=hired.stays, told=self.told
            )
            world = World(
                ledger=WorkersLedger(ledger, at_home=False),
                provider=provider,
                shelf=_NoShelf(),
                listener=_Said(partial(self._tell, hired.say)),
                now=now,
                jitter=jitter,
                terms=terms,
                before_claim=_nothing,
                book=_nothing,
                pictures=_NoPictures(),
                others=company,
                elsewhere=ledger.give_up,
            )
            limits = await self._limits(asked, pool)
            engine = Engine(world, asked.policy, limits, self.halt)
            company.join(engine.sharing)
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
        ledger = await member.fleet.ledger(self.campaign.id)
        try:
            yield ledger
            await ledger.release(now())  # what is still at the provider, others see to
        finally:
            await asyncio.to_thread(ledger.close)

    def _provider(self, asked: Commission, key: str) -> HttpProvider:
        return HttpProvider(
            origin=self.campaign.origin,
            key=key,
            language=asked.language,
            dialect=asked.dialect,
            download_rate=asked.download_rate,
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

    @staticmethod
    async def _limits(asked: Commission, pool: Pool) -> Limits:
        return Limits(
            rate=asked.rate,
            slots=asked.slots,
            looks=asked.looks,
            found=await pool.found(),
            downloads=asked.downloads,
            patience=asked.patience,
        )

    def _tell(self, say: Callable[[str], None], message: str) -> None:
        say(f"{self.campaign.sheet}: {message}")


async def _nothing() -> None:
    """A worker has no sheet to follow, and no books to keep."""


class _Said:
    """Hears what happens; the ledger has it all, so only what is worth a line is said."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def changed(self, job: Job, change: Change) -> None:
        """Something happened to a job, durably."""

    def noticed(self, code: str, message: str) -> None:  # noqa: ARG002 - a port
        """Something about the campaign as a whole."""
        self._say(message)


class _NoPictures:
    """The pictures are where the sheet is."""

    async def picture(self, key: str) -> NoPicture:
        """None is here; the run that has the sheet uploads it."""
        return NoPicture(code="picture_elsewhere", message=key, passing=True)


class _NoShelf:
    """Videos that this worker cannot store are fetched by the run that has the sheet."""

    async def place(self, job: Job) -> Never:
        """There is none."""
        raise AssertionError(job.id)

    async def part(self, job: Job) -> Never:
        """There is none."""
        raise AssertionError(job.id)

    def name(self, path: Path) -> str:
        """As it is."""
        return path.as_posix()
