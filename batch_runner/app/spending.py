"""One run and the user's own books: what it may still spend, and what it did."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.accounts import fingerprint
from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.follow_ledgers import catch_up, follow, name_of
from batch_runner.app.plan import usd
from batch_runner.core.errors import LedgerError
from batch_runner.core.spend import (
    Cap,
    Localise,
    Payer,
    Reservation,
    Source,
    Span,
    over_budget,
    span_start,
)
from batch_runner.ledger.spend_store import SpendStore
from batch_runner.ledger.sqlite import SqliteLedger
from batch_runner.settings.find import user_data_dir


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
        self.refused = False  # the last reservation was; what was settled since may change that
        self.holds = bool(caps)  # each send is to be reserved
        self._source = source
        self._caps = caps

    def reserve(self, wish: Reservation) -> str | None:
        """Reserve what is about to be sent; or the sentence that says why not."""
        refusal = self.store.reserve(self._source, self.payer, wish, self._caps.at(wish))
        self.refused = refusal is not None
        return None if refusal is None else over_budget(*refusal, usd)

    async def book(self, ledger: SqliteLedger, key: str) -> None:
        """Take over into the books what happened in the ledger since the last time."""
        self._source = await follow(self.store, self._source, ledger, (key, self.payer))
        # Another sheet may have set such a budget meanwhile: from now on this one reserves, too.
        self.holds = bool(self._caps) or self.store.watched(self.payer.account, now())

    async def begin(self, ledger: SqliteLedger, key: str) -> None:
        """Bring the books up to date before a run; its sheet's lock is held."""
        if self._caps:
            self.store.watch(self.payer.account, now())
            await catch_up(self.store, (key, self.payer), without=self._source.ledger)
        salt = await ledger.meta("salt") or ""
        unknown = name_of(self._source, fingerprint(key, salt))
        self.store.recognise(unknown, self.payer.account)
        await self.book(ledger, key)
        self.store.free(self._source)


def books_folder(campaign: Campaign, environ: Mapping[str, str]) -> Path:
    """Where the books are: the user's own; a rehearsal has its own, so that no toy money mixes."""
    return campaign.sidecar.folder if campaign.sandbox else user_data_dir(environ)


def payer_of(store: SpendStore, campaign: Campaign, key: str) -> Payer:
    """Who pays for a campaign, as the books name them."""
    origin, same = campaign.origin, campaign.settings.same_service
    others = tuple(one for one in same if one != origin) if origin in same else ()
    return Payer(account=fingerprint(key, store.salt), origins=(origin, *others))


async def open_purse(
    campaign: Campaign, ledger: SqliteLedger, key: str, environ: Mapping[str, str]
) -> Purse | str:
    """The books for one run, up to date; or why there are none, where nothing needs them.

    Raises:
        LedgerError: a budget of the day or month is set, and the books cannot be used.
    """
    settings = campaign.settings
    caps = UserCaps(
        day=settings.budget_day, month=settings.budget_month, localise=campaign.localise
    )
    try:
        store = await asyncio.to_thread(SpendStore.open, books_folder(campaign, environ))
    except LedgerError as error:
        if caps:
            raise
        return f"{error} This run goes on without them: it has no budget that needs them."
    try:
        campaign_id = await ledger.meta("campaign") or ""
        source = store.source(campaign.sidecar.ledger, campaign_id, str(campaign.source))
        purse = Purse(store, source, payer_of(store, campaign, key), caps)
        await purse.begin(ledger, key)
    except BaseException:
        store.close()
        raise
    return purse
