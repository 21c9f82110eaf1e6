"""The first and the last line of a run's log: all that somebody who helps by mail has to ask for."""

from __future__ import annotations

import os
import platform
from datetime import timedelta

from batch_runner import __version__
from batch_runner.app.campaign import Campaign
from batch_runner.app.documents import money, run_document
from batch_runner.app.run.outcome import Ending


def about_run(campaign: Campaign, host: str) -> dict[str, object]:
    """The program, the machine, the sheet and the settings that shape the run; no secrets."""
    s = campaign.settings
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "host": host,
        "pid": os.getpid(),
        "sheet": str(campaign.sheet),
        "worksheet": s.worksheet,
        "config": None if s.config is None else str(s.config),
        "origin": campaign.origin,
        "concurrency": s.concurrency,
        "rate": s.rate,
        "budget_total_usd": money(s.budget_total),
        "budget_run_usd": money(s.budget_run),
        "budget_day_usd": money(s.budget_day),
        "budget_month_usd": money(s.budget_month),
        "deadline": s.run_deadline,
        "idempotency": "replay" if s.replay else "hold",
        "download": s.download,
    }


def about_ending(ending: Ending, took: timedelta) -> dict[str, object]:
    """As ``run --json`` says it, and how long it took."""
    told = run_document(ending)
    del told["schema"], told["sheet"]
    return {**told, "seconds": round(took.total_seconds(), 3)}
