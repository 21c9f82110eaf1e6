"""Lines for people: problems, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from batch_runner.app.run.many import Result, all_cost, all_states
from batch_runner.app.run.outcome import DONE, Ending
from batch_runner.app.sheet.plan import usd
from batch_runner.core.jobs import Totals
from batch_runner.core.model import Problem, address
from batch_runner.core.wording import counted, counted_are

_REMEDIES = {
    "key_refused": "'batch-runner setup' stores another key.",
    "no_balance": "Top up at the provider, then run again.",
    "budget": "Raise the budget to go on.",
}
"""What to do about a stop that running again does not mend by itself, by its code."""

_LEFT_ALONE = {"failed": "that failed before", "skipped": "left out by the filter"}

_ORDER = ("succeeded", "running", "queued", "failed", "unknown", "invalid", "skipped")
MOST_UNKNOWN = 5


def problem_line(problem: Problem, name: str, worksheet: str | None) -> str:
    """``campaign.xlsx!Sheet1!D7: error: duration ... Hint.``."""
    where = address(name, worksheet, problem.row, problem.column, problem.field)
    return f"{where}: {problem.severity}: {problem.message} {problem.hint}".rstrip()


def states_line(states: Iterable[tuple[str, int]]) -> str:
    """``10 succeeded, 2 failed``, in the order people care for."""
    known = dict(states)
    return ", ".join(f"{known[word]} {word}" for word in _ORDER if known.get(word)) or "no rows"


def spent(totals: Totals, on_what: str) -> str:
    """What was charged, and what may come to it: for videos being made, unknown, or unpriced."""
    more = totals.held - totals.cost
    unsettled = f" (up to {usd(more)} more is not settled)" if more > 0 else ""
    return f"{usd(totals.cost)} spent {on_what}{unsettled}"


def summary(ending: Ending, localise: Callable[[datetime], datetime]) -> list[str]:
    """How a run ended, in a few lines."""
    totals = ending.totals
    lines = []
    if ending.reason is not None:
        lines.append(f"Stopped early: {ending.reason.message}")
        lines += [_REMEDIES[ending.reason.code]] if ending.reason.code in _REMEDIES else []
    lines.append(f"{states_line(totals.states.items())}; {spent(totals, 'on this sheet')}.")
    running = totals.states.get("running", 0)
    if running:
        videos = counted_are(running, "video")
        lines.append(f"{videos} paid and still being made; the next run fetches what is done.")
    if totals.video_missing:
        videos = counted(totals.video_missing, "finished video")
        lines.append(f"{videos} could not be downloaded yet.")
    if ending.links_until is not None:
        lines.append(f"Their links live until {localise(ending.links_until):%Y-%m-%d %H:%M %Z}.")
    lines += _unknown_lines(ending)
    if totals.refused:
        lines.append(
            f"{counted_are(totals.refused, 'row')} refused for content or input: correct what the "
            "error cell says, and run again."
        )
    if ending.results_in:
        lines.append(f"Results: {ending.results_in}")
    if totals.states.get("succeeded") and ending.videos_in:
        lines.append(f"Videos: {ending.videos_in}")
    if ending.next_command:
        lines.append(f"Next: {ending.next_command}")
    elif ending.code == DONE:
        lines.append(_last_line(totals.states))
    return lines


def _last_line(states: Mapping[str, int]) -> str:
    """What is to be said where nothing is left to do."""
    left = [
        f"{counted(states[word], 'row')} {said}"
        for word, said in _LEFT_ALONE.items()
        if states.get(word)
    ]
    return f"Done, but for {' and '.join(left)}." if left else "Everything is done."


def one_line(ending: Ending) -> str:
    """How one of several sheets ended."""
    totals = ending.totals
    parts = [f"{states_line(totals.states.items())}; {spent(totals, 'on it')}."]
    if ending.reason is not None:
        parts.insert(0, f"stopped early: {ending.reason.message}")
    if ending.results_in and ending.results_in != ending.sheet:
        parts.append(f"Results: {ending.results_in}")
    if ending.next_command:
        parts.append(f"Next: {ending.next_command}")
    return " ".join(parts)


def total_line(results: Sequence[Result], named: int) -> str:
    """How several sheets ended, all together."""
    if not named:
        return "There is no sheet: nothing to do."
    well = sum(result.code == DONE for result in results)
    parts = [f"{named} sheets: {well} done" if named > 1 else f"1 sheet: {well} done"]
    if len(results) > well:
        parts.append(f"{len(results) - well} not")
    if named > len(results):
        parts.append(f"{named - len(results)} not begun")
    moved = sum(result.moved is not None for result in results)
    if moved:
        parts.append(f"{moved} put away")
    states = states_line(all_states(results).items())
    return f"{', '.join(parts)}. {states}; {usd(all_cost(results))} spent on them."


def _unknown_lines(ending: Ending) -> list[str]:
    if not ending.unknown:
        return []
    names = ", ".join(job.name for job in ending.unknown[:MOST_UNKNOWN])
    more = "" if len(ending.unknown) <= MOST_UNKNOWN else " ..."
    return [
        (
            f"{counted_are(len(ending.unknown), 'row')} unknown ({names}{more}): nobody knows whether "
            "the provider took what was sent. Nothing of it is sent again by itself."
        )
    ]


def visible(text: str) -> str:
    """Foreign text for a terminal: nothing in it can move the cursor or change colours."""
    return "".join(c if c.isprintable() else " " for c in text)
