"""The money path in the ledger: what may be sent, when, under which key, and at what price."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import ClaimKind
from batch_runner.core.lifecycle import Event, IllegalTransitionError, State
from tests.ledger.conftest import START, spec

if TYPE_CHECKING:
    from tests.ledger.conftest import Book


def test_a_claim_makes_the_intent_durable(book: Book) -> None:
    """Bytes, key, origin, account and time are on disk before the job is handed out."""
    book.sheet("a")
    job = book.take(key="k1")
    book.reopen()
    assert book.job("a").state is State.SUBMITTING
    (attempt,) = book.do(book.ledger.attempts(job.id))
    assert (attempt.key, attempt.body, attempt.origin, attempt.account) == (
        "k1",
        b"a",
        book.terms.origin,
        "me",
    )
    assert attempt.first_sent_at == START
    assert (job.body, job.idempotency_key, job.attempt, job.tries) == (b"a", "k1", 1, 1)


def test_rows_are_claimed_in_the_order_of_the_sheet_and_once(book: Book) -> None:
    """No job is handed out twice; at the end there is nothing."""
    book.sheet("c", "a", "b")
    assert [book.take().row_hash for _ in range(3)] == ["c", "a", "b"]
    assert book.claim().kind is ClaimKind.EMPTY


def test_what_must_not_be_sent_is_not_claimed(book: Book) -> None:
    """Invalid, filtered, held back, and gone rows are never handed out."""
    placed = book.enrol(
        [
            spec(2, "invalid", body=None, problem="no", problem_code="x"),
            spec(3, "filtered", wanted=False),
            spec(4, "held"),
            spec(5, "gone"),
        ]
    )
    book.do(book.ledger.hold_back([placed[4]]))
    book.enrol([spec(4, "held", wanted=False)])
    assert book.claim().kind is ClaimKind.EMPTY


def test_a_queued_row_that_became_invalid_has_nothing_to_send(book: Book) -> None:
    """A row whose task failed after a rule changed is queued without bytes and not claimed."""
    book.sheet("a")
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.enrol([spec(2, "a", body=None, problem="no longer allowed", problem_code="x")])
    book.record(job, Event.TASK_FAILED, hold=0)
    book.record(job, Event.RETRIED)
    assert book.claim().kind is ClaimKind.EMPTY
    book.enrol([spec(2, "a", body=None, problem="no longer allowed", problem_code="x")])
    assert book.job("a").state is State.INVALID


def test_a_deferred_job_waits_for_its_time_and_keeps_its_key(book: Book) -> None:
    """Not before the time named; then the same attempt, key and bytes."""
    book.sheet("a")
    first = book.take(key="k1")
    due = START + timedelta(seconds=30)
    book.record(first, Event.DEFERRED, not_before=due, hold=0)
    claim = book.claim()
    assert (claim.kind, claim.not_before) == (ClaimKind.LATER, due)
    book.later(seconds=30)
    again = book.take(key="k2")
    assert (again.idempotency_key, again.attempt, again.tries) == ("k1", 1, 2)
    assert book.held() == 500


def test_a_ready_row_goes_before_one_that_must_wait(book: Book) -> None:
    """One row's pause does not stop the others."""
    book.sheet("a", "b")
    book.record(book.take(), Event.DEFERRED, not_before=START + timedelta(hours=1), hold=0)
    assert book.take().row_hash == "b"


@pytest.mark.parametrize(
    "changed", [{"origin": "https://other.example.com"}, {"account": "somebody else"}]
)
def test_another_origin_or_account_is_another_attempt(book: Book, changed: dict[str, str]) -> None:
    """A key is only sent again where, and by whom, it was sent before."""
    book.sheet("a")
    book.record(book.take(key="k1"), Event.DEFERRED, hold=0)
    again = book.take(key="k2", **changed)
    assert (again.idempotency_key, again.attempt) == ("k2", 2)


def test_another_request_is_another_attempt(book: Book) -> None:
    """A changed default is sent under a key of its own, and the first attempt keeps its bytes."""
    book.sheet("a")
    book.record(book.take(key="k1"), Event.DEFERRED, hold=0)
    book.enrol([spec(2, "a", body=b"changed")])
    again = book.take(key="k2")
    assert (again.body, again.idempotency_key, again.attempt) == (b"changed", "k2", 2)
    assert [a.body for a in book.do(book.ledger.attempts(again.id))] == [b"a", b"changed"]


def test_an_old_key_is_not_used_again(book: Book) -> None:
    """After the provider forgot the key, a new attempt has a new one."""
    book.sheet("a")
    book.record(book.take(key="k1"), Event.DEFERRED, hold=0)
    book.later(hours=24)
    assert book.take(key="k2").idempotency_key == "k2"


def test_tries_are_bounded_within_a_run(book: Book) -> None:
    """After so many sends a row waits for the next run, which counts anew."""
    book.sheet("a")
    book.record(book.take(max_tries=1), Event.DEFERRED, hold=0)
    assert book.claim(max_tries=1).kind is ClaimKind.EMPTY
    book.start()
    assert book.take(max_tries=1).tries == 1


