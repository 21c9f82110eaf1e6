"""One run and the user's own books: what it may still spend, and what it did."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.money.follow_ledgers import catch_up, follow, name_of
from batch_runner.app.money.run_budget import Seat
from batch_runner.app.sheet.plan import usd
from batch_runner.core.errors import LedgerError
from batch_runner.core.outcomes import Balance
from batch_runner.core.spend import (
    Cap,
    Localise,
    Payer,
    Refused,
    Reservation,
    Source,
    Span,
    over_budget,
    span_start,
)
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.spend_store import SpendStore
from batch_runner.ledger.spend_views import note_balance

Reserve = Callable[[Reservation], Refused | None]
"""Reserves what is about to be sent; or gives what forbids it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCaps:
    """The user's own budgets as a campaign sets them, in micro-dollars."""

    day: int | None
    month: int | None
    localise: Localise

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.day is not None or self.month is not None

    def at(self, wish: Reservation) -> list[Cap]:
        """The budgets as they stand when something is about to be sent."""
        amounts = {Span.DAY: self.day, Span.MONTH: self.month}
        return [
            Cap(span=span, micros=amount, since=span_start(wish.at, span, self.localise))
            for span, amount in amounts.items()
            if amount is not None
        ]


class Purse:
    """What one run may spend of what all sheets of the user may, and the books it is kept in."""

    def __init__(self, store: SpendStore, source: Source, payer: Payer, caps: UserCaps) -> None:
        self.store = store
        self.payer = payer
        self.holds = bool(caps)  # each send is to be reserved
        self.broken = False  # the books failed in this run, which needs them for no budget
        self._source = source
        self._caps = caps
        self._booking = asyncio.Lock()  # what was read first is also written first

    def reserve(self, wish: Reservation) -> Refused | None:
        """Reserve what is about to be sent; or say what forbids it."""
        refusal = self.store.reserve(self._source, self.payer, wish, self._caps.at(wish))
        sys.audit("batch_runner.spend.reserved")
        return None if refusal is None else Refused(over_budget(*refusal, usd))

    def note(self, balance: Balance | None) -> None:
        """Remember what is left before anything is sent: evidence, should an answer be lost."""
        if balance is not None and balance.remaining is not None:
            note_balance(self.store, self.payer.account, now(), balance.remaining)

    def close(self) -> None:
        """Close the books."""
        self.store.close()

    async def book(self, ledger: Ledger, key: str) -> None:
        """Take over into the books what happened in the ledger since the last time."""
        async with self._booking:
            self._source = await follow(self.store, self._source, ledger, (key, self.payer))
        # Another sheet may have set such a budget meanwhile: from now on this one reserves, too.
        self.holds = bool(self._caps) or self.store.watched(self.payer.account, now())

    async def keep_booking(self, ledger: Ledger, key: str) -> str | None:
        """Book, as well as it goes; what is the matter, if it goes no more (said once)."""
        if self.broken:
            return None
        try:
            await self.book(ledger, key)
        except LedgerError as error:
            if error.code != "spend_unusable":
                raise
            self.broken = True
            return str(error)
        return None

    async def begin(self, ledger: Ledger, key: str) -> None:
        """Bring the books up to date before a run; its sheet's lock is held."""
        if self._caps:
            self.store.watch(self.payer.account, now())
            await catch_up(self.store, (key, self.payer), without=self._source.ledger)
        salt = await ledger.meta("salt") or ""
        unknown = name_of(self._source, fingerprint(key, salt))
        self.store.recognise(unknown, self.payer.account)
        await self.book(ledger, key)
        self.store.free(self._source)


def reserving(budget: Seat | None, purse: Purse | None) -> Reserve | None:
    """Reserves in both, or in neither; ``None``: there is nothing to reserve in."""
    if budget is None or purse is None:
        one = budget or purse
        return None if one is None else one.reserve

    def reserve(wish: Reservation) -> Refused | None:
        refused = budget.reserve(wish)
        if refused is None and (refused := purse.reserve(wish)) is not None:
            budget.give_back(wish)
        return refused

    return reserve


def payer_of(store: SpendStore, campaign: Campaign, key: str) -> Payer:
    """Who pays for a campaign, as the books name them."""
    origin, same = campaign.origin, campaign.settings.same_service
    others = tuple(one for one in same if one != origin) if origin in same else ()
    return Payer(account=fingerprint(key, store.salt), origins=(origin, *others))


async def open_purse(
    campaign: Campaign, ledger: Ledger, key: str, balance: Balance | None
) -> Purse | str:
    """The books for one run, up to date; or why there are none, where nothing needs them.

    Args:
        campaign: the sheet at hand.
        ledger: its ledger, the lock held.
        key: the API key.
        balance: what the provider said was left, if it was asked.

    Raises:
        LedgerError: a budget of the day or month is set, and the books cannot be used.
    """
    settings = campaign.settings
    caps = UserCaps(
        day=settings.budget_day, month=settings.budget_month, localise=campaign.localise
    )
    try:
        purse = await _open(campaign, ledger, key, caps)
        purse.note(balance)
    except LedgerError as error:
        if caps or not error.code.startswith("spend"):
            raise
        return f"{error} This run goes on without them: it has no budget that needs them."
    return purse


async def _open(campaign: Campaign, ledger: Ledger, key: str, caps: UserCaps) -> Purse:
    store = await asyncio.to_thread(SpendStore.open, campaign.books)
    try:
        campaign_id = await ledger.meta("campaign") or ""
        source = store.source(campaign.sidecar.ledger, campaign_id, str(campaign.source))
        purse = Purse(store, source, payer_of(store, campaign, key), caps)
        await purse.begin(ledger, key)
    except BaseException:
        store.close()
        raise
    return purse
