"""All that is to be told of one command: gathered sheet by sheet, told once, at its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.notify import news as newsroom
from batch_runner.app.notify.news import News
from batch_runner.app.notify.tell import tell, troubles
from batch_runner.app.notify.who import who_is_told
from batch_runner.app.run.control import ended_by_signals
from batch_runner.app.run.outcome import Ending
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.language import phrase
from batch_runner.settings.notify import Notify


class Telling:
    """Gathers news and tells each circle of people theirs in one message."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._news: dict[Notify, list[News]] = {}

    def ended(self, campaign: Campaign, ending: Ending, lines: Sequence[str]) -> None:
        """A run over one sheet came to its end, early or not; ``lines`` say how."""
        told = newsroom.of_ending(newsroom.name_of(campaign), ending, lines)
        self._add(campaign.settings.notify, told)

    def refused(self, sheet: Path, options: Mapping[str, object], error: BatchRunnerError) -> None:
        """A run could not begin, or broke off."""
        told = newsroom.of_refusal(str(sheet), error)
        if told is not None:
            self._add(who_is_told(sheet, options, self._environ), told)

    def _add(self, notify: Notify, news: News) -> None:
        if notify.targets and news.occasion in notify.on:
            self._news.setdefault(notify, []).append(news)

    async def tell_all(self, say: Callable[[str], None]) -> None:
        """Tell everybody; ``say`` hears of those that could not be told.

        A signal ends only the telling: what was run stays as it ended.
        """
        with _cut_short(say):
            for notify, news in self._news.items():
                for sentence in troubles(await tell(notify, newsroom.of_several(news))):
                    say(sentence)


@contextlib.contextmanager
def _cut_short(say: Callable[[str], None]) -> Iterator[None]:
    task = asyncio.current_task()
    assert task is not None
    with ended_by_signals(task.cancel):
        try:
            yield
        except asyncio.CancelledError:
            task.uncancel()
            say(phrase("Not everybody was told of this run: it was interrupted."))
