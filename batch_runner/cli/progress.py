"""How far all sheets of a command are: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_runner.app.sheet.plan import usd
from batch_runner.app.ui import Picture
from batch_runner.cli.pipes import say
from batch_runner.core.language import phrase, series

if TYPE_CHECKING:
    from tqdm import tqdm

FIRST_LINE = 2.0  # seconds until the first plain line; each pause is twice the one before
LINE_EVERY = 30.0  # seconds between plain lines, at most


@dataclass(frozen=True, slots=True)
class Sum:
    """The pictures of several runs as one."""

    total: int
    ended: int
    sent: int
    being_made: int
    new: Counter[str]
    spent: int  # micro-dollars
    first_video: datetime | None
    finish: datetime | None

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> Sum:
        """Add them up; one that nobody can foresee leaves the whole unforeseen."""
        tallies = [picture.tally for picture in pictures]
        first = [picture.first_video for picture in pictures if picture.first_video is not None]
        finish = [picture.finish for picture in pictures if picture.finish is not None]
        ended = sum(tally.ended for tally in tallies)
        return cls(
            total=sum(picture.total for picture in pictures),
            ended=ended,
            sent=sum(tally.sent for tally in tallies),
            being_made=sum(tally.being_made for tally in tallies),
            new=sum((Counter(tally.new) for tally in tallies), Counter()),
            spent=sum(picture.spent for picture in pictures),
            first_video=min(first, default=None) if not ended else None,
            finish=max(finish) if finish and len(finish) == len(pictures) else None,
        )

    def __str__(self) -> str:
        """``sent 5, being made 4, done 3, failed 0, spent $1.20, finish about 18:40``."""
        parts = [
            phrase("sent {count}", count=self.sent),
            phrase("being made {count}", count=self.being_made),
            phrase("done {count}", count=self.new["succeeded"]),
            phrase("failed {count}", count=self.new["failed"]),
            phrase("spent {amount}", amount=usd(self.spent)),
        ]
        if self.new["unknown"]:
            parts.append(phrase("unknown {count}", count=self.new["unknown"]))
        if self.first_video is not None:
            parts.append(phrase("first video about {at:%H:%M}", at=self.first_video.astimezone()))
        if self.finish is not None:
            parts.append(phrase("finish about {at:%H:%M}", at=self.finish.astimezone()))
        return series(parts)


class Progress:
    """What is shown of how it goes, and the lines that are printed beside it."""

    def __init__(self, *, terminal: bool, quiet: bool, as_json: bool) -> None:
        self.as_json = as_json  # standard output is for a document
        self._terminal = terminal
        self._quiet = quiet
        self._pictures: dict[str, Picture] = {}
        self._bar: tqdm[Any] | None = None
        self._pause = FIRST_LINE
        self._next_line = time.monotonic() + FIRST_LINE

    def show(self, sheet: str, picture: Picture) -> None:
        """How it goes with one of the sheets."""
        if self._quiet:
            return
        self._pictures[sheet] = picture
        if self._terminal:
            self._draw()
        elif time.monotonic() >= self._next_line:
            self._pause = min(LINE_EVERY, 2 * self._pause)
            self._next_line = time.monotonic() + self._pause
            now = self._sum()
            say(f"{now.ended}/{now.total} · {now}", err=True)

    def print(self, line: str, *, err: bool) -> None:
        """A line above the bar."""
        if self._bar is None:
            say(line, err=err)
            return
        self._bar.clear()
        say(line, err=err)
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _sum(self) -> Sum:
        return Sum.of(list(self._pictures.values()))

    def _draw(self) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=0,
                unit="video",
                dynamic_ncols=True,
                leave=False,  # the summary says it better
                bar_format="{n_fmt}/{total_fmt} |{bar:8}| {desc}",  # short: 80 columns are few
            )
        now = self._sum()
        self._bar.total = max(now.total, now.ended)
        self._bar.n = now.ended
        self._bar.set_description_str(str(now), refresh=False)
        self._bar.refresh()
