"""How a run looks: a bar on a terminal, plain lines elsewhere, nothing at all when quiet."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from batch_runner.app.outcome import DONE, Ending
from batch_runner.app.plan import Plan, describe, usd
from batch_runner.app.ui import Picture
from batch_runner.cli.pipes import say
from batch_runner.cli.words import problem_line, summary
from batch_runner.core.model import Problem, Severity

if TYPE_CHECKING:
    from tqdm import tqdm

FIRST_LINE = 2.0  # seconds until the first plain line; each pause is twice the one before
LINE_EVERY = 30.0  # seconds between plain lines, at most
MOST_PROBLEMS = 10  # shown before a run; 'check' shows all


class Console:
    """Standard output and error of one command."""

    def __init__(self, *, terminal: bool, quiet: bool, as_json: bool) -> None:
        self._terminal = terminal
        self._quiet = quiet
        self._as_json = as_json
        self._bar: tqdm[Any] | None = None
        self._pause = FIRST_LINE
        self._next_line = time.monotonic() + FIRST_LINE
        self._held: list[str] = []  # said only if something goes wrong

    # -- app.ui.Ui ----------------------------------------------------------------------

    def problems(self, problems: tuple[Problem, ...], name: str, worksheet: str | None) -> None:
        """What the sheet shows before anything is sent; the worst first, not all."""
        order = list(Severity)
        ranked = sorted(problems, key=lambda problem: order.index(problem.severity))
        for problem in ranked[:MOST_PROBLEMS]:
            self.say(problem_line(problem, name, worksheet))
        if len(ranked) > MOST_PROBLEMS:
            self.say(
                f"... and {len(ranked) - MOST_PROBLEMS} more; 'batch-runner check' shows all."
            )

    def plan(self, plan: Plan, more: tuple[str, ...]) -> None:
        """What is going to happen, and more about it."""
        for line in (*describe(plan), *more):
            self._out(line)

    def ask(self, plan: Plan) -> int | None:
        """One question: all, none, or the first five."""
        first = min(5, plan.submits)

        def read(text: str) -> int | None:
            word = text.strip().lower()
            if word in {"y", "yes"}:
                return None
            if word in {"n", "no"}:
                return 0
            if word in {"first", f"first {first}", str(first)}:
                return first
            raise click.BadParameter(f"please type yes, no or first {first}")

        question = f"Go on? yes / no / first {first}"
        # Asked where it is seen: standard output may go into a file or a pipe.
        answer: int | None = click.prompt(question, value_proc=read, err=True)
        return answer

    def show(self, picture: Picture) -> None:
        """How it goes."""
        if self._quiet:
            return
        if self._terminal:
            self._draw(picture)
        elif time.monotonic() >= self._next_line:
            self._pause = min(LINE_EVERY, 2 * self._pause)
            self._next_line = time.monotonic() + self._pause
            self._err(f"{picture.tally.ended}/{picture.total} · {_progress(picture)}")

    def say(self, message: str) -> None:
        """Something about the run as a whole."""
        if self._quiet:
            self._held.append(message)
        else:
            self._err(message)

    # -- the end ------------------------------------------------------------------------

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def ended(self, ending: Ending, localise: Callable[[datetime], datetime]) -> None:
        """The summary; when quiet, only if something went wrong."""
        self.close()
        lines = summary(ending, localise)
        if not self._quiet:
            for line in lines:
                self._out(line)
        elif ending.code != DONE:
            for line in (*self._held, *lines):
                say(line, err=True)

    # -- inside -------------------------------------------------------------------------

    def _draw(self, picture: Picture) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=picture.total,
                unit="video",
                dynamic_ncols=True,
                leave=False,  # the summary says it better
                bar_format="{n_fmt}/{total_fmt} |{bar:8}| {desc}",  # short: 80 columns are few
            )
        self._bar.total = max(picture.total, picture.tally.ended)
        self._bar.n = picture.tally.ended
        self._bar.set_description_str(_progress(picture), refresh=False)
        self._bar.refresh()

    def _out(self, line: str) -> None:
        if self._as_json or self._quiet:
            if not self._quiet:
                say(line, err=True)
            return
        self._above_bar(line, err=False)

    def _err(self, line: str) -> None:
        self._above_bar(line, err=True)

    def _above_bar(self, line: str, *, err: bool) -> None:
        if self._bar is None:
            say(line, err=err)
            return
        self._bar.clear()
        say(line, err=err)
        self._bar.refresh()


def _progress(picture: Picture) -> str:
    """``sent 5, being made 4, done 3, failed 0, spent $1.20, finish about 18:40``."""
    tally = picture.tally
    new = tally.new
    parts = [
        f"sent {tally.sent}",
        f"being made {tally.being_made}",
        f"done {new.get('succeeded', 0)}",
        f"failed {new.get('failed', 0)}",
        f"spent {usd(picture.spent)}",
    ]
    if new.get("unknown"):
        parts.append(f"unknown {new['unknown']}")
    if picture.first_video is not None:
        parts.append(f"first video about {picture.first_video.astimezone():%H:%M}")
    if picture.finish is not None:
        parts.append(f"finish about {picture.finish.astimezone():%H:%M}")
    return ", ".join(parts)
