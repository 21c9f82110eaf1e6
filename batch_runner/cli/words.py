"""Lines for people: problems, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from batch_runner.app.outcome import DONE, Ending
from batch_runner.app.plan import usd
from batch_runner.core.model import Problem, address

_ORDER = ("succeeded", "running", "queued", "failed", "unknown", "invalid", "skipped")
MOST_UNKNOWN = 5


def problem_line(problem: Problem, name: str, worksheet: str | None) -> str:
    """``campaign.xlsx!Sheet1!D7: error: duration ... Hint.``."""
    where = address(name, worksheet, problem.row, problem.column)
    return f"{where}: {problem.severity}: {problem.message} {problem.hint}".rstrip()


def states_line(states: Iterable[tuple[str, int]]) -> str:
    """``10 succeeded, 2 failed``, in the order people care for."""
    known = dict(states)
    return ", ".join(f"{known[word]} {word}" for word in _ORDER if known.get(word)) or "no rows"


def summary(ending: Ending, localise: Callable[[datetime], datetime]) -> list[str]:
    """How a run ended, in a few lines."""
    totals = ending.totals
    lines = []
    if ending.reason is not None:
        lines.append(f"Stopped early: {ending.reason.message}")
    lines.append(f"{states_line(totals.states.items())}; {usd(totals.cost)} spent on this sheet.")
    running = totals.states.get("running", 0)
    if running:
        lines.append(f"{running} videos are paid and still being made; the next run fetches them.")
    if totals.video_missing:
        lines.append(f"{totals.video_missing} finished videos could not be downloaded yet.")
    if ending.links_until is not None:
        lines.append(f"Their links live until {localise(ending.links_until):%Y-%m-%d %H:%M %Z}.")
    lines += _unknown_lines(ending)
    if ending.results_in:
        lines.append(f"Results: {ending.results_in}")
    if totals.states.get("succeeded") and ending.videos_in:
        lines.append(f"Videos: {ending.videos_in}")
    if ending.next_command:
        lines.append(f"Next: {ending.next_command}")
    elif ending.code == DONE:
        lines.append("Everything is done.")
    return lines


def _unknown_lines(ending: Ending) -> list[str]:
    if not ending.unknown:
        return []
    names = ", ".join(job.name for job in ending.unknown[:MOST_UNKNOWN])
    more = "" if len(ending.unknown) <= MOST_UNKNOWN else " ..."
    return [
        (
            f"Nobody knows whether {len(ending.unknown)} rows were accepted ({names}{more}). "
            "They are not sent again by themselves."
        )
    ]


def visible(text: str) -> str:
    """Foreign text for a terminal: nothing in it can move the cursor or change colours."""
    return "".join(c if c.isprintable() else " " for c in text)
