"""Which rows this run may submit: the user's filter over the rows as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from batch_runner.app.sheet.anew import Anew, asks_anew, by_decision, may_redo
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.pilot import Rows, Spot, Turn, in_turn, pick_pilot, turn
from batch_runner.core.decisions import Word
from batch_runner.core.errors import UsageError
from batch_runner.core.failures import UNCHANGED_FAILS
from batch_runner.core.identity import RowIdentity
from batch_runner.core.jobs import Adoption, Candidate, Earlier, RowSpec, edited_since
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import State
from batch_runner.core.model import Problem, Severity
from batch_runner.core.outcolumns import job_mark
from batch_runner.core.profile import Profile
from batch_runner.core.selection import Selection, Sort, lines_text
from batch_runner.core.takes import AS_BEFORE, Redo

_ENDED_ONLY = frozenset({"failed", "changed"})
"""Wishes that send nothing but further attempts of what has ended."""

_NOBODY = (-(10**18), 0, 0)
"""Before anybody's turn."""

WAITING = frozenset({State.QUEUED, State.INVALID, State.SKIPPED})
"""States in which a job was not sent yet, or certainly not accepted."""


class Worksheet(Protocol):
    """The rows of a worksheet."""

    def candidates(self, *, as_sent: bool = False) -> Iterator[Candidate]:
        """All of them, in the order of the sheet or in that in which they are sent."""
        ...

    def decided(self) -> Iterator[Candidate]:
        """Those whose user decided something about them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What limits new submissions; accepted tasks are always polled and fetched."""

    only: str | None = None  # "new", "failed", "changed" or "redo"
    same: bool = False  # also failed ones whose request would most likely fail again
    lines: Selection | None = None  # these lines only
    redo: Redo = AS_BEFORE  # what "redo" is to be like
    order: str = ""  # a "redo" that was begun before and is gone on with
    limit: int | None = None  # at most so many
    pilot: int | None = None  # so many, that stand for the whole sheet

    def without(self, sent: int) -> Filter:
        """What is left of it after so many submits."""
        given = [number for number in (self.limit, self.pilot) if number is not None]
        return replace(self, limit=max(0, min(given) - sent), pilot=None) if given else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the filter leaves of one worksheet: a rule by which each row is marked."""

    wish: Filter = field(default_factory=Filter)
    vouched: bool | None = None  # task ids without a mark: adopted, ignored; None: there are none
    last: Turn | None = None  # priority, line and variant at which the limit is reached
    picked: frozenset[Spot] | None = None  # lines and variants of a pilot
    again: tuple[int, ...] = ()  # ids of failed jobs that get a new attempt
    anew: tuple[Anew, ...] = ()  # and those of which another take is wished for

    def mark(self, candidate: Candidate) -> RowSpec:
        """The row, ``wanted`` and ``adopt`` set."""
        identity = candidate.spec.identity
        adopt = None if self.vouched is False else adoption(identity, anyway=bool(self.vouched))
        return replace(candidate.spec, wanted=self._wants(candidate), adopt=adopt)

    def why_not(self, candidate: Candidate) -> str:
        """By which part of the filter a row that waits is left out."""
        spec, wish = candidate.spec, self.wish
        if spec.left_out:
            return spec.left_out
        if not may_send(candidate, wish):
            return "only"
        return "pilot" if self.picked is not None else "limit"

    def _wants(self, candidate: Candidate) -> bool:
        if self.takes(candidate):
            return True
        # Only what waits can be left out: a task that was accepted is nobody's to skip.
        job = candidate.job
        if job is None or edited_since(job.state, job.row_hash, candidate.spec.identity):
            return False
        return job.state not in WAITING

    def takes(self, candidate: Candidate) -> bool:
        """Whether this run may submit a row."""
        if self.picked is not None and candidate.spec.identity.spot not in self.picked:
            return False
        if self.last is not None and turn(candidate) > self.last:
            return False
        return may_send(candidate, self.wish)


def check_lines(intakes: Sequence[Intake], lines: Selection | None) -> None:
    """See that the lines that were named hold rows; those that do not are told as a finding.

    Raises:
        UsageError: none of them does: they are of another sheet, or it was sorted.
    """
    spans = () if lines is None or lines.sort is not Sort.LINES else lines.spans
    gone = [span for span in spans if not any(intake.rows.has_any(*span) for intake in intakes)]
    if not gone:
        return
    message = phrase("there is no row to run at {lines}.", lines=lines_text(gone))
    hint = phrase(
        "Lines are counted as the spreadsheet program shows them; totals, notes and empty lines "
        "are no rows."
    )
    if len(gone) == len(spans):
        raise UsageError(message, code="no_such_rows", hint=hint)
    problem = Problem(code="no_such_rows", message=message, hint=hint, severity=Severity.WARNING)
    intakes[0].rows.findings.add(problem, 0)


def make_filter(only: Selection | None, limit: int | None, pilot: int | None = None) -> Filter:
    """The filter that ``--only``, ``--limit`` and ``--pilot`` ask for."""
    if only is None or only.sort is Sort.LINES:
        return Filter(lines=only, limit=limit, pilot=pilot)
    return Filter(only=str(only.sort), limit=limit, pilot=pilot)


def choose(
    sheets: Sequence[Worksheet],
    wish: Filter,
    *,
    vouched: bool | None,
    profiles: Mapping[str, Profile],
) -> list[Choice]:
    """Which rows of each worksheet may be submitted; limit and pilot count over all of them.

    Args:
        sheets: the rows of each worksheet.
        wish: the user's filter.
        vouched: see :class:`Choice`.
        profiles: the models, by which the rows of a pilot are told apart.
    """
    choices = _chosen(
        [sheet.candidates for sheet in sheets],
        Choice(wish=wish, vouched=vouched),
        profiles,
    )
    return [_anew(sheet, choice) for sheet, choice in zip(sheets, choices, strict=True)]


def _chosen(rows: Sequence[Rows], choice: Choice, profiles: Mapping[str, Profile]) -> list[Choice]:
    wish = choice.wish
    if wish.only in {"failed", "changed"}:
        return _retried(rows, choice)
    if wish.pilot is not None:
        most = wish.pilot if wish.limit is None else min(wish.pilot, wish.limit)
        picked = pick_pilot(rows, lambda c: may_send(c, wish), most, profiles)
        return [replace(choice, picked=lines) for lines in picked]
    if wish.limit is None:
        return [choice] * len(rows)  # all that there are, however many
    last = dict.fromkeys(range(len(rows)), _NOBODY)
    waiting = in_turn(rows, lambda c: may_send(c, wish))
    for sheet, candidate in islice(waiting, wish.limit):
        last[sheet] = turn(candidate)
    return [replace(choice, last=last[sheet]) for sheet in range(len(rows))]


def _anew(sheet: Worksheet, choice: Choice) -> Choice:
    """The same, with the rows of which another take is wished for: by a command, or by cells."""
    wish = choice.wish
    if wish.only == "redo":
        meant = filter(choice.takes, sheet.candidates())
        anew = tuple(Anew(job=c.job.id, redo=wish.redo) for c in meant if c.job is not None)
    else:
        by_cell = (c for c in sheet.decided() if asks_anew(c) and choice.takes(c))
        anew = tuple(map(by_decision, by_cell))
    return replace(choice, anew=anew) if anew else choice


def _retried(sheets: Sequence[Rows], choice: Choice) -> list[Choice]:
    wish = choice.wish
    found = in_turn(sheets, lambda c: _again(c, wish))
    again: list[list[int]] = [[] for _ in sheets]
    for sheet, candidate in islice(found, wish.limit):
        assert candidate.job is not None
        again[sheet].append(candidate.job.id)
    return [replace(choice, again=tuple(jobs)) for jobs in again]


def may_send(candidate: Candidate, wish: Filter) -> bool:
    """Whether a row waits to be sent and the filter lets it through, but for its limit."""
    spec, job = candidate.spec, candidate.job
    row = spec.identity.row
    if wish.only == "redo":
        return names(wish, candidate)
    if wish.only in _ENDED_ONLY or spec.body is None or spec.left_out:
        return False
    if wish.lines is not None and not wish.lines.has_line(row):
        return False
    if job is None:
        return True
    if asks_anew(candidate) or edited_since(job.state, job.row_hash, spec.identity):
        return wish.only != "new"
    return job.state in WAITING and (wish.only != "new" or job.attempt == 0)


def names(wish: Filter, candidate: Candidate) -> bool:
    """Whether a ``redo`` means a row, and it can be made anew."""
    named = wish.lines is not None and means(wish.lines, candidate)
    return named and may_redo(candidate, wish.order)


def means(lines: Selection, candidate: Candidate) -> bool:
    """Whether a selection names this one of a row's variants: the best, if none is named."""
    identity, job = candidate.spec.identity, candidate.job
    best = identity.variant == (1 if job is None else job.best)
    return lines.means(identity.row, identity.key, identity.variant, best=best)


