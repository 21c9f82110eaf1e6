"""Rows in: the ledger follows the sheet, and nothing that was sent is lost or bought again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from batch_runner.core.identity import Basis
from batch_runner.core.jobs import Adoption, ClaimKind
from batch_runner.core.lifecycle import Event, State
from tests.ledger.conftest import spec
from tests.ledger.spooled import spooled

if TYPE_CHECKING:
    from tests.ledger.conftest import Book


def test_enrolling_twice_changes_nothing(book: Book) -> None:
    """The same rows are the same jobs, with no word in the history."""
    rows = [
        spec(2, "a"),
        spec(3, "b", wanted=False),
        spec(4, "c", body=None, problem="no", problem_code="x"),
    ]
    first = book.enrol(rows)
    jobs = [book.job(text) for text in "abc"]
    assert book.enrol(rows) == first
    assert [book.job(text) for text in "abc"] == jobs
    assert [job.state for job in jobs] == [State.QUEUED, State.SKIPPED, State.INVALID]
    assert all(book.do(book.ledger.story(job.id)) == [] for job in jobs)


def test_rows_follow_the_sheet_and_keep_their_jobs(book: Book) -> None:
    """Sorted and inserted rows are found again; finished ones are not queued again."""
    before = book.sheet("a", "b")
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.FINISHED, urls=("u",), cost=1, hold=1)
    after = book.sheet("new", "b", "a")
    assert (after[3], after[4]) == (before[3], before[2])
    assert book.job("a").state is State.SUCCEEDED
    assert [book.take().row_hash, book.take().row_hash] == ["new", "b"]


def test_an_edited_row_is_a_new_job_and_the_old_keeps_its_cost(book: Book) -> None:
    """What was paid for the row before stays in the ledger, without a line."""
    book.sheet("a")
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.sheet("a edited")
    assert book.job("a").row is None
    assert [job.task_id for job in book.do(book.ledger.open_jobs())] == ["t1"]
    done = book.record(job, Event.FINISHED, urls=("u",), cost=300, hold=300)
    assert done.state is State.SUCCEEDED
    totals = book.do(book.ledger.totals())
    assert (totals.rows, totals.cost, totals.states) == (1, 300, {"queued": 1})
    book.sheet("a")  # the edit is taken back
    assert book.claim().kind is ClaimKind.EMPTY


def test_a_deleted_row_is_not_sent_any_more(book: Book) -> None:
    """Queued jobs of rows that left the sheet are not claimed, before or during a run."""
    book.sheet("a", "b")
    book.sheet("b", midway=True)
    assert book.take().row_hash == "b"
    assert book.claim().kind is ClaimKind.EMPTY


def test_midway_new_rows_wait_and_edited_ones_are_replaced(book: Book) -> None:
    """An edit of a waiting row counts at once, a row never seen before joins the next run."""
    book.sheet("a", "b")
    book.sheet("a", "b edited", "new", midway=True)
    book.sheet("a", "b edited", "new", midway=True)  # saved once more
    assert [book.take().row_hash, book.take().row_hash] == ["a", "b edited"]
    assert book.claim().kind is ClaimKind.EMPTY
    book.sheet("a", "b edited", "new")
    assert book.take().row_hash == "new"


def test_midway_an_edit_of_a_sent_row_buys_nothing(book: Book) -> None:
    """The row that stands where one is being made joins the next run."""
    book.sheet("a")
    book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.sheet("a edited", midway=True)
    assert book.claim().kind is ClaimKind.EMPTY


def test_midway_saving_the_sheet_lets_nothing_in_that_was_left_out(book: Book) -> None:
    """Rows held back by a limit stay out of this run however often the sheet is saved."""
    placed = book.sheet("a", "b")
    book.do(book.ledger.hold_back([placed[3]]))
    book.sheet("b", "a", midway=True)
    book.sheet("b edited", "a", midway=True)
    assert book.take().row_hash == "a"
    assert book.claim().kind is ClaimKind.EMPTY


def test_what_is_wrong_is_kept_in_the_words_of_the_last_reading(book: Book) -> None:
    """A sentence in another language replaces the one before, without being news."""
    wrong: dict[str, Any] = {"body": None, "problem_code": "x"}
    book.enrol([spec(2, "a", **wrong, problem="too long")])
    book.enrol([spec(2, "a", **wrong, problem="太长")])
    assert book.job("a").error == "太长"
    assert book.do(book.ledger.story(book.job("a").id)) == []


def test_what_waits_follows_the_rules_and_the_filter(book: Book) -> None:
    """Waiting jobs become invalid, mended, skipped and admitted; sent ones never do."""
    book.sheet("sent", "a")
    book.record(book.take(), Event.ACCEPTED, task_id="t1")
    wrong: dict[str, Any] = {"body": None, "problem": "no", "problem_code": "x"}
    steps: list[tuple[dict[str, Any], State]] = [
        (wrong, State.INVALID),
        (wrong | {"problem": "the same in other words"}, State.INVALID),
        (wrong | {"problem": "worse", "problem_code": "y"}, State.INVALID),
        ({"wanted": False}, State.SKIPPED),
        ({"wanted": False}, State.SKIPPED),
        ({}, State.QUEUED),
        ({"wanted": False}, State.SKIPPED),
        (wrong, State.INVALID),
        ({}, State.QUEUED),
    ]
    for change, state in steps:
        book.enrol([spec(2, "sent", **change), spec(3, "a", **change)])
        assert book.job("a").state is state
        assert book.job("sent").state is State.RUNNING
    events = [entry.event for entry in book.do(book.ledger.story(book.job("a").id))]
    assert events == [
        "invalidated",
        "invalidated",
        "mended",
        "skipped",
        "admitted",
        "skipped",
        "invalidated",
        "mended",
    ]


def test_changed_settings_make_no_finished_row_run_again(book: Book) -> None:
    """Another request for a finished row is only told as a difference."""
    book.sheet("a")
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.FINISHED, urls=("u",), cost=1, hold=1)
    book.enrol([spec(2, "a", body=b"now 1080p")])
    assert book.claim().kind is ClaimKind.EMPTY
    assert [job.row_hash for job in book.do(book.ledger.differing())] == ["a"]


def test_keys_are_taken_over_once_and_then_tell_rows_apart(book: Book) -> None:
    """Key switched on later: the jobs are found by their former hash and re-keyed."""
    placed = book.sheet("a")
    plain = spec(2, "a with key")
    identity = replace(plain.identity, former_hash="a", key="k1")
    assert book.enrol([replace(plain, identity=identity)]) == placed
    assert book.job("a with key").key == "k1"
    another = replace(plain, identity=replace(identity, former_hash=None, key="k2"))
    assert book.enrol([another]) != placed


def test_the_basis_and_our_columns_are_remembered(book: Book) -> None:
    """What a worksheet was hashed by and which columns are ours is kept; renaming keeps it."""
    book.sheet("a")
    ledger = book.ledger
    scope, _ = book.do(ledger.scope("", Basis(columns={}, headers=())))
    book.do(ledger.save_out_columns(scope, {"status": "batch_status"}))
    book.do(ledger.rename_scope(scope, "Campaign"))
    assert book.do(ledger.scopes()) == {"Campaign": scope}
    assert book.do(ledger.out_columns(scope)) == {"status": "batch_status"}
    remembered = book.do(ledger.memory("Campaign"))
    assert remembered is not None
    assert remembered[0].headers == ("prompt",)
    assert book.do(ledger.memory("other")) is None


def test_rows_can_be_found_before_they_are_enrolled(book: Book) -> None:
    """A plan sees which rows are which jobs without changing anything."""
    placed = book.sheet("a", "b")
    rows = spooled([spec(7, "b"), spec(8, "new")])
    assert book.do(book.ledger.place("", rows)) == 1
    assert dict(rows.jobs()) == {7: placed[3]}
    assert book.do(book.ledger.place("never seen", rows)) == 0
    assert dict(rows.jobs()) == {}
    assert book.job("b").row == 3


def test_results_without_a_ledger_are_adopted_not_bought(book: Book) -> None:
    """A task id is looked at, a doubtful row is held, a failed one stays failed."""
    book.enrol(
        [
            book.adopted(2, "linked", Adoption.LINK, "t9"),
            book.adopted(3, "held", Adoption.HOLD),
            book.adopted(4, "failed", Adoption.FAILED),
        ]
    )
    states = [book.job(text).state for text in ("linked", "held", "failed")]
    assert states == [State.RUNNING, State.UNKNOWN, State.FAILED]
    assert book.job("linked").task_id == "t9"
    assert book.claim(replay=True).kind is ClaimKind.EMPTY
    assert book.held() == 1000
    assert [job.task_id for job in book.do(book.ledger.open_jobs())] == ["t9"]
    assert book.do(book.ledger.task_ids()) == {"t9"}
    assert book.do(book.ledger.count_sent(["linked", "held", "failed", "other"])) == 2


def test_a_copied_row_is_not_adopted(book: Book) -> None:
    """A row that was copied with a task id that a job has already asks for its own video."""
    book.enrol([book.adopted(2, "a", Adoption.LINK, "t9")])
    book.enrol(
        [book.adopted(2, "a", Adoption.LINK, "t9"), book.adopted(3, "a", Adoption.LINK, "t9")]
    )
    assert book.take().row == 3


def test_totals_add_up(book: Book) -> None:
    """States as shown, the known cost, what is held, and what is still to come."""
    book.enrol([*(spec(n, f"row {n}") for n in range(2, 6)), spec(6, "bad", body=None)])
    one = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(one, Event.FINISHED, urls=("u",), cost=200, hold=200)
    book.take()
    totals = book.do(book.ledger.totals())
    assert totals.states == {"succeeded": 1, "running": 1, "queued": 2, "invalid": 1}
    assert (totals.rows, totals.cost, totals.held, totals.estimated) == (5, 200, 700, 1000)
    assert totals.new_troubles == 1


def test_failures_are_news_until_a_run_finished(book: Book) -> None:
    """What a finished run has told counts no more; what happens later does."""
    book.sheet("a", "b")
    run = book.start()
    book.record(book.take(), Event.REJECTED, hold=0)
    book.do(book.ledger.finish_run(run, book.at, 3))
    assert book.do(book.ledger.totals()).new_troubles == 1
    run = book.start()
    book.do(book.ledger.finish_run(run, book.at, 1))
    assert book.do(book.ledger.totals()).new_troubles == 0
    book.record(book.take(), Event.REJECTED, hold=0)
    assert book.do(book.ledger.totals()).new_troubles == 1


def test_runs_are_recorded(book: Book) -> None:
    """The newest run is known with its heartbeat; a dead one is closed by the next."""
    assert book.do(book.ledger.last_run()) is None
    first = book.start()
    book.later(minutes=1)
    book.do(book.ledger.beat(first, book.at))
    beat = book.do(book.ledger.last_run())
    assert beat is not None
    assert (beat.id, beat.beat_at, beat.ended_at) == (first, book.at, None)
    second = book.start()
    book.do(book.ledger.finish_run(second, book.at, 0))
    last = book.do(book.ledger.last_run())
    assert last is not None
    assert (last.id, last.exit, last.host, last.pid) == (second, 0, "here", 1)


def test_task_times_are_learned_by_model(book: Book) -> None:
    """Durations are given sorted, for the model that was really sent."""
    book.sheet("a", "b")
    for seconds in (90.0, 60.0):
        job = book.record(book.take(), Event.ACCEPTED, task_id=f"t{seconds}")
        book.record(job, Event.FINISHED, urls=("u",), duration=seconds)
    assert book.do(book.ledger.durations("viduq3")) == [60.0, 90.0]
    assert book.do(book.ledger.durations("other")) == []
    assert book.do(book.ledger.origins()) == {book.terms.origin}