def test_the_budget_counts_reservations_and_charges(book: Book) -> None:
    """A claim that could overshoot is refused; what turns out cheaper makes room again."""
    book.sheet("a", "b", "c")
    first = book.take(cap=1000)
    book.take(cap=1000)
    assert book.claim(cap=1000).kind is ClaimKind.OVER_BUDGET
    first = book.record(first, Event.ACCEPTED, task_id="t1")
    book.record(first, Event.READY, urls=("u",), cost=300, hold=300)
    assert book.held() == 800
    assert book.claim(cap=1000).kind is ClaimKind.OVER_BUDGET
    assert book.claim(cap=1299).kind is ClaimKind.OVER_BUDGET
    assert book.take(cap=1300).row_hash == "c"


def test_unknown_keeps_its_reservation_and_certainty_ends_it(book: Book) -> None:
    """A lost answer may be paid; a rejected one is not."""
    book.sheet("a", "b")
    book.record(book.take(), Event.LOST, error="unknown", error_code="timeout")
    assert book.held() == 500
    book.record(book.take(), Event.REJECTED, hold=0)
    assert book.held() == 500


def test_an_answer_for_a_former_attempt_is_refused(book: Book) -> None:
    """What belongs to an attempt that is over changes nothing."""
    book.sheet("a")
    first = book.take()
    book.record(first, Event.REJECTED, hold=0)
    book.record(first, Event.RETRIED)
    book.take()
    with pytest.raises(LedgerError) as told:
        book.record(first, Event.ACCEPTED, task_id="t1")
    assert told.value.code == "stale_attempt"
    assert book.job("a").state is State.SUBMITTING


def test_events_out_of_order_are_refused_whole(book: Book) -> None:
    """An event that cannot happen leaves no trace, neither in the job nor in the history."""
    book.sheet("a")
    job = book.take()
    before = (book.job("a"), book.do(book.ledger.story(job.id)))
    for event in (Event.READY, Event.STORED, Event.TASK_FAILED, Event.CLAIMED, Event.RETRIED):
        with pytest.raises(IllegalTransitionError):
            book.record(job, event, task_id="t9", hold=0)
    assert (book.job("a"), book.do(book.ledger.story(job.id))) == before


def test_a_new_attempt_does_not_show_the_results_of_the_last(book: Book) -> None:
    """Bought again, the old video is shown until the new task is accepted, then its own."""
    book.sheet("a")
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.READY, urls=("u1",), cost=300, hold=300)
    book.record(job, Event.STORED, video_file="v1.mp4")
    again = book.record(job, Event.RETRIED)
    assert (again.video_file, again.task_id) == ("v1.mp4", None)
    second = book.record(book.take(), Event.ACCEPTED, task_id="t2")
    assert (second.video_file, second.urls, second.task_id) == (None, (), "t2")
    assert second.cost == 300
    assert book.held() == 800
    book.record(second, Event.UNOBTAINABLE, error="video missing", error_code="video_missing")
    assert [job.task_id for job in book.do(book.ledger.without_video())] == ["t2"]
    files = [a.video_file for a in book.do(book.ledger.attempts(job.id))]
    assert files == ["v1.mp4", None]


def test_a_run_that_died_leaves_unknowns(book: Book) -> None:
    """What was being sent when the last run died is unknown; what was accepted is not."""
    book.sheet("a", "b", "c")
    book.start()
    book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.take()
    book.reopen()
    book.start()
    assert [book.job(text).state for text in "abc"] == [
        State.RUNNING,
        State.UNKNOWN,
        State.QUEUED,
    ]
    job = book.job("b")
    assert job.error_code == "interrupted"
    assert book.do(book.ledger.story(job.id))[-1].event == "lost"
    assert book.held() == 1000
    assert [job.row_hash for job in book.do(book.ledger.unknown_jobs())] == ["b"]
    assert [job.task_id for job in book.do(book.ledger.open_jobs())] == ["t1"]


def test_the_history_tells_all_that_happened(book: Book) -> None:
    """Each event is kept, in order, with what it brought."""
    book.sheet("a")
    run = book.start()
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1", request_id="req-1")
    book.record(job, Event.READY, urls=("u",), cost=300, hold=300, raw="{}")
    book.record(job, Event.STORED, video_file="v.mp4", video_size=9)
    story = book.do(book.ledger.story(job.id))
    assert [(entry.event, entry.state) for entry in story] == [
        ("claimed", "submitting"),
        ("accepted", "running"),
        ("ready", "fetching"),
        ("stored", "succeeded"),
    ]
    assert {entry.run for entry in story} == {run}
    assert story[1].detail == {"task_id": "t1", "request_id": "req-1"}
    done = book.job("a")
    assert (done.video_file, done.cost, done.urls) == ("v.mp4", 300, ("u",))
    assert book.do(book.ledger.owner_of_file("v")) == job.id
    assert book.do(book.ledger.owner_of_file("v.mp")) is None


def test_a_key_stands_for_one_attempt_only(book: Book) -> None:
    """The same idempotency key can never be given to two attempts."""
    book.sheet("a", "b")
    book.take(key="k1")
    with pytest.raises(LedgerError):
        book.claim(key="k1")
    assert book.job("b").state is State.QUEUED
