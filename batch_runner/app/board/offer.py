"""What starting a run would mean: the plan, the account's balance, and whether a key is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batch_runner.app.board.checked import Checked, checked
from batch_runner.app.campaign import Campaign
from batch_runner.app.money.keys import key_for
from batch_runner.app.run import world
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.model import MICROS
from batch_runner.core.outcomes import Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A run before it is agreed to."""

    checked: Checked
    no_key: str = ""  # why it cannot be run for real, in plain words
    balance: Balance | None = None  # None: it was not asked


async def offer(campaign: Campaign, account: str | None, environ: Mapping[str, str]) -> Offer:
    """Check a sheet, and ask the account that would pay for it.

    Raises:
        BatchRunnerError: the sheet cannot be used at all.
    """
    found = await checked(campaign)
    try:
        key = key_for(campaign.settings, account, environ)
    except BatchRunnerError as error:
        return Offer(checked=found, no_key=str(error))
    if not found.plan.submits:
        return Offer(checked=found)
    async with world.service(campaign, key.text) as provider:
        return Offer(checked=found, balance=await provider.balance())


def run_words(campaign: Campaign, *, first: int | None, most: int | None) -> list[str]:
    """The command that makes the videos of a sheet, without a question.

    Args:
        campaign: the sheet.
        first: only so many of them; ``None``: all.
        most: micro-dollars that were agreed to; ``None``: nobody knows what it costs.
    """
    words = ["run", str(campaign.source), "--yes", "--quiet"]
    if first is not None:
        words += ["--limit", str(first)]
    if most is not None:
        agreed = f"{most / MICROS:.6f}"  # by somebody who saw the plan
        words += ["--max-cost", agreed, "--confirm-above", agreed]
    return words + given_words(campaign)


def given_words(campaign: Campaign) -> list[str]:
    """The options that the board was started with, for a run of its own."""
    words = []
    for name in ("config", "account", "base_url"):
        if campaign.given.get(name) is not None:
            words += [f"--{name.replace('_', '-')}", str(campaign.given[name])]
    return words
