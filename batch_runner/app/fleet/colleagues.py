"""What a run does about the workers of its campaign, see :class:`batch_runner.app.place.neighbours`."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from batch_runner.app.campaign import Campaign
from batch_runner.app.fleet.company import Company, WorkersLedger
from batch_runner.app.fleet.feed import Feed
from batch_runner.app.fleet.member import Member
from batch_runner.app.place.stores import video_folder
from batch_runner.app.run.listen import RunListener
from batch_runner.app.run.terms import Terms
from batch_runner.app.run.world import limits_of, policy_of
from batch_runner.core import ports
from batch_runner.core.commission import Commission
from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.postgres import campaigns
from batch_runner.queue.queue import tell
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.sharing import Sharing


class Colleagues:
    """The run is a worker among them; the sheet, its pictures and videos' place are its own."""

    def __init__(self, campaign: Campaign, member: Member, company: Company) -> None:
        self._campaign = campaign
        self._member = member
        self._company = company
        self._feed = Feed(company.ledger)
        self._halt = Halt()  # of the run, once it begins to send, like the next two
        self._sharing: Sharing
        self._asked: Commission
        self._they_send = False
        self.ledger: ports.Ledger = WorkersLedger(company.ledger, pictures=True, videos=True)
        self.others: ports.Others | None = company

    async def meet(self) -> None:
        """The rows are enrolled; what happens from now on is told."""
        await self._feed.begin()

    async def begin(self, terms: Terms, sharing: Sharing, halt: Halt) -> None:
        """Let workers take rows, under the same terms, for as long as this run sends."""
        self._halt, self._sharing = halt, sharing
        self._asked = commission_of(self._campaign, terms)
        await self._company.join(sharing)
        await self._ask(self._asked)
        await self._let_them_send()

    async def catch_up(self, listener: RunListener) -> None:
        """Tell what the workers did; a pause, a stop and other limits of this run are theirs, too."""
        rate, slots = self._sharing.given
        asked = replace(self._asked, rate=rate, slots=slots)
        if asked != self._asked:
            await self._ask(asked)
            await self._tell()
        await self._let_them_send()
        await self._feed.catch_up(listener)

    async def _ask(self, asked: Commission) -> None:
        await self._member.fleet.change(campaigns.set_policy, self._id, asked.to_text())
        self._asked = asked

    async def _let_them_send(self, *, over: bool = False) -> None:
        may = not (over or self._halt.holds_submits)
        if may is self._they_send:
            return
        await self._member.fleet.change(campaigns.set_active, self._id, active=may)
        self._they_send = may
        await self._tell()

    def listen_to(self, listener: RunListener) -> None:
        """Know what the run does itself."""
        listener.pass_on(self._feed.own)

    async def follow(self) -> StopReason | None:
        """Why nothing may be sent any more."""
        if not self._member.lost.is_set():
            return None
        return StopReason(
            code="taken_for_dead",
            message=phrase("the workers took this run for dead, and see to its tasks."),
        )

    async def beat(self) -> None:
        """The office does that."""

    async def part(self) -> None:
        """The run is over: workers send nothing more, and see to the end what is accepted."""
        await self._let_them_send(over=True)

    async def _tell(self) -> None:
        member = self._member
        with contextlib.suppress(LedgerError):  # they look by themselves, too
            await tell(member.url, self._id, await member.others(self._campaign.origin))

    @property
    def _id(self) -> str:
        database = self._campaign.database
        assert database is not None
        assert database.campaign is not None
        return database.campaign


def commission_of(campaign: Campaign, terms: Terms) -> Commission:
    """What a run's settings ask of workers."""
    settings, limits = campaign.settings, limits_of(campaign, terminal=False)
    place = video_folder(campaign)
    return Commission(
        policy=policy_of(campaign),
        dialect=settings.dialect,
        language=settings.language,
        rate=limits.rate,
        slots=limits.slots,
        looks=limits.looks,
        downloads=limits.downloads,
        download_rate=settings.download_rate,
        patience=limits.patience,
        cap=terms.cap,
        priced_only=terms.priced_only,
        account=terms.account,
        videos=place if isinstance(place, str) else "",
        links="" if settings.publish is None else settings.publish.base_url,
    )
