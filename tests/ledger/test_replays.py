"""Replays: the same key and bytes, only where that proves something."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from batch_runner.core.jobs import ClaimKind
from batch_runner.core.lifecycle import Event, State
from tests.ledger.conftest import START

if TYPE_CHECKING:
    from tests.ledger.conftest import Book


def lost(book: Book, **terms: str) -> None:
    """One row whose answer was lost."""
    book.sheet("a")
    book.record(book.take(key="k1", **terms), Event.LOST, error="unknown", error_code="timeout")


def test_unknown_is_not_sent_again_unless_replay_is_on(book: Book) -> None:
    """Without the user's word an unknown is held for ever; with it, key and bytes are the same."""
    lost(book)
    book.start()
    assert book.claim().kind is ClaimKind.EMPTY
    again = book.take(replay=True)
    assert (again.idempotency_key, again.body, again.attempt) == ("k1", b"a", 1)
    assert again.replay
    assert book.held() == 500


@pytest.mark.parametrize(
    "terms",
    [
        {"origin": "https://other.example.com"},
        {"account": "somebody else"},
        {"max_tries": 1},
        {"cap": 499},
    ],
)
def test_a_replay_under_other_terms_is_refused(book: Book, terms: dict[str, str]) -> None:
    """Another origin, another key, tries used up, or no budget: it stays unknown."""
    lost(book)
    assert book.claim(replay=True, **terms).job is None
    assert book.job("a").state is State.UNKNOWN


@pytest.mark.parametrize(("hours", "sent"), [(22.9, True), (23.1, False), (-1, False)])
def test_a_replay_is_young_enough(book: Book, hours: float, sent: bool) -> None:  # noqa: FBT001
    """The provider keeps a key for 24 hours; a clock set back is no proof of youth."""
    lost(book)
    book.later(hours=hours)
    assert (book.claim(replay=True).job is not None) is sent


@pytest.mark.parametrize(
    "code", ["idempotency_key_reused", "idempotency_result_indeterminate", "adopted"]
)
def test_a_key_that_must_not_be_sent_again_is_not(book: Book, code: str) -> None:
    """What the provider said about a key is believed, and a key it never saw proves nothing."""
    book.sheet("a")
    book.record(book.take(), Event.LOST, error="unknown", error_code=code)
    assert book.claim(replay=True).kind is ClaimKind.EMPTY


def test_a_forgotten_task_is_never_replayed(book: Book) -> None:
    """An unknown that has a task id is not sent again: it was accepted once."""
    book.sheet("a")
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.FORGOTTEN, error="unknown", error_code="forgotten")
    assert book.claim(replay=True).kind is ClaimKind.EMPTY


def test_a_replay_not_due_yet_is_told_with_its_time(book: Book) -> None:
    """A replay that must wait lets queued rows go first, and is not taken for nothing."""
    book.sheet("a", "b")
    due = START + timedelta(seconds=20)
    book.record(book.take(), Event.LOST, not_before=due, error="unknown", error_code="timeout")
    assert book.take(replay=True).row_hash == "b"
    claim = book.claim(replay=True)
    assert (claim.kind, claim.not_before) == (ClaimKind.LATER, due)
    book.later(seconds=20)
    assert book.take(replay=True).row_hash == "a"


def test_released_by_the_user_is_a_new_attempt(book: Book) -> None:
    """Resent on the user's word: another key, and the row forgets the old task."""
    lost(book)
    freed = book.record(book.job("a"), Event.RELEASED, hold=0)
    assert (freed.state, freed.task_id) == (State.QUEUED, None)
    again = book.take(key="k2")
    assert (again.idempotency_key, again.attempt) == ("k2", 2)
