"""Which rows this run may submit: the user's filter over the rows as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from batch_runner.core.failures import UNCHANGED_FAILS
from batch_runner.core.jobs import Job, RowSpec, edited_since
from batch_runner.core.lifecycle import State
from batch_runner.core.selection import Selection, Sort

WAITING = frozenset({State.QUEUED, State.INVALID, State.SKIPPED})
"""States in which a job was not sent yet, or certainly not accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What limits new submissions; accepted tasks are always polled and fetched."""

    only: str | None = None  # "new", "failed" or "changed"
    same: bool = False  # also failed ones whose request would most likely fail again
    lines: Selection | None = None  # these lines only
    limit: int | None = None  # at most so many
    pilot: int | None = None  # so many, spread evenly over the sheet

    def without(self, sent: int) -> Filter:
        """What is left of it after so many submits."""
        given = [number for number in (self.limit, self.pilot) if number is not None]
        return replace(self, limit=max(0, min(given) - sent), pilot=None) if given else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the filter leaves."""

    specs: tuple[RowSpec, ...]  # as given, ``wanted`` set
    again: tuple[int, ...] = ()  # ids of failed jobs that get a new attempt
    taken: int = 0  # how many of the limit these are


def make_filter(only: Selection | None, limit: int | None, pilot: int | None = None) -> Filter:
    """The filter that ``--only``, ``--limit`` and ``--pilot`` ask for."""
    if only is None or only.sort is Sort.LINES:
        return Filter(lines=only, limit=limit, pilot=pilot)
    return Filter(only=str(only.sort), limit=limit, pilot=pilot)


def choose(specs: Sequence[RowSpec], known: Mapping[int, Job], wish: Filter) -> Choice:
    """Mark the rows that may be submitted; ``known``: line -> the job it is, if any."""
    sendable: list[int] = []
    again: list[Job] = []
    for spec in specs:
        row = spec.identity.row
        job = known.get(row)
        if wish.lines is not None and not wish.lines.has_line(row):
            continue
        if wish.only in {"failed", "changed"}:
            if job is not None and _again(job, spec, wish):
                again.append(job)
        elif spec.body is not None and _waits(job, spec, wish):
            sendable.append(row)
    chosen = frozenset(_cut(sendable, wish))
    marked = tuple(
        replace(spec, wanted=_wanted(spec, known.get(spec.identity.row), chosen)) for spec in specs
    )
    retried = tuple(job.id for job in again[: wish.limit])
    return Choice(specs=marked, again=retried, taken=len(chosen) + len(retried))


def _waits(job: Job | None, spec: RowSpec, wish: Filter) -> bool:
    if job is None:
        return True
    if edited_since(job.state, job.row_hash, spec.identity):
        return wish.only != "new"
    return job.state in WAITING and (wish.only != "new" or job.attempt == 0)


def _again(job: Job, spec: RowSpec, wish: Filter) -> bool:
    if spec.body is None:
        return False
    if wish.only == "changed":
        return would_differ(job, spec)
    return job.state is State.FAILED and (wish.same or not fails_again(job, spec))


def fails_again(job: Job, spec: RowSpec) -> bool:
    """Whether a failed job was refused for its content or input, and asks for the same today."""
    refused = job.state is State.FAILED and job.error_code in UNCHANGED_FAILS
    return refused and spec.body == job.body


def would_differ(job: Job, spec: RowSpec) -> bool:
    """Whether a finished job would be asked for in another way today."""
    return job.state is State.SUCCEEDED and spec.body is not None and spec.body != job.body


def _wanted(spec: RowSpec, job: Job | None, chosen: frozenset[int]) -> bool:
    # Only what waits can be left out: a task that was accepted is nobody's to skip.
    if spec.identity.row in chosen:
        return True
    if job is None or edited_since(job.state, job.row_hash, spec.identity):
        return False
    return job.state not in WAITING


def _cut(rows: list[int], wish: Filter) -> list[int]:
    if wish.pilot is not None and 0 < wish.pilot < len(rows):
        last = len(rows) - 1
        steps = max(1, wish.pilot - 1)
        rows = [rows[round(i * last / steps)] for i in range(wish.pilot)]
    return rows if wish.limit is None else rows[: wish.limit]


def keep(specs: Sequence[RowSpec], known: Mapping[int, Job]) -> tuple[RowSpec, ...]:
    """During a run the choice stands: rows that were left out stay out."""
    return tuple(
        replace(
            spec,
            wanted=(job := known.get(spec.identity.row)) is None or job.state is not State.SKIPPED,
        )
        for spec in specs
    )
