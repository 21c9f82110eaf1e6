"""``batch-runner check``: all that is wrong with a sheet, and what it would cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import reading_options, settings_of, sheets_argument, where_option

if TYPE_CHECKING:
    from batch_runner.app.campaign import Campaign
    from batch_runner.app.check import Report


@click.command("check")
@sheets_argument
@reading_options
@click.option("--only", metavar="new|failed|ROWS", help="Estimate these rows only.")
@where_option
@click.option("--images", is_flag=True, help="Look at the pictures, too (asks their servers).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(sheets: tuple[Path, ...], *, images: bool, as_json: bool, **given: Any) -> int:
    """Say all that is wrong with each SHEET, cell by cell, and what it would cost.

    Nothing is sent and nothing is changed. Exit code 0: all is well; 1: there are errors.
    SHEET may also be a folder, a pattern, or a batch file (YAML) that lists sheets.

    \b
    batch-runner check campaign.xlsx
    batch-runner check campaign.xlsx --images
    """
    from batch_runner.app.campaign import open_campaign
    from batch_runner.app.check import check_sheet
    from batch_runner.app.documents import refusal_document
    from batch_runner.app.place.linked import bring
    from batch_runner.app.run.batch import batch_of
    from batch_runner.app.sheet.choose import make_filter
    from batch_runner.core.errors import BatchRunnerError
    from batch_runner.settings.find import user_data_dir

    code = 0
    documents = []
    batch = batch_of(sheets, user_data_dir(os.environ))
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
            click.echo(f"Error: {error}", err=True)
            documents.append(refusal_document(str(wanted.path), error))
            code = max(code, error.exit_code)
            continue
        code = max(code, 1 if report.errors else 0)
        if as_json:
            documents.append(_document(campaign, report))
        else:
            _print(campaign, report)
    if as_json:
        shown: object = {"schema": 1, "sheets": documents} if batch.several else documents[0]
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    return code


def _print(campaign: Campaign, report: Report) -> None:
    from batch_runner.app.sheet.plan import describe
    from batch_runner.cli.findings import print_findings
    from batch_runner.core.language import phrase

    some = print_findings(report.findings, campaign.source.name, terminal=sys.stdout.isatty())
    for line in describe(report.plan):
        click.echo(line)
    if not some:
        click.echo(phrase("No problems found."))


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
                "field": finding.problem.field,
                "severity": str(finding.problem.severity),
                "code": finding.problem.code,
                "message": finding.problem.message,
                "hint": finding.problem.hint,
            }
            for finding in report.findings
        ],
    }
