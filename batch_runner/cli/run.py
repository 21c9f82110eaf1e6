"""``batch-runner run``: the main job."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from batch_runner.cli.options import (
    reading_options,
    sending_options,
    settings_of,
    sheets_argument,
)

T = TypeVar("T")


@click.command("run")
@sheets_argument
@reading_options
@sending_options
@click.option("--only", metavar="new|failed|ROWS", help="Only these rows, e.g. --only 5,8-12.")
@click.option("--pilot", type=click.IntRange(min=1), help="Only N rows, spread over the sheet.")
def command(sheets: tuple[Path, ...], **given: Any) -> int:
    """Make the videos of each SHEET and write the links back into the same rows.

    Run the same command again to go on after anything: a finished row is never paid twice.

    \b
    batch-runner run campaign.xlsx
    batch-runner run campaign.csv --limit 5 --budget 10
    batch-runner run campaign.xlsx --sandbox
    """
    return run_sheets(sheets, given)


def run_sheets(sheets: tuple[Path, ...], given: dict[str, Any], again: str | None = None) -> int:
    """Run one sheet after the other; ``again``: which finished ones get a new attempt."""
    from batch_runner.app.outcome import INTERRUPTED, worst
    from batch_runner.cli.console import Console
    from batch_runner.cli.pipes import on_terminal, say
    from batch_runner.core.errors import BatchRunnerError
    from batch_runner.core.units import parse_duration

    terminal = on_terminal()
    stale = _quantity("--stale", given["stale"], parse_duration) or 0.0
    codes: list[int] = []
    documents: list[dict[str, object]] = []
    for sheet in sheets:
        console = Console(terminal=terminal, quiet=given["quiet"], as_json=given["as_json"])
        try:
            code, document = _run_one(sheet, given, console, again=again, terminal=terminal)
        except BatchRunnerError as error:
            if not (given["quiet"] and _goes_on_well(error, stale)):
                say(f"Error: {error}", err=True)
            code, document = error.exit_code, _refusal(sheet, error)
        finally:
            console.close()
        codes.append(code)
        documents.append(document)
        if code in INTERRUPTED:
            break  # whoever stops one sheet means all of them
    if given["as_json"]:
        shown: object = documents[0] if len(documents) == 1 else {"schema": 1, "sheets": documents}
        say(json.dumps(shown, ensure_ascii=False, indent=2))
    return worst(codes)


def _run_one(
    sheet: Path, given: dict[str, Any], console: Any, *, again: str | None, terminal: bool
) -> tuple[int, dict[str, object]]:
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.documents import run_document
    from batch_runner.app.run import run_sheet

    campaign = open_campaign(
        sheet,
        settings_of(given),
        os.environ,
        sandbox=given["sandbox"],
        adopt=given["adopt"],
    )
    request = _request(campaign, given, again=again, terminal=terminal)
    ending = asyncio.run(run_sheet(campaign, request, console, os.environ))
    if ending is None:
        return 0, {"schema": 1, "sheet": str(campaign.source), "exit": 0, "submitted": 0}
    console.ended(ending, campaign.localise)
    return ending.code, run_document(ending)


def _request(campaign: Any, given: dict[str, Any], *, again: str | None, terminal: bool) -> Any:
    from dataclasses import replace

    from batch_runner.app.choose import make_filter
    from batch_runner.app.outcome import FailOn
    from batch_runner.app.run import Request
    from batch_runner.core.errors import UsageError
    from batch_runner.core.units import parse_duration, parse_usd

    if given["adopt"] and given["ignore_results"]:
        raise UsageError("--adopt and --ignore-results exclude each other.", code="bad_options")
    wish = make_filter(campaign.settings.only, campaign.settings.limit, given.get("pilot"))
    if again is not None:
        wish = replace(wish, only=again, same=given.get("same", False))
    if given["exit_all"] and given["fail_on"] not in {None, FailOn.ANY}:
        raise UsageError("--exit-all is --fail-on any.", code="bad_options")
    return Request(
        wish=wish,
        adopt=True if given["adopt"] else False if given["ignore_results"] else None,
        strict=given["strict"],
        dry_run=given["dry_run"],
        new=given["new"],
        take_over=given["take_over"],
        max_cost=_quantity("--max-cost", given["max_cost"], parse_usd),
        fail_on=FailOn.ANY if given["exit_all"] else FailOn(given["fail_on"] or FailOn.NEW),
        wait=_quantity("--wait", given["wait"], parse_duration) or 0.0,
        account=given["account"],
        terminal=terminal,
        question=terminal and not given["yes"] and not given["sandbox"] and not given["as_json"],
    )


def _quantity(option: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    """A time or an amount as an option gives it."""
    from batch_runner.core.errors import UsageError

    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise UsageError(f"{option} must be {error}.", code="bad_option") from None


def _goes_on_well(error: Exception, stale: float) -> bool:
    """Whether it is only that another run is at work, and gets on with it."""
    from batch_runner.core.errors import LockedError

    return isinstance(error, LockedError) and error.idle is not None and error.idle < stale


def _refusal(sheet: Path, error: Any) -> dict[str, object]:
    return {
        "schema": 1,
        "sheet": str(sheet),
        "exit": error.exit_code,
        "error": {"code": error.code, "message": str(error)},
    }
