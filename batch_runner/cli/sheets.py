"""The sheets of one ``run`` or ``retry``: from the words of the command to its exit code."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from batch_runner.app.campaign import Campaign, open_campaign
from batch_runner.app.documents import (
    nothing_document,
    plan_document,
    refusal_document,
    run_document,
    several_document,
)
from batch_runner.app.money.confirm import ConfirmAbove
from batch_runner.app.money.max_cost import MaxCost
from batch_runner.app.money.run_budget import RunBudget
from batch_runner.app.notify.telling import Telling
from batch_runner.app.place.find_sheets import Wanted
from batch_runner.app.place.linked import bring
from batch_runner.app.place.put_away import is_finished, put_away
from batch_runner.app.place.sidecar import shown
from batch_runner.app.run.agree import seconds_needed
from batch_runner.app.run.batch import Batch, batch_of
from batch_runner.app.run.control import Signals
from batch_runner.app.run.draft import Request
from batch_runner.app.run.many import Result, run_all
from batch_runner.app.run.outcome import DONE, TROUBLE, FailOn, worst
from batch_runner.app.run.run import run_sheet
from batch_runner.app.sheet.choose import make_filter
from batch_runner.cli.console import Console
from batch_runner.cli.echo import as_events, as_words
from batch_runner.cli.options import settings_of
from batch_runner.cli.pipes import on_terminal, say
from batch_runner.cli.progress import Progress
from batch_runner.cli.words import summary, total_line
from batch_runner.core.errors import BatchRunnerError, LockedError, UsageError
from batch_runner.core.language import joined, phrase
from batch_runner.core.plan_id import parse_plan_id
from batch_runner.core.units import parse_duration, parse_usd
from batch_runner.loader.paths import advice_for
from batch_runner.settings.find import user_data_dir

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Work:
    """One command at work: what all its sheets have in common."""

    batch: Batch
    given: dict[str, Any]
    again: str | None
    terminal: bool
    stale: float  # seconds
    progress: Progress
    signals: Signals
    budget: RunBudget | None
    max_cost: MaxCost | None
    confirm: ConfirmAbove | None
    telling: Telling
    told: set[str] = field(default_factory=set)  # kinds of trouble

    async def run(self, wanted: Wanted) -> Result:
        """Run one sheet and say how it ended."""
        sheet = str(shown(wanted.path))
        console = Console(
            sheet, self.progress, several=self.batch.several, quiet=self.given["quiet"]
        )
        try:
            return await self._run(wanted, console)
        except BatchRunnerError as error:
            expected = self._goes_on_well(error)
            if not (self.given["quiet"] and expected):
                self.progress.print(phrase("Error: {reason}", reason=error), err=True)
            if self.given["events"]:
                say(json.dumps({**refusal_document(sheet, error), "event": "refused"}))
            if not expected:
                self.telling.refused(wanted.path, self._options(wanted), error)
            return Result(sheet=sheet, code=error.exit_code, error=error, expected=expected)

    async def _run(self, wanted: Wanted, console: Console) -> Result:
        await bring(wanted.link, wanted.path)
        campaign = open_campaign(
            wanted.path,
            self._options(wanted),
            os.environ,
            sandbox=self.given["sandbox"],
            adopt=self.given["adopt"],
        )
        ending = await run_sheet(campaign, self._request(campaign), console, os.environ)
        result = Result(sheet=str(campaign.source), code=DONE, ending=ending)
        if ending is None:
            plan = console.planned
            if plan is None:
                return result
            return replace(result, plan=plan_document(plan, seconds_needed(campaign, plan)))
        console.ended(ending, campaign.localise)
        self.telling.ended(campaign, ending, summary(ending, campaign.localise))
        result = replace(result, code=ending.code)
        done = self.batch.done
        if done is None or campaign.sandbox or not is_finished(ending):
            return result
        try:
            return replace(result, moved=await asyncio.to_thread(put_away, campaign, done))
        except BatchRunnerError as error:
            self.progress.print(phrase("Error: {reason}", reason=error), err=True)
            return replace(result, code=TROUBLE)

    def _options(self, wanted: Wanted) -> dict[str, object]:
        return self.batch.options_for(wanted, settings_of(self.given))

    def _request(self, campaign: Campaign) -> Request:
        given = self.given
        wish = make_filter(campaign.settings.only, campaign.settings.limit, given.get("pilot"))
        if self.again is not None:
            wish = replace(wish, only=self.again, same=given.get("same", False))
        if self.again == "redo":
            wish = replace(wish, lines=given["named"], redo=given["redo"])
        return Request(
            wish=wish,
            adopt=True if given["adopt"] else False if given["ignore_results"] else None,
            strict=given["strict"],
            dry_run=given["dry_run"],
            new=given["new"],
            take_over=given["take_over"],
            max_cost=self.max_cost,
            confirm=self._confirm(campaign),
            plan=_quantity("--plan", given.get("plan"), parse_plan_id),
            fail_on=FailOn.ANY if given["exit_all"] else FailOn(given["fail_on"] or FailOn.NEW),
            wait=_quantity("--wait", given["wait"], parse_duration) or 0.0,
            account=given["account"],
            terminal=self.terminal,
            yes=given["yes"],
            question=asks(given, terminal=self.terminal),
            signals=self.signals,
            budget=self.budget,
            told=self.told,
            failed_to=given["failed_to"],
            echo=self._echo(campaign),
        )

    def _confirm(self, campaign: Campaign) -> ConfirmAbove | None:
        """Whom the option concerns: all sheets together; a config: its own sheet."""
        if self.confirm is not None:
            return self.confirm
        micros = campaign.settings.confirm_above
        return None if micros is None else ConfirmAbove(micros=micros)

    def _echo(self, campaign: Campaign) -> Callable[[str], None] | None:
        """Who hears each line of the log."""
        if self.given["events"]:
            return as_events(str(campaign.source))
        if not self.given["verbose"]:
            return None
        name = f"{shown(campaign.source)}: " if self.batch.several else ""
        return as_words(
            lambda line: self.progress.print(name + line, err=True),
            campaign.localise,
            all_of_it=self.given["verbose"] > 1,
        )

    def _goes_on_well(self, error: BatchRunnerError) -> bool:
        """Whether it is only that another run is at work, and gets on with it."""
        idle = error.idle if isinstance(error, LockedError) else None
        return idle is not None and idle < self.stale


def run_sheets(sheets: Sequence[Path], given: dict[str, Any], again: str | None = None) -> int:
    """Run all sheets that are meant; ``again``: which finished ones get a new attempt."""
    _check_together(given)
    stale = _quantity("--stale", given["stale"], parse_duration) or 0.0
    max_cost = _quantity("--max-cost", given["max_cost"], parse_usd)
    confirm = _quantity("--confirm-above", given["confirm_above"], parse_usd)
    telling = Telling(os.environ)
    batch, terminal = _batch(sheets, given, telling), on_terminal()
    as_json = given["as_json"] or given["events"]  # standard output is for programs
    progress = Progress(terminal=terminal, quiet=given["quiet"], as_json=as_json)
    signals = Signals(lambda line: None if given["quiet"] else progress.print(line, err=True))
    work = Work(
        batch=batch,
        given=given,
        again=again,
        terminal=terminal,
        stale=stale,
        progress=progress,
        signals=signals,
        budget=None if batch.budget is None else RunBudget(batch.budget),
        max_cost=None if max_cost is None else MaxCost(micros=max_cost),
        confirm=None if confirm is None else ConfirmAbove(micros=confirm),
        telling=telling,
    )
    for path in batch.left if not given["quiet"] else ():
        say(
            joined(phrase("{path} is not taken.", path=shown(path)), advice_for(path) or ""),
            err=True,
        )
    # Whoever is asked about each sheet is asked about one after the other; so is one copy written.
    may_ask = asks(given, terminal=terminal) or (terminal and confirm is not None)
    in_order = may_ask or given["output"] is not None
    at_once = 1 if in_order else given["at_once"] or batch.at_once
    try:
        results = asyncio.run(run_all(batch.sheets, work.run, signals, at_once=at_once))
    finally:
        progress.close()
    codes = [result.code for result in results]
    if signals.code is not None and len(results) < len(batch.sheets):
        codes.append(signals.code)
    code = worst(codes)
    _tell(results, batch, given, code)
    _tell_people(telling, given)
    return code


def _batch(sheets: Sequence[Path], given: dict[str, Any], telling: Telling) -> Batch:
    """What is meant by the words of the command; who waits for it hears if that is nothing."""
    try:
        batch = batch_of(sheets, user_data_dir(os.environ))
    except BatchRunnerError as error:
        telling.refused(sheets[0], settings_of(given), error)
        _tell_people(telling, given)
        raise
    if batch.several and given["failed_to"] is not None:
        raise UsageError(phrase("--failed-to goes with one sheet."), code="bad_options")
    if batch.several and given.get("plan") is not None:
        raise UsageError(
            phrase("--plan goes with one sheet; each has its own."), code="bad_options"
        )
    return batch


def _tell_people(telling: Telling, given: dict[str, Any]) -> None:
    if not given["dry_run"]:
        asyncio.run(telling.tell_all(lambda line: say(line, err=True)))


def asks(given: dict[str, Any], *, terminal: bool) -> bool:
    """Whether somebody is asked before anything is sent."""
    for_programs = given["as_json"] or given["events"]
    return terminal and not (given["yes"] or given["sandbox"] or for_programs)


def _tell(results: Sequence[Result], batch: Batch, given: dict[str, Any], code: int) -> None:
    """The one summary of several sheets, or the one document."""
    if given["as_json"]:
        documents = [_document(result) for result in results]
        shown = several_document(results, documents, code) if batch.several else documents[0]
        say(json.dumps(shown, ensure_ascii=False, indent=2))
    elif batch.several and not (given["quiet"] and _all_is_well(results, batch)):
        if given["dry_run"] and code == DONE:
            return  # there is nothing to add up
        say(total_line(results, len(batch.sheets)), err=given["quiet"] or given["events"])


def _all_is_well(results: Sequence[Result], batch: Batch) -> bool:
    well = all(result.code == DONE or result.expected for result in results)
    return well and len(results) == len(batch.sheets)


def _document(result: Result) -> dict[str, object]:
    if result.error is not None:
        return refusal_document(result.sheet, result.error)
    if result.ending is None:
        planned = {"submitted": 0, "plan": result.plan}
        return {**nothing_document(result.sheet, result.code), **planned}
    document = run_document(result.ending)
    if result.moved is not None:
        document["moved"] = str(result.moved)
    return document


def _check_together(given: dict[str, Any]) -> None:
    if given["adopt"] and given["ignore_results"]:
        raise UsageError(
            phrase("--adopt and --ignore-results exclude each other."), code="bad_options"
        )
    if given["events"] and given["as_json"]:
        raise UsageError(phrase("--events and --json exclude each other."), code="bad_options")
    if given["verbose"] and given["quiet"]:
        raise UsageError(phrase("--verbose and --quiet exclude each other."), code="bad_options")
    if given["exit_all"] and given["fail_on"] not in {None, FailOn.ANY}:
        raise UsageError(phrase("--exit-all is --fail-on any."), code="bad_options")


def _quantity(option: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    """A time or an amount as an option gives it."""
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        said = phrase("{option} must be {what}.", option=option, what=error)
        raise UsageError(said, code="bad_option") from None
