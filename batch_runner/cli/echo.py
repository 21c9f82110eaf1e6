"""The log while it is written: as JSON lines for programs, or as plain lines for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from batch_runner.cli.history import event_words, is_outline
from batch_runner.cli.pipes import say
from batch_runner.cli.words import visible


def as_events(sheet: str) -> Callable[[str], None]:
    """Each line on standard output, with the sheet that it belongs to."""
    head = json.dumps({"schema": 1, "sheet": sheet}, ensure_ascii=False).removesuffix("}")

    def echo(line: str) -> None:
        say(f"{head}, {line.removeprefix('{')}")

    return echo


def as_words(
    tell: Callable[[str], None], localise: Callable[[datetime], datetime], *, all_of_it: bool
) -> Callable[[str], None]:
    """Plain lines: the outline, or everything with the ids a provider asks for."""

    def echo(line: str) -> None:
        told = json.loads(line)
        if "row" not in told and "job" not in told:
            words = _about_the_run(told) if all_of_it else ""
        elif all_of_it or is_outline(told["event"]):
            words = f"{_name(told)}: {event_words(told['event'], told, ids=all_of_it)}"
        else:
            words = ""
        if words:
            at = localise(datetime.fromisoformat(told["time"]))
            tell(f"{at:%H:%M:%S} {words}")

    return echo


def _name(told: dict[str, Any]) -> str:
    if told.get("key"):
        return visible(str(told["key"]))
    return f"row {told['row']}" if told.get("row") is not None else f"job {told['job'][:8]}"


def _about_the_run(told: dict[str, Any]) -> str:
    """The run itself; notices are said anyway."""
    if told["event"] == "run_started":
        return visible(
            f"run {told['run']} of batch-runner {told['version']} (process {told['pid']}) sends to "
            f"{told['origin']}"
        )
    if told["event"] == "run_ended":
        return f"run {told['run']} ended with exit {told['exit']}, after {told['seconds']:.1f} s"
    return ""
