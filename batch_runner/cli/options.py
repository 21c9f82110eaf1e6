"""Options that several commands share, and how they become settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from batch_runner.cli.language import told_language

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def sheet_argument(function: F) -> F:
    """``SHEET``."""
    return click.argument("sheet", type=_PATH)(function)


def sheets_argument(function: F) -> F:
    """``SHEET...``."""
    return click.argument("sheets", nargs=-1, required=True, type=_PATH, metavar="SHEET...")(
        function
    )


def config_option(function: F) -> F:
    """``--config``."""
    return click.option("--config", type=_PATH, help="Campaign config (YAML) to use.")(function)


def ledger_option(function: F) -> F:
    """``--ledger``."""
    return click.option(
        "--ledger",
        metavar="URL",
        help="The database that keeps the ledger, postgresql://..., for many machines.",
    )(function)


def where_option(function: F) -> F:
    """``--where``."""
    return click.option(
        "--where",
        metavar="CONDITION",
        help="Only rows of which this holds, e.g. \"priority == 'high'\".",
    )(function)


def notify_option(function: F) -> F:
    """``--notify``."""
    return click.option(
        "--notify",
        multiple=True,
        metavar="ADDRESS",
        help="Tell this webhook, slack+ webhook or smtp:// address how it went.",
    )(function)


def reading_options(function: F) -> F:
    """Options about how a sheet is read."""
    for option in reversed(
        (
            config_option,
            ledger_option,
            click.option("--sheet", "worksheet", help="Worksheet to use, or 'all'."),
            click.option(
                "--set",
                "set_",
                multiple=True,
                metavar="KEY=VALUE",
                help="Default for a parameter, e.g. --set duration=8.",
            ),
        )
    ):
        function = option(function)
    return function


def sending_options(function: F) -> F:
    """Options about what is sent where, and how fast."""
    for option in reversed(
        (
            click.option("--base-url", metavar="ORIGIN", help="Where the API is."),
            click.option("--sandbox", is_flag=True, help="Rehearse: no key, no cost, on a copy."),
            click.option("--concurrency", type=int, help="Tasks in flight at most."),
            click.option("--rate", metavar="N/min", help="Submits at most, e.g. 60/min."),
            click.option("--limit", type=int, help="Submit at most so many rows."),
            click.option("--budget", metavar="USD", help="What this sheet may cost in all."),
            click.option(
                "--max-cost",
                metavar="USD",
                help="Begin no sheet that may bring the cost above it.",
            ),
            click.option(
                "--confirm-above",
                metavar="USD",
                help="Ask before it may cost more, whatever --yes says; refuse if nobody is there.",
            ),
            click.option("--deadline", metavar="TIME", help="Be over after this time, e.g. 6h."),
            click.option("--videos", metavar="PLACE", help="Where videos go: a folder or URL."),
            click.option("--no-download", is_flag=True, help="Only the links."),
            click.option("--output", metavar="FILE", help="Results into this copy."),
            click.option("--save-every", metavar="SECONDS", help="How often results appear."),
            click.option("--strict", is_flag=True, help="Submit nothing if any row is invalid."),
            click.option("--adopt", is_flag=True, help="Fetch tasks the sheet shows."),
            click.option("--ignore-results", is_flag=True, help="Send rows that show results."),
            click.option("--new", is_flag=True, help="It is a new sheet, whatever it resembles."),
            click.option("--take-over", is_flag=True, help="Go on with another computer's jobs."),
            click.option(
                "--at-once", type=click.IntRange(min=1), help="Sheets at the same time (4)."
            ),
            notify_option,
            click.option("--metrics", metavar="PLACE", help="Figures for Prometheus into it."),
            click.option("--account", metavar="NAME", help="Use the key stored by this name."),
            click.option("--yes", "-y", is_flag=True, help="Don't ask."),
            click.option("--quiet", "-q", is_flag=True, help="Say nothing when all goes well."),
            click.option("--json", "as_json", is_flag=True, help="One JSON document at the end."),
            click.option(
                "--failed-to",
                type=_PATH,
                metavar="FILE",
                help="The rows to mend, into this sheet.",
            ),
            click.option("--events", is_flag=True, help="All that happens, as lines of JSON."),
            click.option("--verbose", "-v", count=True, help="Tell of each row; -vv: all of it."),
            click.option("--dry-run", is_flag=True, help="Say what would be done, and stop."),
            click.option(
                "--fail-on",
                type=click.Choice(["new", "any", "never"]),
                help="Which failed rows make it exit with 1: new ones (default), any, or none.",
            ),
            click.option("--exit-all", is_flag=True, help="The same as --fail-on any."),
            click.option(
                "--wait", metavar="TIME", help="Wait for another run on the sheet, e.g. 10m."
            ),
            click.option(
                "--stale",
                metavar="TIME",
                default="2h",
                help="With --quiet: after how long without progress another run is told of (2h).",
            ),
        )
    ):
        function = option(function)
    return function


SETTINGS = frozenset(
    {
        "account",  # no setting, but what comes next is to be done by the same one
        "config",
        "base_url",
        "concurrency",
        "rate",
        "limit",
        "budget",
        "confirm_above",
        "deadline",
        "videos",
        "output",
        "metrics",
        "save_every",
        "ledger",
        "only",
        "where",
    }
)


def settings_of(given: dict[str, Any]) -> dict[str, object]:
    """The command line's part of the settings, by the names that ``resolve`` knows."""
    options: dict[str, object] = {
        name: given[name] for name in SETTINGS if given.get(name) is not None
    }
    if given.get("worksheet"):
        options["sheet"] = given["worksheet"]
    if given.get("set_"):
        options["set"] = list(given["set_"])
    if given.get("notify"):
        options["notify"] = list(given["notify"])
    if told := told_language():
        options["language"] = told
    if given.get("no_download"):
        options["no_download"] = True
    return options
