"""All that is wrong with a sheet, and what it would cost; changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice

from batch_runner.app.campaign import Campaign
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.sheet.choose import Filter, check_lines
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.pictures import picture_problems
from batch_runner.app.sheet.plan import Plan, make_plan
from batch_runner.app.sheet.reading import chosen, find_jobs, history_of, read_sheet
from batch_runner.core.model import Problem, Severity
from batch_runner.core.uploads import pictures_in, with_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem and the worksheet it is in."""

    worksheet: str | None
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one row would ask for, with templates, defaults and all filled in."""

    worksheet: str | None
    row: int
    request: Mapping[str, object] | None  # None: it is invalid
    problem: str  # why
    file_name: str  # of its video, where the config names them


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found."""

    sheets: Sequence[tuple[Intake, Sequence[Problem]]]  # each with the problems of its pictures
    plan: Plan

    def first_rows(self, count: int) -> Iterator[Shown]:
        """What the first rows ask for."""
        rows = (
            (intake, candidate.spec)
            for intake, _ in self.sheets
            for candidate in intake.rows.candidates()
        )
        for intake, spec in islice(rows, count):
            yield Shown(
                worksheet=intake.table.worksheet,
                row=spec.identity.row,
                request=None if spec.body is None else _as_asked(spec.body, intake),
                problem=spec.problem,
                file_name=spec.file_name,
            )

    @property
    def findings(self) -> Iterator[Finding]:
        """All of them, in the order of the sheet."""
        for intake, of_pictures in self.sheets:
            for problem in merge(
                intake.rows.findings, sorted(of_pictures, key=_place), key=_place
            ):
                yield Finding(
                    worksheet=intake.table.worksheet, problem=problem.named(intake.table.fields)
                )

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
    pictures = replace(campaign.rules.pictures, note=images)
    rules = replace(campaign.rules, pictures=pictures)
    async with reading(campaign.ledger) as ledger:
        history = await history_of(ledger)
        intakes = await read_sheet(campaign.source, rules, ledger)
        await find_jobs(intakes, ledger)
    profiles = campaign.rules.catalogue.profiles
    check_lines(intakes, wish.lines)
    choices = chosen(intakes, wish, profiles, adopt=None)
    looked = await picture_problems(campaign, intakes) if images else [[] for _ in intakes]
    plan = make_plan(intakes, choices, profiles, origin=campaign.origin, history=history)
    return Report(sheets=list(zip(intakes, looked, strict=True)), plan=plan)


def _as_asked(body: bytes, intake: Intake) -> Mapping[str, object]:
    """A request in the user's words: pictures that are uploaded later by what they are called."""
    found = {key: intake.rows.pictures.find(key) for key in pictures_in(body)}
    called = {key: place.called if place else key for key, place in found.items()}
    request: Mapping[str, object] = json.loads(with_links(body, called))
    return request


def _place(problem: Problem) -> tuple[int, int]:
    return problem.row or 0, problem.column or 0
