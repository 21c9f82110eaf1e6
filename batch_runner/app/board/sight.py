"""A sheet at one moment, for whoever watches: counts, the run that is on, how fast, until when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from batch_runner.app.campaign import Campaign
from batch_runner.app.ctl.ask import ask
from batch_runner.app.ctl.orders import Action, Order
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.run.forecast import Pulse, finish
from batch_runner.core.errors import UsageError
from batch_runner.core.jobs import Totals
from batch_runner.ledger.board import Happening, Tempo
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.runs import RunRecord

CUT_OFF = 120.0  # seconds without a heartbeat (there is one each 30) after which a run is dead
MINUTE = timedelta(minutes=1)
NEWEST = 12  # happenings that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A run that is on, as it says of itself."""

    sent: int
    being_made: int
    new: Mapping[str, int]  # state -> jobs that came to it in this run
    in_flight: int
    slots: int
    rate: float  # submits a minute that may be made
    paused: bool
    provider_down: bool
    stopping: str | None  # why nothing more is sent
    limited: int  # submits answered with 429
    say: str  # all of it, in a sentence

    @classmethod
    def told(cls, reply: Mapping[str, Any]) -> Live:
        """What the answer to an order says."""
        run: Mapping[str, Any] = reply.get("run") or {}
        return cls(
            sent=run.get("sent", 0),
            being_made=run.get("being_made", 0),
            new=run.get("new", {}),
            in_flight=run.get("in_flight", 0),
            slots=run.get("concurrency", 0),
            rate=run.get("rate_per_min", 0.0),
            paused=run.get("paused", False),
            provider_down=run.get("provider_down", False),
            stopping=run.get("stopping"),
            limited=run.get("limited", 0),
            say=str(reply["say"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A sheet at one moment; money in micro-dollars."""

    totals: Totals | None = None  # None: it was never run
    run: RunRecord | None = None
    live: Live | None = None
    tempo: Tempo = field(default_factory=Tempo)  # of the last minute
    happenings: Sequence[Happening] = ()
    finish: datetime | None = None  # when everything is to be expected; None: nobody knows
    budget: int | None = None


async def look(campaign: Campaign, at: datetime) -> Sight:
    """How a sheet stands, read beside whatever runs.

    Raises:
        LedgerError: what is known of it cannot be read.
    """
    async with reading(campaign.ledger) as ledger:
        if ledger is None:
            return Sight(budget=campaign.settings.budget_total)
        run, totals = await ledger.last_run(), await ledger.totals()
        live = await live_of(campaign, run)
        return Sight(
            totals=totals,
            run=run,
            live=live,
            tempo=await ledger.tempo(at - MINUTE),
            happenings=await ledger.happenings(NEWEST),
            finish=await _finish(ledger, totals, run, live, at) if run and live else None,
            budget=campaign.settings.budget_total,
        )


async def live_of(campaign: Campaign, run: RunRecord | None) -> Live | None:
    """What the run that is on says of itself; ``None``: none is on, or it says nothing."""
    if run is None or run.ended_at is not None:
        return None
    try:
        reply = await asyncio.to_thread(ask, campaign.sidecar.home, Order(action=Action.SHOW))
    except UsageError:
        return None
    return None if reply is None else Live.told(reply)


def is_at_work(run: RunRecord | None, live: Live | None, at: datetime) -> bool:
    """Whether a run is on: it answers, or showed a sign of life not long ago."""
    if run is None or run.ended_at is not None:
        return False
    return live is not None or (at - run.beat_at).total_seconds() <= CUT_OFF


async def _finish(
    ledger: Ledger, totals: Totals, run: RunRecord, live: Live, at: datetime
) -> datetime | None:
    """When all that this run is to do may be done."""
    if live.paused or live.stopping:
        return None
    learned: list[float] = []
    for model in frozenset[str]().union(*await ledger.models()):
        learned += await ledger.durations(model)
    ended = sum(live.new.values())
    pulse = Pulse(
        started=run.started_at,
        now=at,
        total=ended + totals.unsent + totals.states.get("running", 0),
        ended=ended,
        being_made=live.being_made,
    )
    return finish(pulse, sorted(learned))
