"""All that is wrong with a sheet, and what it would cost; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batch_runner.app import guards
from batch_runner.app.campaign import Campaign
from batch_runner.app.choose import Filter
from batch_runner.app.pictures import picture_problems
from batch_runner.app.plan import Plan, make_plan
from batch_runner.app.reading import chosen, known_jobs, read_sheet
from batch_runner.core.model import Problem, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem and the worksheet it is in."""

    worksheet: str | None
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found."""

    findings: Sequence[Finding]
    plan: Plan

    @property
    def errors(self) -> int:
        """How many findings keep something from running."""
        return sum(f.problem.severity is Severity.ERROR for f in self.findings)


async def check_sheet(campaign: Campaign, wish: Filter, *, images: bool = False) -> Report:
    """Read and judge a sheet as a run would.

    ``images``: also look at the pictures that its rows name.

    Raises:
        BatchRunnerError: the sheet cannot be used at all.
    """
    with guards.reading(campaign.sidecar) as ledger:
        intakes = await read_sheet(campaign.source, campaign.rules, ledger)
        known = await known_jobs(intakes, ledger)
    choices = chosen(intakes, known, wish, adopt=None)
    looked = await picture_problems(campaign, intakes) if images else [[] for _ in intakes]
    findings = [
        Finding(worksheet=intake.table.worksheet, problem=problem)
        for intake, of_pictures in zip(intakes, looked, strict=True)
        for problem in sorted((*intake.problems, *of_pictures), key=_place)
    ]
    plan = make_plan(intakes, known, choices, campaign.rules.catalogue.profiles)
    return Report(findings=findings, plan=plan)


def _place(problem: Problem) -> tuple[int, int]:
    return problem.row or 0, problem.column or 0
