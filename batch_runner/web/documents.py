"""What is shown, as JSON for the page; money as dollars, times as ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from batch_runner.app.board.checked import Checked, Faulty
from batch_runner.app.board.offer import Offer
from batch_runner.app.board.rows import Page, prompt_of
from batch_runner.app.board.sight import Live, Sight, is_at_work
from batch_runner.app.board.starts import Starts
from batch_runner.app.board.watcher import View
from batch_runner.app.clock import now
from batch_runner.app.documents import money, story_document, time_text
from batch_runner.app.sheet.plan import Plan
from batch_runner.app.sheet.plan_words import describe
from batch_runner.app.status import Story
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import shown
from batch_runner.core.places import is_elsewhere

EXCERPT = 300  # characters of a prompt in a list


def view_document(view: View, starts: Starts) -> dict[str, object]:
    """A sheet on the board."""
    entry, ended = view.entry, starts.ended(view.entry.id)
    return {
        "id": entry.id,
        "name": entry.path.name,
        "folder": entry.source.parent.name,
        "rehearsal": entry.rehearsal,
        "trouble": view.trouble,
        "starting": starts.is_on(entry.id),
        "ended": None if ended is None else {"code": ended.code, "said": ended.said},
        **_sight(view.sight),
    }


def _sight(sight: Sight) -> dict[str, object]:
    totals, run = sight.totals, sight.run
    return {
        "rows": 0 if totals is None else totals.rows,
        "states": {} if totals is None else dict(totals.states),
        "cost": money(0 if totals is None else totals.cost),
        "held": money(0 if totals is None else totals.held),
        "estimated": money(0 if totals is None else totals.estimated),
        "video_missing": 0 if totals is None else totals.video_missing,
        "unpublished": 0 if totals is None else totals.unpublished,
        "budget": money(sight.budget),
        "run": None
        if run is None
        else {
            "id": run.id,
            "started_at": time_text(run.started_at),
            "ended_at": time_text(run.ended_at),
            "beat_at": time_text(run.beat_at),
            "exit": run.exit,
            "host": run.host,
        },
        "at_work": is_at_work(run, sight.live, now()),
        "live": _live(sight.live),
        "finish": time_text(sight.finish),
        "tempo": asdict(sight.tempo),
        "happenings": [{**asdict(one), "at": time_text(one.at)} for one in sight.happenings],
    }


def _live(live: Live | None) -> dict[str, object] | None:
    if live is None:
        return None
    return {**asdict(live), "new": dict(live.new)}


def page_document(page: Page) -> dict[str, object]:
    """Some rows."""
    return {
        "rows": [_row(job, page.worksheets) for job in page.jobs],
        "after": None if page.after is None else ".".join(map(str, page.after)),
    }


def _row(job: Job, worksheets: Mapping[int, str]) -> dict[str, object]:
    return {
        "job": job.id,
        "row": job.row,
        "key": job.key,
        "variant": job.variant,
        "worksheet": worksheets.get(job.scope, ""),
        "state": str(shown(job.state)),
        "model": job.model,
        "prompt": prompt_of(job)[:EXCERPT],
        "cost": money(job.cost),
        "error": job.error,
        "video": _is_at_hand(job),
        "finished_at": time_text(job.finished_at),
    }


def _is_at_hand(job: Job) -> bool:
    """Whether its video can be shown from here: what lies in a bucket cannot."""
    return job.video_file is not None and not is_elsewhere(job.video_file)


def one_document(story: Story) -> dict[str, object]:
    """All that is known of a row."""
    return {
        **story_document(story),
        "id": story.job.id,
        "variant": story.job.variant,
        "prompt": prompt_of(story.job),
        "shown": str(shown(story.job.state)),
        "video": _is_at_hand(story.job),
        "published": story.job.published,
    }


def checked_document(checked: Checked) -> dict[str, object]:
    """A check, beside the cells."""
    return {
        "plan": plan_document(checked.plan),
        "errors": checked.errors,
        "more": checked.more,
        "faults": [_fault(fault) for fault in checked.faults],
    }


def _fault(fault: Faulty) -> dict[str, object]:
    problem = fault.finding.problem
    return {
        "worksheet": fault.finding.worksheet,
        "row": problem.row,
        "column": problem.column,
        "place": fault.place,
        "header": fault.header,
        "value": fault.value,
        "mendable": fault.may_be_mended,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
    }


def plan_document(plan: Plan) -> dict[str, object]:
    """A run before it is begun."""
    return {
        "lines": describe(plan),
        "rows": plan.rows,
        "submits": plan.submits,
        "invalid": plan.invalid,
        "failed": plan.failed,
        "unknown": plan.unknown,
        "under_way": plan.under_way,
        "low": money(plan.low),
        "high": money(plan.high),
        "high_micros": plan.high,
        "unpriced": list(plan.unpriced),
    }


def offer_document(offer: Offer) -> dict[str, object]:
    """What starting a run would mean."""
    balance = offer.balance
    return {
        **checked_document(offer.checked),
        "no_key": offer.no_key,
        "balance": None
        if balance is None
        else {
            "remaining": money(balance.remaining),
            "unlimited": balance.unlimited,
            "refused": balance.key_refused,
            "reachable": balance.reachable,
        },
    }
