"""A job on its way: what the ledger keeps, hands out and takes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from batch_runner.core.columns import CONTROLS
from batch_runner.core.decisions import Decision
from batch_runner.core.identity import RowIdentity
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.model import Estimate
from batch_runner.core.spend import Refused, Reservation
from batch_runner.core.takes import Take
from batch_runner.core.variants import named, split_name


class Adoption(StrEnum):
    """What to do with a row that shows results no ledger knows of."""

    LINK = "link"  # it shows a task id: look at that task
    HOLD = "hold"  # it may have been sent: unknown
    FAILED = "failed"  # it was rejected; that stays so


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSpec:
    """One row of the sheet as it asks to be enrolled."""

    identity: RowIdentity
    model: str
    body: bytes | None  # the exact request; None when the row is invalid
    estimate: Estimate
    problem: str = ""  # what is wrong, as the error cell says it; set when body is None
    problem_code: str = ""
    priority: int = 0  # its rank: the smallest goes first
    left_out: str = ""  # by which control column, or "where"; "": by none
    file_name: str = ""  # of its video, within the folder; "": the usual one
    wanted: bool = True  # passes the user's filter
    adopt: Adoption | None = None  # only for rows that are new to the ledger
    fields: str = ""  # JSON: what its variant adds to the request, such as a seed

    @property
    def invalid(self) -> bool:
        """Whether it cannot run; nobody asks that of a row that its own cells leave out."""
        return self.body is None and self.left_out not in CONTROLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The job that a row is already, as far as choosing needs it."""

    id: int
    state: State
    attempt: int
    row_hash: str
    error_code: str
    same: bool  # what it asked for last is what the row asks for today
    take: Take | None = None  # another one was asked for: its last one, or the one to come
    best: int = 1  # which of its row's variants shows in the main columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row of the sheet and the job it is, if the ledger knows it."""

    spec: RowSpec
    job: Earlier | None
    decision: Decision | None = None  # what its user wrote beside it

    @property
    def is_meant(self) -> bool:
        """Whether the decision is about this one of its row's variants: the best, if none is named."""
        best = 1 if self.job is None else self.job.best
        number = None if self.decision is None else self.decision.number
        return self.spec.identity.variant == (number or best)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of the ledger with its current attempt."""

    id: int
    scope: int
    row: int | None  # line as last read; None: no longer in the sheet
    key: str | None
    row_hash: str
    state: State
    model: str
    attempt: int  # 0 until first sent
    tries: int = 0  # sends in this run
    replay: bool = False  # was unknown: an earlier send of these bytes may have been accepted
    body: bytes = b""
    idempotency_key: str = ""
    callback: str = ""  # where the provider calls when its task ends; part of the request
    task_id: str | None = None
    accepted_at: datetime | None = None
    urls: tuple[str, ...] = ()
    expires_at: datetime | None = None
    video_file: str | None = None  # relative to the sidecar's parent, with /
    cost: int | None = None  # micro-dollars of all attempts; None: nothing known yet
    error_code: str = ""
    error: str = ""
    finished_at: datetime | None = None
    estimate_high: int | None = None
    estimate_low: int | None = None
    file_name: str = ""  # that its row wants for the video; "": the usual one
    published: str | None = None  # a link to its video that lasts
    variant: int = 1  # which of its row's videos it is
    best: int = 1  # which of them shows in the main columns
    decision_cell: str = ""  # the user's cell that asked for its last take, if it may stand there

    @property
    def link(self) -> str | None:
        """Where its video can be opened: the link that lasts, else the provider's."""
        return self.published or next(iter(self.urls), None)

    @property
    def called(self) -> str:
        """What to type to mean it: its key, its line, or the start of its mark."""
        return named(self.key or str(self.row or self.row_hash[:8]), self.variant)

    def is_called(self, who: str) -> bool:
        """Whether somebody means it: by its key, its line, or six digits of its mark at least.

        A row means all its variants, ``5/2`` one of them.
        """
        if who in {str(self.row), self.key} or (len(who) >= 6 and self.row_hash.startswith(who)):
            return True
        row, variant = split_name(who)
        return variant == self.variant and row in {str(self.row), self.key}

    @property
    def name(self) -> str:
        """How people call it: its key, or its line; and which of several it is."""
        number = f" variant {self.variant}" if self.variant > 1 else ""
        if self.key is not None:
            return self.key + number
        if self.row is not None:
            return f"row {self.row}{number}"
        return f"job {self.row_hash[:8]}"

    @property
    def place(self) -> int:
        """Which of its row's columns it shows in: the best one is first, and gives up its own."""
        if self.variant == self.best:
            return 1
        return self.best if self.variant == 1 else self.variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened to a job, with what is to be remembered of it.

    ``None`` leaves a field as it is. Applied in one transaction together with the event's line
    in the history; refused if the job is no longer at this attempt.
    """

    job: int
    attempt: int
    event: Event
    at: datetime
    task_id: str | None = None
    not_before: datetime | None = None  # when a deferred job may be sent again
    urls: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    thumbnail: str | None = None
    cost: int | None = None  # micro-dollars charged for this attempt
    hold: int | None = None  # what the attempt counts against the budget from now on
    duration: float | None = None  # seconds the task took at the provider
    video_file: str | None = None
    video_size: int | None = None
    video_sha256: str | None = None
    published: str | None = None  # a link to the video that lasts
    error_code: str | None = None  # "" clears
    error: str | None = None
    request_id: str | None = None
    raw: str | None = None
    free: bool = False  # this send does not count as a try
    detail: Mapping[str, object] | None = None  # for the history only


def edited_since(state: State, row_hash: str, identity: RowIdentity) -> bool:
    """Whether a failed row, known by its key, was edited since: it asks for another try.

    A row without a key is another job once it is edited.
    """
    edited = identity.key is not None and row_hash != identity.match_hash
    return state is State.FAILED and edited


class ClaimKind(StrEnum):
    """What asking for the next job gave."""

    JOB = "job"
    LATER = "later"  # something is queued, but not before a time
    EMPTY = "empty"  # nothing is left to send
    PICTURES = "pictures"  # what is left waits for pictures to be uploaded
    OVER_BUDGET = "over_budget"  # the next one could overshoot the cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The ledger's answer to a claim; the job is ``submitting``, durably, when it is given."""

    kind: ClaimKind
    job: Job | None = None
    not_before: datetime | None = None
    why: str = ""  # which budget is used up, where it is not the sheet's own


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTerms:
    """Under which conditions a job may be claimed."""

    now: datetime
    key: str  # idempotency key, should a new attempt be needed
    origin: str
    account: str  # salted fingerprint of the API key
    callback: str = ""  # where its task is to call, should a new attempt be needed
    cap: int | None = None  # micro-dollars that all attempts together may hold
    max_tries: int = 8
    replay: bool = False  # may re-send unknown ones under their old key
    priced_only: bool = False  # a budget holds: what has no known price is not sent
    # Reserves durably for the user's own budgets, before the intent is durable in the ledger;
    # gives what forbids it, or None.
    reserve: Callable[[Reservation], Refused | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a campaign's ledger adds up to."""

    rows: int
    states: Mapping[str, int]  # shown state -> videos of rows in the sheet, each variant one
    cost: int  # micro-dollars known to be charged, all attempts, superseded ones too
    held: int  # micro-dollars counted against the budget: charged, or reserved while open
    estimated: int  # micro-dollars that what is still to come may cost at most
    updated_at: datetime | None
    video_missing: int = 0  # succeeded, but the video could not be had yet
    unpublished: int = 0  # succeeded and stored, but the lasting link could not be had yet
    refused: int = 0  # failed for their content or input: the same again would fail again
    unsent: int = 0  # queued, and this run was to send it
    new_troubles: int = 0  # failed or invalid since the last finished run
