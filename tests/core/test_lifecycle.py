"""The table of a job's life holds what the design promises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.lifecycle import (
    OPEN,
    TRANSITIONS,
    Event,
    IllegalTransitionError,
    State,
    advance,
    shown,
)

BUYS_AGAIN = frozenset({Event.RETRIED, Event.REDONE, Event.RELEASED})
"""Events by which somebody says: a new attempt, please."""


def leads(state: State) -> dict[Event, State]:
    """What may happen in a state."""
    return {event: after for (before, event), after in TRANSITIONS.items() if before is state}


def test_every_state_can_be_reached_from_the_queue() -> None:
    """No state is a word without a way to it (a row may also start invalid or skipped)."""
    reached, frontier = set[State](), {State.QUEUED}
    while frontier:
        reached |= frontier
        frontier = {after for state in frontier for after in leads(state).values()} - reached
    assert reached == set(State)


def test_every_event_can_happen() -> None:
    """No event is a word that nothing can bring about."""
    assert {event for _, event in TRANSITIONS} == set(Event)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_is_not_in_the_table_raises(state: State, event: Event) -> None:
    """An event that cannot happen in a state is refused, not ignored."""
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransitionError):
            advance(state, event)


def test_every_open_state_can_end() -> None:
    """A job that was sent can always come to success, failure or unknown."""
    for state in OPEN:
        assert set(leads(state).values()) & {State.SUCCEEDED, State.FAILED, State.UNKNOWN}


def test_unknown_is_left_only_by_a_decision() -> None:
    """Nothing but a replay of the same bytes or a person's word ends an unknown."""
    assert set(leads(State.UNKNOWN)) == {
        Event.CLAIMED,
        Event.ADOPTED,
        Event.RELEASED,
        Event.GIVEN_UP,
    }


def test_only_a_claim_leads_to_a_submit() -> None:
    """There is one way into submitting, from the queue or as a replay."""
    into = {key for key, after in TRANSITIONS.items() if after is State.SUBMITTING}
    assert into == {(State.QUEUED, Event.CLAIMED), (State.UNKNOWN, Event.CLAIMED)}


@given(st.lists(st.sampled_from(Event), max_size=60))
@settings(max_examples=300)
def test_what_was_accepted_is_never_sent_again_unasked(events: list[Event]) -> None:
    """On no path does an accepted job come back to submitting without a wanted new attempt.

    A task that the provider denies is unknown, and the ledger claims no unknown with a task.
    """
    state, accepted = State.QUEUED, False
    for event in events:
        if (state, event) not in TRANSITIONS:
            continue
        denied = state is State.UNKNOWN and accepted
        if event is Event.CLAIMED and not denied:
            assert not accepted
        if event is Event.CLAIMED and denied:
            continue
        state = advance(state, event)
        accepted = accepted or event in {Event.ACCEPTED, Event.ADOPTED}
        accepted = accepted and event not in BUYS_AGAIN


def test_the_sheet_shows_plain_words() -> None:
    """Submitting and fetching show as running; everything else by its own name."""
    assert {shown(state) for state in State} == {
        State.QUEUED,
        State.RUNNING,
        State.SUCCEEDED,
        State.FAILED,
        State.UNKNOWN,
        State.INVALID,
        State.SKIPPED,
    }
