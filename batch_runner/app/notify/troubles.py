"""Trouble that concerns all rows, told the moment it is met: a run may go on for hours after it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from batch_runner.app.campaign import Campaign
from batch_runner.app.notify import news
from batch_runner.app.notify.tell import tell, troubles
from batch_runner.app.run.listen import RunListener
from batch_runner.settings.notify import Notify

TROUBLES = frozenset(
    {
        "error",
        "key_refused",
        "no_answers",
        "no_balance",
        "provider_back",
        "provider_down",
        "same_rejection",
        "sheet_unreadable",
        "spend_unusable",
    }
)
"""Notices of a run that somebody should hear of before its end."""

REST = 5.0  # seconds


class TroubleTeller:
    """Hears a run's notices, and tells each kind of trouble once; never waits and never raises."""

    def __init__(self, notify: Notify, sheet: str, listener: RunListener, told: set[str]) -> None:
        self._notify, self._sheet, self._listener = notify, sheet, listener
        self._told = told
        self._telling: set[asyncio.Task[None]] = set()

    def hear(self, code: str, message: str) -> None:
        """Tell of a notice, if it is trouble."""
        if code in TROUBLES and code not in self._told and self._notify.targets:
            self._told.add(code)
            task = asyncio.ensure_future(self._tell(code, message))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, code: str, message: str) -> None:
        counts = self._listener.tally.new
        told = await tell(self._notify, news.of_trouble(self._sheet, code, message, counts))
        for sentence in troubles(told):
            self._listener.note("not_told", sentence)

    async def rest(self) -> None:
        """Give what is still being told a moment; the end of the run is told as well."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=REST)
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)


@contextlib.asynccontextmanager
async def troubles_told(
    campaign: Campaign, listener: RunListener, told: set[str]
) -> AsyncIterator[None]:
    """Within this block, trouble of all rows is told to whom the settings name.

    ``told``: the kinds that were told before, by runs over other sheets: it is the same trouble.
    """
    teller = TroubleTeller(campaign.settings.notify, news.name_of(campaign), listener, told)
    listener.hear(teller.hear)
    try:
        yield
    finally:
        await teller.rest()