def _again(candidate: Candidate, wish: Filter) -> bool:
    job, spec, lines = candidate.job, candidate.spec, wish.lines
    if job is None or spec.body is None or spec.left_out:
        return False
    if lines is not None and not lines.has_line(spec.identity.row):
        return False
    if wish.only == "changed":
        kept = candidate.decision is not None and candidate.decision.word is Word.KEEP
        return would_differ(job, spec) and not kept
    return job.state is State.FAILED and (wish.same or not fails_again(job))


def fails_again(job: Earlier) -> bool:
    """Whether a failed job was refused for its content or input, and asks for the same today."""
    return job.state is State.FAILED and job.error_code in UNCHANGED_FAILS and job.same


def would_differ(job: Earlier, spec: RowSpec) -> bool:
    """Whether a finished job would be asked for in another way today."""
    return job.state is State.SUCCEEDED and spec.body is not None and not job.same


def adoption(identity: RowIdentity, *, anyway: bool) -> Adoption | None:
    """What to make of results that a row shows, should no ledger know it.

    ``anyway``: the user vouches for task ids that stand there without a mark.
    """
    marked = identity.shown_job == job_mark(identity.row_hash)
    if not marked and not (anyway and identity.shown_task):
        return None
    if identity.shown_status == "failed":
        return Adoption.FAILED
    return Adoption.LINK if identity.shown_task else Adoption.HOLD


def keep(candidate: Candidate) -> RowSpec:
    """During a run the choice stands: rows that were left out stay out.

    A row that its own cells leave out by now goes out, too: no money was spent on it yet.
    """
    job = candidate.job
    adopt = adoption(candidate.spec.identity, anyway=False)
    wanted = not candidate.spec.left_out and (job is None or job.state is not State.SKIPPED)
    return replace(candidate.spec, wanted=wanted, adopt=adopt)
