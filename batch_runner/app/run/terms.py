"""Under which terms each job of a run is claimed: whose account, which budgets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.money.run_budget import Seat
from batch_runner.app.money.spending import Purse, reserving
from batch_runner.core.callback import address_of
from batch_runner.core.jobs import ClaimTerms
from batch_runner.ledger.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Makes the terms of each claim; a fresh key and the time of the moment."""

    origin: str
    account: str
    cap: int | None
    max_tries: int
    replay: bool
    priced_only: bool
    purse: Purse | None
    budget: Seat | None
    webhook: str | None = None  # where the outside reaches this run, if it listens

    def __call__(self) -> ClaimTerms:
        """The terms of this moment."""
        at = now()
        purse = self.purse if self.purse and self.purse.holds else None
        key = _fresh_key(at)
        return ClaimTerms(
            reserve=reserving(self.budget, purse),
            priced_only=self.priced_only,
            now=at,
            key=key,
            callback=address_of(self.webhook, key) if self.webhook else "",
            origin=self.origin,
            account=self.account,
            cap=self.cap,
            max_tries=self.max_tries,
            replay=self.replay,
        )


def _fresh_key(at: datetime) -> str:
    """An idempotency key that nobody can guess.

    It begins with the time: keys made one after another stand together in the ledger's index, so
    a commit writes one page of it and not one for each key.
    """
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}"


async def terms_of(
    campaign: Campaign,
    ledger: Ledger,
    key: str,
    purse: Purse | None,
    budget: Seat | None,
) -> Terms:
    """The terms of one run, whose budget counts from here."""
    settings = campaign.settings
    salt = await ledger.meta("salt")
    held = (await ledger.totals()).held
    caps = [settings.budget_total] if settings.budget_total is not None else []
    if settings.budget_run is not None:
        caps.append(held + settings.budget_run)
    return Terms(
        origin=campaign.origin,
        account=fingerprint(key, salt or ""),
        cap=min(caps, default=None),
        max_tries=settings.submit_attempts,
        replay=settings.replay,
        priced_only=settings.budgeted or budget is not None,
        purse=purse,
        budget=budget,
    )
