"""The evidence that ``resolve`` shows: asked from the provider and from the user's own books."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.money.follow_ledgers import catch_up
from batch_runner.app.money.keys import key_for
from batch_runner.app.money.spending import payer_of
from batch_runner.app.place import guards
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.status import Story
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.evidence import Evidence, Finding, Known, weigh
from batch_runner.core.wire_usage import LONGEST
from batch_runner.ledger.spend_store import SpendStore
from batch_runner.ledger.spend_views import balance_before, known_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The lost rows of one model, and what can be found out about them; money in micro-dollars."""

    model: str
    rows: tuple[str, ...]  # as people call them
    since: datetime
    counted: int | None  # videos the provider charged since
    known: Known
    finding: Finding
    balance_before: tuple[datetime, int] | None  # when it was asked, and what was left
    balance: int | None


async def gather(
    campaign: Campaign, stories: Sequence[Story], environ: Mapping[str, str], account: str | None
) -> list[Lost] | str:
    """The evidence for unknown rows; or the sentence that says why there is none."""
    if campaign.sandbox or any(
        a.origin == guards.SANDBOX_ORIGIN for s in stories for a in s.attempts
    ):
        return "A rehearsal's provider is not there to be asked."
    try:
        settings = campaign.settings
        key = key_for(settings, account, environ).text
        async with reading(campaign.ledger) as ledger:
            salt = "" if ledger is None else await ledger.meta("salt") or ""
            campaign_id = "" if ledger is None else await ledger.meta("campaign") or ""
        models = _by_model(stories, fingerprint(key, salt), campaign.origin)
        if not models:
            return "The rows were sent with another key or to another origin, or have a task id."
        store = await asyncio.to_thread(SpendStore.open, campaign.books)
        try:
            store.source(campaign.sidecar.ledger, campaign_id, str(campaign.source))
            await catch_up(store, (key, payer_of(store, campaign, key)))
            return await _ask(campaign, store, key, models)
        finally:
            store.close()
    except BatchRunnerError as error:
        return f"The provider was not asked: {error}"


def _by_model(
    stories: Sequence[Story], fingerprint_there: str, origin: str
) -> dict[str, list[Story]]:
    """The rows that this key may have paid and that show no task."""
    models: dict[str, list[Story]] = defaultdict(list)
    for story in stories:
        last = story.attempts[-1]
        if last.account == fingerprint_there and last.origin == origin and not last.task_id:
            models[story.job.model].append(story)
    return models


async def _ask(
    campaign: Campaign, store: SpendStore, key: str, models: Mapping[str, Sequence[Story]]
) -> list[Lost]:
    from batch_runner.provider.client import HttpProvider

    payer = payer_of(store, campaign, key)
    found = []
    async with HttpProvider(origin=campaign.origin, key=key) as provider:
        balance = await provider.balance()
        for model, stories in models.items():
            sent = [story.attempts[-1].first_sent_at for story in stories]
            since, asked = min(sent).replace(microsecond=0), now()
            counted = None
            if asked - since < LONGEST - timedelta(minutes=1):
                counted = (await provider.usage(model, since, asked + timedelta(seconds=1))).videos
            known = known_since(store, payer, model, since)
            evidence = Evidence(sent_last=max(sent), asked=asked, known=known, counted=counted)
            found.append(
                Lost(
                    model=model,
                    rows=tuple(story.job.name for story in stories),
                    since=since,
                    counted=counted,
                    known=known,
                    finding=weigh(evidence),
                    balance_before=balance_before(store, payer.account, min(sent)),
                    balance=balance.remaining,
                )
            )
    return found
