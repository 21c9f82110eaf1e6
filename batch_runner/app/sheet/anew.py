"""Rows of which another take is wished for, and those that their user wants left alone."""

from __future__ import annotations

from dataclasses import dataclass

from batch_runner.core.decisions import Decision, Word, read_decision
from batch_runner.core.jobs import Candidate, Earlier
from batch_runner.core.lifecycle import State
from batch_runner.core.takes import Redo, Take, not_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """A job of which another take is wished for."""

    job: int
    redo: Redo
    cell: str = ""  # the decision cell that says so


def asks_anew(candidate: Candidate) -> bool:
    """Whether a row's decision cell asks for another take that it did not ask for before.

    The ledger remembers which cell it has obeyed until that is blank, so a run that was ended
    before it could empty the cell buys nothing twice.
    """
    job, decision = candidate.job, candidate.decision
    if job is None or decision is None or decision.word is not Word.REDO:
        return False
    if not candidate.is_meant:
        return False
    if candidate.spec.body is None or obeys(job.take, decision):
        return False
    return is_wished(job) or not not_now(job.state, job.error_code)


def obeys(take: Take | None, decision: Decision) -> bool:
    """Whether a take was asked for by this very decision."""
    before = read_decision(take.cell) if take is not None else None
    return before is not None and before.text == decision.text


def by_decision(candidate: Candidate) -> Anew:
    """What a row's decision cell asks for."""
    assert candidate.job is not None
    assert candidate.decision is not None
    decision = candidate.decision
    return Anew(job=candidate.job.id, redo=Redo(seed=decision.seed), cell=decision.text)


def may_redo(candidate: Candidate, order: str) -> bool:
    """Whether another take of a row can be asked for, that the same order did not ask for."""
    job = candidate.job
    if job is None or candidate.spec.body is None:
        return False
    return is_wished(job) or not (is_of_order(job, order) or not_now(job.state, job.error_code))


def is_wished(job: Earlier) -> bool:
    """Whether another take was asked for that was not sent yet."""
    return job.take is not None and job.state in {State.QUEUED, State.SKIPPED}


def is_of_order(job: Earlier, order: str) -> bool:
    """Whether a job's take was asked for by a command that is gone on with."""
    return bool(order) and job.take is not None and job.take.order == order
