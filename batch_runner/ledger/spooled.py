"""A spooled row and back: which columns are asked for, and what they make."""

from __future__ import annotations

import json
from typing import Any

from batch_runner.core.decisions import DECISION, read_decision
from batch_runner.core.identity import RowIdentity
from batch_runner.core.jobs import Candidate, Earlier, RowSpec
from batch_runner.core.lifecycle import State
from batch_runner.core.model import Estimate
from batch_runner.core.takes import Take

IDENTITY = "r.row, r.row_hash, r.whole_hash, r.key, r.former_hash, r.shown, r.variant"
REST = """r.fields, r.model, r.body, r.estimate_low, r.estimate_high, r.problem, r.problem_code,
    r.priority, r.left_out, r.file_name,
    j.id, j.state, j.attempt, j.row_hash, j.error_code, j.same, j.take, j.best"""


OWN = "own"
"""Where else a row's first variant shows what is its, once another one is in the main columns."""


def to_identity(row: tuple[Any, ...]) -> RowIdentity:
    """Who a row is, from the columns of ``IDENTITY``."""
    shown = json.loads(row[5]) if row[5] else {}
    shown = shown.get(OWN, shown)
    return RowIdentity(
        row=row[0],
        row_hash=row[1],
        whole_hash=row[2],
        key=row[3],
        former_hash=row[4],
        shown_task=shown.get("task_id"),
        shown_job=shown.get("job"),
        shown_status=shown.get("status"),
        variant=row[6],
    )


def to_candidate(row: tuple[Any, ...]) -> Candidate:
    """A row and its job, from the columns of ``IDENTITY`` and ``REST``."""
    fields, model, body, low, high, problem, code, priority, left_out, file_name, *known = row[7:]
    job, state, attempt, row_hash, error, same, take, best = known
    said = json.loads(row[5]).get(DECISION) if row[5] else None
    decision = read_decision(said) if said else None
    spec = RowSpec(
        identity=to_identity(row),
        model=model,
        body=body,
        estimate=Estimate(low=low, high=high),
        problem=problem,
        problem_code=code,
        priority=priority,
        left_out=left_out,
        file_name=file_name,
        fields=fields,
    )
    if job is None:
        return Candidate(spec=spec, job=None, decision=decision)
    earlier = Earlier(
        id=job,
        state=State(state),
        attempt=attempt,
        row_hash=row_hash,
        error_code=error,
        same=bool(same),
        take=Take.from_json(take) if take else None,
        best=best,
    )
    return Candidate(spec=spec, job=earlier, decision=decision)
