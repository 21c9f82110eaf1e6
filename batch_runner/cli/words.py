"""Lines for people: problems, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from batch_runner.app.run.many import Result, all_cost, all_states
from batch_runner.app.run.outcome import DONE, Ending
from batch_runner.app.sheet.plan import usd
from batch_runner.core.jobs import Totals
from batch_runner.core.language import both, joined, phrase, plural, series, template
from batch_runner.core.model import Problem, Severity, address

_REMEDIES = {
    "key_refused": template("'batch-runner setup' stores another key."),
    "no_balance": template("Top up at the provider, then run again."),
    "budget": template("Raise the budget to go on."),
}
"""What to do about a stop that running again does not mend by itself, by its code."""

STATES = {
    "succeeded": template("{count} succeeded"),
    "running": template("{count} running"),
    "queued": template("{count} queued"),
    "failed": template("{count} failed"),
    "unknown": template("{count} unknown"),
    "invalid": template("{count} invalid"),
    "skipped": template("{count} skipped"),
}
"""In the order people care for."""

_SEVERITIES = {
    Severity.ERROR: template("error"),
    Severity.WARNING: template("warning"),
    Severity.NOTICE: template("notice"),
}

MOST_UNKNOWN = 5


def problem_line(problem: Problem, name: str, worksheet: str | None) -> str:
    """``campaign.xlsx!Sheet1!D7: error: duration ... Hint.``."""
    where = address(name, worksheet, problem.row, problem.column, problem.field)
    severity = phrase(_SEVERITIES[problem.severity])
    return f"{where}: {severity}: {joined(problem.message, problem.hint)}"


def states_line(states: Iterable[tuple[str, int]]) -> str:
    """``10 succeeded, 2 failed``, in the order people care for."""
    known = dict(states)
    told = [phrase(said, count=known[word]) for word, said in STATES.items() if known.get(word)]
    return series(told) if told else phrase("no rows")


SPENT_ON_SHEET = template("{amount} spent on this sheet{unsettled}")
SPENT_SO_FAR = template("{amount} spent so far{unsettled}")
_SPENT_ON_IT = template("{amount} spent on it{unsettled}")


def spent(totals: Totals, said: str) -> str:
    """What was charged, and what may come to it: for videos being made, unknown, or unpriced."""
    more = totals.held - totals.cost
    unsettled = phrase(" (up to {more} more is not settled)", more=usd(more)) if more > 0 else ""
    return phrase(said, amount=usd(totals.cost), unsettled=unsettled)


def summary(ending: Ending, localise: Callable[[datetime], datetime]) -> list[str]:
    """How a run ended, in a few lines."""
    totals = ending.totals
    lines = []
    if ending.reason is not None:
        lines.append(phrase("Stopped early: {reason}", reason=ending.reason.message))
        remedy = _REMEDIES.get(ending.reason.code)
        lines += [phrase(remedy)] if remedy else []
    lines.append(_stand(totals, SPENT_ON_SHEET))
    lines += _left_to_do(ending, localise)
    if ending.results_in:
        lines.append(phrase("Results: {place}", place=ending.results_in))
    if totals.states.get("succeeded") and ending.videos_in:
        lines.append(phrase("Videos: {place}", place=ending.videos_in))
    if ending.next_command:
        lines.append(phrase("Next: {command}", command=ending.next_command))
    elif ending.code == DONE:
        lines.append(_last_line(totals.states))
    return lines


def _stand(totals: Totals, said: str) -> str:
    """How many rows are where, and what they cost."""
    states = states_line(totals.states.items())
    return phrase("{states}; {spent}.", states=states, spent=spent(totals, said))


def _left_to_do(ending: Ending, localise: Callable[[datetime], datetime]) -> list[str]:
    """What is not at its end yet, and what nobody knows."""
    totals, lines = ending.totals, []
    running = totals.states.get("running", 0)
    if running:
        lines.append(
            plural(
                "{count} video is paid and still being made; the next run fetches what is done.",
                "{count} videos are paid and still being made; the next run fetches what is done.",
                running,
            )
        )
    if totals.video_missing:
        lines.append(
            plural(
                "{count} finished video could not be downloaded yet.",
                "{count} finished videos could not be downloaded yet.",
                totals.video_missing,
            )
        )
    if totals.unpublished:
        lines.append(
            plural(
                "{count} video is stored but could not be published yet.",
                "{count} videos are stored but could not be published yet.",
                totals.unpublished,
            )
        )
    if ending.links_until is not None:
        until = f"{localise(ending.links_until):%Y-%m-%d %H:%M %Z}"
        lines.append(phrase("Their links live until {until}.", until=until))
    lines += _unknown_lines(ending)
    if totals.refused:
        lines.append(
            plural(
                "{count} row is refused for content or input: correct what the error cell says, and run again.",
                "{count} rows are refused for content or input: correct what the error cell says, and run again.",
                totals.refused,
            )
        )
    return lines


def _last_line(states: Mapping[str, int]) -> str:
    """What is to be said where nothing is left to do."""
    left = []
    if failed := states.get("failed"):
        left.append(
            plural("{count} row that failed before", "{count} rows that failed before", failed)
        )
    if skipped := states.get("skipped"):
        left.append(
            plural(
                "{count} row left out by the filter",
                "{count} rows left out by the filter",
                skipped,
            )
        )
    if left:
        return phrase("Done, but for {rows}.", rows=both(left))
    return phrase("Everything is done.")


def one_line(ending: Ending) -> str:
    """How one of several sheets ended."""
    totals = ending.totals
    parts = [_stand(totals, _SPENT_ON_IT)]
    if ending.reason is not None:
        parts.insert(0, phrase("stopped early: {reason}", reason=ending.reason.message))
    if ending.results_in and ending.results_in != ending.sheet:
        parts.append(phrase("Results: {place}", place=ending.results_in))
    if ending.next_command:
        parts.append(phrase("Next: {command}", command=ending.next_command))
    return joined(*parts)


def total_line(results: Sequence[Result], named: int) -> str:
    """How several sheets ended, all together."""
    if not named:
        return phrase("There is no sheet: nothing to do.")
    well = sum(result.code == DONE for result in results)
    parts = [plural("{count} sheet: {well} done", "{count} sheets: {well} done", named, well=well)]
    if len(results) > well:
        parts.append(phrase("{count} not", count=len(results) - well))
    if named > len(results):
        parts.append(phrase("{count} not begun", count=named - len(results)))
    moved = sum(result.moved is not None for result in results)
    if moved:
        parts.append(phrase("{count} put away", count=moved))
    return phrase(
        "{sheets}. {states}; {amount} spent on them.",
        sheets=series(parts),
        states=states_line(all_states(results).items()),
        amount=usd(all_cost(results)),
    )


def _unknown_lines(ending: Ending) -> list[str]:
    if not ending.unknown:
        return []
    names = series(job.name for job in ending.unknown[:MOST_UNKNOWN])
    more = "" if len(ending.unknown) <= MOST_UNKNOWN else " ..."
    return [
        plural(
            "{count} row is unknown ({names}): nobody knows whether the provider took what was sent. Nothing of it is sent again by itself.",
            "{count} rows are unknown ({names}): nobody knows whether the provider took what was sent. Nothing of it is sent again by itself.",
            len(ending.unknown),
            names=f"{names}{more}",
        )
    ]


def visible(text: str) -> str:
    """Foreign text for a terminal: nothing in it can move the cursor or change colours."""
    return "".join(c if c.isprintable() else " " for c in text)
