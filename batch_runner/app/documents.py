"""JSON documents for other programs. Each carries ``schema`` and only ever gains fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from batch_runner.app.money.evidence import Lost
from batch_runner.app.run.many import Result, all_cost, all_states
from batch_runner.app.run.outcome import Ending
from batch_runner.app.sheet.plan import Plan
from batch_runner.app.status import Story
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.jobs import Job, Totals
from batch_runner.core.model import MICROS
from batch_runner.core.takes import seed_of

SCHEMA = 1


def run_document(ending: Ending) -> dict[str, object]:
    """What ``run --json`` prints."""
    reason = ending.reason
    return {
        "schema": SCHEMA,
        "sheet": ending.sheet,
        "exit": ending.code,
        "states": dict(ending.totals.states),
        "new": dict(ending.new),
        "cost_usd": ending.totals.cost / MICROS,
        "unknown": [unknown_document(job) for job in ending.unknown],
        "video_missing": ending.totals.video_missing,
        "unpublished": ending.totals.unpublished,
        "stopped": None if reason is None else {"code": reason.code, "message": reason.message},
        "results": ending.results_in,
        "next": ending.next_command,
    }


def plan_document(plan: Plan, seconds: tuple[float, float] | None) -> dict[str, object]:
    """What a run would do; ``seconds``: how long it may take, if anybody knows."""
    return {
        "id": str(plan.id),
        "rows": plan.rows,
        "submits": plan.submits,
        "new": plan.new,
        "again": plan.again,
        "under_way": plan.under_way,
        "finished": plan.finished,
        "failed": plan.failed,
        "refused": plan.refused,
        "unknown": plan.unknown,
        "invalid": plan.invalid,
        "hidden": plan.hidden,
        "differing": plan.differing,
        "uploads": plan.pictures,
        "left_out": {"rows": plan.left_out, "by": dict(plan.left_by)},
        "estimated_usd": _span(plan.low, plan.high),
        "likely_usd": None if plan.likely is None else _span(*plan.likely),
        "unpriced": list(plan.unpriced),
        "seconds": _seconds(seconds),
        "models": [
            {
                "model": part.model,
                "videos": part.videos,
                "estimated_usd": _span(part.low, part.high),
                "unpriced_videos": part.unpriced,
                "priced_on": None if part.priced_on is None else part.priced_on.isoformat(),
                "likely_usd": None if part.likely is None else _span(*part.likely),
                "seconds_each": _seconds(part.seconds),
            }
            for part in plan.models
        ],
    }


def _span(low: int, high: int) -> dict[str, float]:
    return {"low": low / MICROS, "high": high / MICROS}


def _seconds(span: tuple[float, float] | None) -> dict[str, float] | None:
    return None if span is None else {"low": round(span[0], 1), "high": round(span[1], 1)}


def nothing_document(sheet: str, code: int) -> dict[str, object]:
    """What ``run --json`` prints of a sheet for which nothing was begun: the same fields."""
    return {
        "schema": SCHEMA,
        "sheet": sheet,
        "exit": code,
        "states": {},
        "new": {},
        "cost_usd": None,  # the ledger was not asked
        "unknown": [],
        "video_missing": 0,
        "unpublished": 0,
        "stopped": None,
        "results": None,
        "next": None,
    }


def refusal_document(sheet: str, error: BatchRunnerError) -> dict[str, object]:
    """The same, with the error that it was for."""
    told = {"code": error.code, "message": str(error)}
    return {**nothing_document(sheet, error.exit_code), "error": told}


def several_document(
    results: Sequence[Result], documents: Sequence[dict[str, object]], code: int
) -> dict[str, object]:
    """What ``run --json`` prints of several sheets."""
    return {
        "schema": SCHEMA,
        "exit": code,
        "states": all_states(results),
        "cost_usd": all_cost(results) / MICROS,
        "sheets": list(documents),
    }


def unknown_document(job: Job) -> dict[str, object]:
    """A row of which nobody knows whether it was accepted."""
    return {
        "row": job.row,
        "key": job.key,
        "variant": job.variant,
        "name": job.name,
        "job": job.row_hash[:MARK_LENGTH],
        "task_id": job.task_id,
        "error": job.error,
    }


def lost_document(lost: Lost) -> dict[str, object]:
    """What can be told of the lost rows of one model."""
    before = lost.balance_before
    return {
        "model": lost.model,
        "rows": list(lost.rows),
        "since": time_text(lost.since),
        "certainty": str(lost.finding.certainty),
        "sentence": lost.finding.sentence,
        "charged_by_provider": lost.counted,
        "known_charged": lost.known.surely,
        "perhaps_charged": lost.known.perhaps + lost.known.open,
        "lost": lost.known.lost,
        "balance_before_usd": money(before[1]) if before is not None else None,
        "balance_usd": money(lost.balance),
        "known_since_usd": money(lost.known.money),
    }


def status_document(sheet: Path, totals: Totals) -> dict[str, object]:
    """What ``status --json`` prints."""
    return {
        "schema": SCHEMA,
        "sheet": str(sheet),
        "rows": totals.rows,
        "videos": sum(totals.states.values()),
        "states": dict(totals.states),
        "cost_usd": totals.cost / MICROS,
        "estimated_usd": totals.estimated / MICROS,
        "updated_at": time_text(totals.updated_at),
        "video_missing": totals.video_missing,
        "unpublished": totals.unpublished,
    }


def time_text(at: datetime | None) -> str | None:
    """ISO 8601, UTC."""
    return None if at is None else at.isoformat(timespec="seconds")


def money(micros: int | None) -> float | None:
    """Micro-dollars as dollars."""
    return None if micros is None else micros / MICROS


def story_document(story: Story) -> dict[str, object]:
    """What ``status --row --json`` prints of one job."""
    job = story.job
    return {
        "row": job.row,
        "key": job.key,
        "variant": job.variant,
        "best": job.variant == job.best,
        "job": job.row_hash[:MARK_LENGTH],
        "state": str(job.state),
        "model": job.model,
        "task_id": job.task_id,
        "cost_usd": money(job.cost),
        "error": job.error,
        "video_file": job.video_file,
        "video_url": job.link,
        "attempts": [
            {
                "n": attempt.n,
                "first_sent_at": time_text(attempt.first_sent_at),
                "sends": attempt.sends,
                "origin": attempt.origin,
                "outcome": attempt.outcome,
                "task_id": attempt.task_id,
                "request_id": attempt.request_id,
                "idempotency_key": attempt.key,
                "request": attempt.body.decode("utf-8", "replace"),
                "cost_usd": money(attempt.cost),
                "seed": seed_of(attempt.body),
                "video_file": attempt.video_file,
                "video_sha256": attempt.video_sha256,
                "video_url": story.link_of(attempt),
                "note": attempt.note,
                "shown": attempt.n == job.attempt,
                "error": attempt.error,
                "raw": attempt.raw,
            }
            for attempt in story.attempts
        ],
        "history": [
            {
                "at": time_text(entry.at),
                "run": entry.run,
                "attempt": entry.attempt,
                "event": entry.event,
                "state": entry.state,
                **({"detail": dict(entry.detail)} if entry.detail else {}),
            }
            for entry in story.entries
        ],
    }
