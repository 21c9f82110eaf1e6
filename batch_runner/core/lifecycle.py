"""The life of a job: its states, what can happen, and what that leads to.

Everything that moves a job stands in ``TRANSITIONS``; an event that is not in the table for a
state is a bug and raises. The ledger applies events by this table, so no other place sets a
state.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    SUBMITTING = "submitting"  # the intent is durable; the POST may be on its way
    RUNNING = "running"  # accepted: the task id is in the ledger
    FETCHING = "fetching"  # the task is done, its video is being downloaded
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"  # may be accepted and paid; never re-sent silently
    INVALID = "invalid"  # breaks a rule; never enters the queue
    SKIPPED = "skipped"  # left out by the user's filter


class Event(StrEnum):
    """What can happen to a job."""

    CLAIMED = "claimed"  # about to be sent
    ACCEPTED = "accepted"  # the provider gave a task id
    DEFERRED = "deferred"  # certainly not accepted; may be sent again
    REJECTED = "rejected"  # certainly not accepted, and never will be
    LOST = "lost"  # nobody knows whether it was accepted
    ADOPTED = "adopted"  # a task id came to light: from the sheet, or by the user
    RELEASED = "released"  # the user says it was not accepted
    GIVEN_UP = "given_up"  # the user closes it
    READY = "ready"  # the task is done, a video waits
    FINISHED = "finished"  # the task is done, and no download is wanted
    TASK_FAILED = "task_failed"  # the provider says it failed (and refunds)
    FORGOTTEN = "forgotten"  # the provider does not know the id
    STORED = "stored"  # the video is on disk, whole
    UNOBTAINABLE = "unobtainable"  # done and paid, but the video cannot be had now
    REFETCHED = "refetched"  # another try to get a video that is missing
    PUBLISHED = "published"  # its video can be opened at a link that lasts
    UNPUBLISHED = "unpublished"  # it was to be, but could not
    RELINKED = "relinked"  # its link was asked for anew
    RETRIED = "retried"  # a new attempt, wanted by the user or by the settings
    REDONE = "redone"  # another take, wanted by the user; the one before it stands until then
    KEPT = "kept"  # the take before it stands: the other one failed, or is not wanted any more
    INVALIDATED = "invalidated"  # a rule says no
    MENDED = "mended"  # no rule says no any more
    SKIPPED = "skipped"  # the filter leaves it out
    ADMITTED = "admitted"  # the filter lets it in again


_S, _E = State, Event

TRANSITIONS = MappingProxyType(
    {
        (_S.QUEUED, _E.CLAIMED): _S.SUBMITTING,
        (_S.QUEUED, _E.INVALIDATED): _S.INVALID,
        (_S.QUEUED, _E.SKIPPED): _S.SKIPPED,
        (_S.QUEUED, _E.ADOPTED): _S.RUNNING,
        (_S.SUBMITTING, _E.ACCEPTED): _S.RUNNING,
        (_S.SUBMITTING, _E.DEFERRED): _S.QUEUED,
        (_S.SUBMITTING, _E.REJECTED): _S.FAILED,
        (_S.SUBMITTING, _E.LOST): _S.UNKNOWN,
        (_S.UNKNOWN, _E.CLAIMED): _S.SUBMITTING,  # replay: same key, same bytes
        (_S.UNKNOWN, _E.ADOPTED): _S.RUNNING,
        (_S.UNKNOWN, _E.RELEASED): _S.QUEUED,
        (_S.UNKNOWN, _E.GIVEN_UP): _S.FAILED,
        (_S.RUNNING, _E.READY): _S.FETCHING,
        (_S.RUNNING, _E.FINISHED): _S.SUCCEEDED,
        (_S.RUNNING, _E.TASK_FAILED): _S.FAILED,
        (_S.RUNNING, _E.FORGOTTEN): _S.UNKNOWN,
        (_S.RUNNING, _E.UNOBTAINABLE): _S.SUCCEEDED,  # completed without a link
        (_S.FETCHING, _E.READY): _S.FETCHING,  # a fresh link
        (_S.FETCHING, _E.STORED): _S.SUCCEEDED,
        (_S.FETCHING, _E.FINISHED): _S.SUCCEEDED,
        (_S.FETCHING, _E.UNOBTAINABLE): _S.SUCCEEDED,
        (_S.FETCHING, _E.TASK_FAILED): _S.FAILED,  # the provider changed its mind
        (_S.SUCCEEDED, _E.REFETCHED): _S.FETCHING,
        (_S.SUCCEEDED, _E.RELINKED): _S.SUCCEEDED,
        (_S.SUCCEEDED, _E.PUBLISHED): _S.SUCCEEDED,
        (_S.SUCCEEDED, _E.UNPUBLISHED): _S.SUCCEEDED,
        (_S.SUCCEEDED, _E.RETRIED): _S.QUEUED,  # the user buys it again, as it would be now
        (_S.SUCCEEDED, _E.REDONE): _S.QUEUED,
        (_S.FAILED, _E.RETRIED): _S.QUEUED,
        (_S.FAILED, _E.REDONE): _S.QUEUED,
        (_S.FAILED, _E.KEPT): _S.SUCCEEDED,
        (_S.QUEUED, _E.KEPT): _S.SUCCEEDED,
        (_S.SKIPPED, _E.KEPT): _S.SUCCEEDED,
        (_S.INVALID, _E.MENDED): _S.QUEUED,
        (_S.INVALID, _E.INVALIDATED): _S.INVALID,  # wrong in another way
        (_S.SKIPPED, _E.ADMITTED): _S.QUEUED,
        (_S.SKIPPED, _E.INVALIDATED): _S.INVALID,
    }
)

OPEN = frozenset({State.SUBMITTING, State.RUNNING, State.FETCHING})
"""Sent and not settled: a task may exist and cost money."""

_SHOWN = {State.SUBMITTING: State.RUNNING, State.FETCHING: State.RUNNING}


class IllegalTransitionError(AssertionError):
    """A bug: something happened to a job that cannot happen in its state."""


def advance(state: State, event: Event) -> State:
    """The state that ``event`` leads to.

    Raises:
        IllegalTransitionError: the table has no such step.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(f"{event} cannot happen to a job that is {state}") from None


def shown(state: State) -> State:
    """The word that the sheet and ``status`` show for a state."""
    return _SHOWN.get(state, state)
