"""``batch-runner check``: all that is wrong with a sheet, and what it would cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import reading_options, settings_of, sheets_argument, where_option

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign
    from batch_runner.app.check import Finding, Report


@click.command("check")
@sheets_argument
@reading_options
@click.option("--only", metavar="new|failed|ROWS", help="Estimate these rows only.")
@where_option
@click.option("--images", is_flag=True, help="Look at the pictures, too (asks their servers).")
@click.option(
    "--show", type=click.IntRange(min=1), metavar="N", help="Print what the first N rows ask for."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    sheets: tuple[Path, ...], *, images: bool, show: int | None, as_json: bool, **given: Any
) -> int:
    """Say all that is wrong with each SHEET, cell by cell, and what it would cost.

    Nothing is sent and nothing is changed. Exit code 0: all is well; 1: there are errors.
    SHEET may also be a folder, a pattern, or a batch file (YAML) that lists sheets.

    \b
    batch-runner check campaign.xlsx
    batch-runner check campaign.xlsx --images
    batch-runner check campaign.xlsx --show 3
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.check import check_sheet
    from batch_runner.app.documents import refusal_document
    from batch_runner.app.place.linked import bring
    from batch_runner.app.run.batch import batch_of
    from batch_runner.app.sheet.choose import make_filter
    from batch_runner.core.errors import BatchRunnerError
    from batch_runner.core.language import phrase
    from batch_runner.settings.find import user_data_dir

    code = 0
    batch = batch_of(sheets, user_data_dir(os.environ))
    listed = Listing() if as_json and batch.several else None
    for wanted in batch.sheets:
        try:
            asyncio.run(bring(wanted.link, wanted.path))
            options = batch.options_for(wanted, settings_of(given))
            campaign = open_campaign(wanted.path, options, os.environ)
            wish = make_filter(campaign.settings.only, campaign.settings.limit)
            report = asyncio.run(check_sheet(campaign, wish, images=images))
        except BatchRunnerError as error:
            if not batch.several:
                raise
            click.echo(phrase("Error: {reason}", reason=error), err=True)
            if listed is not None:
                listed.add([json.dumps(refusal_document(str(wanted.path), error))])
            code = max(code, error.exit_code)
            continue
        code = max(code, 1 if report.errors else 0)
        if listed is not None:
            listed.add(_document(campaign, report, show or 0))
        elif as_json:
            _write(_document(campaign, report, show or 0))
            click.echo()
        else:
            _print(campaign, report, show or 0)
    if listed is not None:
        listed.end()
    return code


class Listing:
    """Several documents in one, each written as soon as it is known."""

    def __init__(self) -> None:
        self._between = '{"schema": 1, "sheets": ['

    def add(self, document: Iterable[str]) -> None:
        """One more."""
        click.echo(self._between)
        _write(document)
        self._between = ","

    def end(self) -> None:
        """The last was added."""
        click.echo(f"{self._between if self._between != ',' else ''}]}}")


def _write(document: Iterable[str]) -> None:
    for part in document:
        click.echo(part, nl=False)


def _print(campaign: Campaign, report: Report, show: int) -> None:
    from batch_runner.app.run.agree import time_needed
    from batch_runner.cli.findings import print_findings
    from batch_runner.cli.plan_table import plan_lines
    from batch_runner.cli.shown_rows import shown_lines
    from batch_runner.cli.words import visible
    from batch_runner.core.language import phrase

    some = print_findings(report.findings, campaign.source.name, terminal=sys.stdout.isatty())
    for shown in report.first_rows(show):
        for line in shown_lines(campaign.source.name, shown):
            click.echo(visible(line))
    for line in (*plan_lines(report.plan), *time_needed(campaign, report.plan)):
        click.echo(line)
    if not some:
        click.echo(phrase("No problems found."))


def _document(campaign: Campaign, report: Report, show: int) -> Iterator[str]:
    """The document in pieces: it lists each problem, however many there are."""
    from batch_runner.app.documents import plan_document
    from batch_runner.app.run.agree import seconds_needed
    from batch_runner.cli.shown_rows import shown_document
    from batch_runner.core.model import MICROS

    plan = report.plan
    head = {
        "schema": 1,
        "sheet": str(campaign.source),
        "rows": plan.rows,
        "new": plan.new,
        "invalid": plan.invalid,
        "hidden": plan.hidden,
        "estimated_usd": {"low": plan.low / MICROS, "high": plan.high / MICROS},
        "unpriced": list(plan.unpriced),
        "differing": plan.differing,
        "plan": plan_document(plan, seconds_needed(campaign, plan)),
        "shown": [shown_document(shown) for shown in report.first_rows(show)],
    }
    yield json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
    yield ',\n  "problems": ['
    between = "\n    "
    for finding in report.findings:
        yield between + json.dumps(_problem_document(finding), ensure_ascii=False)
        between = ",\n    "
    yield "\n  ]\n}"


def _problem_document(finding: Finding) -> dict[str, object]:
    from batch_runner.core.model import column_letter

    problem = finding.problem
    return {
        "worksheet": finding.worksheet,
        "row": problem.row,
        "column": None if problem.column is None else column_letter(problem.column),
        "field": problem.field,
        "severity": str(problem.severity),
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }
