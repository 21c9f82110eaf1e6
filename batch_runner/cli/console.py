"""What a run says: before it, during it and at its end; nothing at all when quiet and all is well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click

from batch_runner.app.run.outcome import DONE, Ending
from batch_runner.app.sheet.plan import Plan
from batch_runner.app.ui import Picture
from batch_runner.cli.pipes import say
from batch_runner.cli.plan_table import plan_lines
from batch_runner.cli.progress import Progress
from batch_runner.cli.words import one_line, problem_line, summary
from batch_runner.core.language import phrase
from batch_runner.ledger.findings import Findings

MOST_PROBLEMS = 10  # shown before a run; 'check' shows all

_YES = frozenset({"y", "yes", "はい", "是"})
_NO = frozenset({"n", "no", "いいえ", "否"})


class Console:
    """Standard output and error, as one sheet of a command uses them."""

    def __init__(self, sheet: str, progress: Progress, *, several: bool, quiet: bool) -> None:
        """Prepare.

        Args:
            sheet: how the sheet is called.
            progress: shared by the sheets of the command.
            several: it is one of several sheets: what is said names it.
            quiet: nothing is said unless something goes wrong.
        """
        self._sheet = sheet
        self._name = f"{sheet}: " if several else ""
        self._progress = progress
        self._several = several
        self._quiet = quiet
        self._held: list[str] = []  # said only if something goes wrong
        self.planned: Plan | None = None  # what was shown last

    # -- app.ui.Ui ----------------------------------------------------------------------

    def problems(self, problems: Findings, name: str, worksheet: str | None) -> None:
        """What the sheet shows before anything is sent; the worst first, not all."""
        for problem in problems.worst(MOST_PROBLEMS):
            self._say(problem_line(problem, name, worksheet))
        if len(problems) > MOST_PROBLEMS:
            self.say(
                phrase(
                    "... and {more} more; 'batch-runner check' shows all.",
                    more=len(problems) - MOST_PROBLEMS,
                )
            )

    def plan(self, plan: Plan, more: tuple[str, ...]) -> None:
        """What is going to happen, and more about it."""
        self.planned = plan
        for line in (*plan_lines(plan), *more):
            self._out(f"{self._name}{line}")

    def ask(self, plan: Plan) -> int | None:
        """One question: all, none, or the first five."""
        first = min(5, plan.submits)

        def read(text: str) -> int | None:
            word = text.strip().lower()
            if word in _YES:
                return None
            if word in _NO:
                return 0
            if word in {"first", f"first {first}", str(first)}:
                return first
            raise click.BadParameter(phrase("please type yes, no or first {first}", first=first))

        question = phrase("Go on? yes / no / first {first}", first=first)
        # Asked where it is seen: standard output may go into a file or a pipe.
        answer: int | None = click.prompt(question, value_proc=read, err=True)
        return answer

    def show(self, picture: Picture) -> None:
        """How it goes."""
        self._progress.show(self._sheet, picture)

    def say(self, message: str) -> None:
        """Something about the run as a whole."""
        self._say(f"{self._name}{message}")

    # -- the end ------------------------------------------------------------------------

    def ended(self, ending: Ending, localise: Callable[[datetime], datetime]) -> None:
        """The summary; when quiet, only if something went wrong."""
        if not self._several:
            self._progress.close()
        lines = [self._name + one_line(ending)] if self._several else summary(ending, localise)
        if not self._quiet:
            for line in lines:
                self._out(line)
        elif ending.code != DONE:
            for line in (*self._held, *lines):
                say(line, err=True)

    # -- inside -------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        if self._quiet:
            self._held.append(line)
        else:
            self._progress.print(line, err=True)

    def _out(self, line: str) -> None:
        if not self._quiet:
            self._progress.print(line, err=self._progress.as_json)
