"""A sheet's check for a page: what is wrong, beside what stands in the cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.check import Finding, Report, check_sheet
from batch_runner.app.sheet.choose import make_filter
from batch_runner.app.sheet.plan import Plan
from batch_runner.core.celltext import plain_text
from batch_runner.core.model import ReadOptions, Table, column_letter
from batch_runner.loader.load import load
from batch_runner.loader.paths import is_only_read

MOST = 200  # findings that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """One finding, with the cell it is about."""

    finding: Finding
    place: str  # "D7", "7", "D", or "" for the whole sheet
    header: str = ""
    value: str | None = None  # what stands there; None: it is about no single cell
    may_be_mended: bool = False  # whether the cell can be written from here


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check as a page shows it."""

    plan: Plan
    faults: Sequence[Faulty]
    more: bool  # whether there are more than are shown
    errors: int


async def checked(campaign: Campaign) -> Checked:
    """Check a sheet as a run would see it; changes nothing.

    Raises:
        BatchRunnerError: the sheet cannot be used at all.
    """
    settings = campaign.settings
    report = await check_sheet(campaign, make_filter(settings.only, settings.limit))
    findings = list(islice(report.findings, MOST + 1))
    cells = _cells(campaign.source, campaign.rules.options, report, findings[:MOST])
    return Checked(
        plan=report.plan,
        faults=[
            _faulty(finding, cells, only_read=is_only_read(campaign.source))
            for finding in findings[:MOST]
        ],
        more=len(findings) > MOST,
        errors=report.errors,
    )


_Cells = dict[tuple[str | None, int, int], tuple[str, str]]


def _faulty(finding: Finding, cells: _Cells, *, only_read: bool) -> Faulty:
    problem = finding.problem
    column = "" if problem.column is None else column_letter(problem.column)
    place = f"{column}{problem.row or ''}"
    if problem.row is None or problem.column is None:
        return Faulty(finding=finding, place=place)
    header, value = cells.get((finding.worksheet, problem.row, problem.column), ("", None))
    return Faulty(
        finding=finding,
        place=place,
        header=header,
        value=value,
        may_be_mended=value is not None and bool(header) and not only_read,
    )


def _cells(
    path: Path, options: ReadOptions, report: Report, findings: Iterable[Finding]
) -> _Cells:
    """The cells that findings name: worksheet, row, column -> header and value."""
    wanted: dict[str | None, dict[int, set[int]]] = {}
    for finding in findings:
        row, column = finding.problem.row, finding.problem.column
        if row is not None and column is not None:
            wanted.setdefault(finding.worksheet, {}).setdefault(row, set()).add(column)
    if not wanted:
        return {}
    names = {intake.table.worksheet for intake, _ in report.sheets}
    found: _Cells = {}
    for table in load(path, options):
        if table.worksheet in names:
            _take(table, wanted.get(table.worksheet, {}), found)
    return found


def _take(table: Table, wanted: dict[int, set[int]], found: _Cells) -> None:
    last = max(wanted, default=0)
    for row in table.rows:
        if row.number > last:
            return
        for column in wanted.get(row.number, ()):
            header = table.headers[column] if column < len(table.headers) else ""
            value = plain_text(row.value(column))
            found[table.worksheet, row.number, column] = header, value
