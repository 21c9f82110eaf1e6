"""``batch-runner check``: all that is wrong with a sheet, and what it would cost."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import reading_options, settings_of, sheets_argument

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign
    from batch_runner.app.check import Report


@click.command("check")
@sheets_argument
@reading_options
@click.option("--only", metavar="new|failed|ROWS", help="Estimate these rows only.")
@click.option("--images", is_flag=True, help="Look at the pictures, too (asks their servers).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(sheets: tuple[Path, ...], *, images: bool, as_json: bool, **given: Any) -> int:
    """Say all that is wrong with each SHEET, cell by cell, and what it would cost.

    Nothing is sent and nothing is changed. Exit code 0: all is well; 1: there are errors.

    \b
    batch-runner check campaign.xlsx
    batch-runner check campaign.xlsx --images
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.check import check_sheet
    from batch_runner.app.choose import make_filter

    code = 0
    documents = []
    for sheet in sheets:
        campaign = open_campaign(sheet, settings_of(given), os.environ)
        wish = make_filter(campaign.settings.only, campaign.settings.limit)
        report = asyncio.run(check_sheet(campaign, wish, images=images))
        code = max(code, 1 if report.errors else 0)
        if as_json:
            documents.append(_document(campaign, report))
        else:
            _print(campaign, report)
    if as_json:
        shown: object = documents[0] if len(documents) == 1 else {"schema": 1, "sheets": documents}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    return code


def _print(campaign: Campaign, report: Report) -> None:
    from batch_runner.app.plan import describe
    from batch_runner.cli.words import problem_line, visible

    spotless = True
    for finding in report.findings:
        spotless = False
        line = problem_line(finding.problem, campaign.source.name, finding.worksheet)
        click.echo(visible(line))
    for line in describe(report.plan):
        click.echo(line)
    if spotless:
        click.echo("No problems found.")


def _document(campaign: Campaign, report: Report) -> dict[str, object]:
    from batch_runner.core.model import MICROS, column_letter

    plan = report.plan
    return {
        "schema": 1,
        "sheet": str(campaign.source),
        "rows": plan.rows,
        "new": plan.new,
        "invalid": plan.invalid,
        "hidden": plan.hidden,
        "estimated_usd": {"low": plan.low / MICROS, "high": plan.high / MICROS},
        "unpriced": list(plan.unpriced),
        "differing": plan.differing,
        "problems": [
            {
                "worksheet": finding.worksheet,
                "row": finding.problem.row,
                "column": None
                if finding.problem.column is None
                else column_letter(finding.problem.column),
                "severity": str(finding.problem.severity),
                "code": finding.problem.code,
                "message": finding.problem.message,
                "hint": finding.problem.hint,
            }
            for finding in report.findings
        ],
    }
