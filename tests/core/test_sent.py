"""What computers tell each other of the rows they send: lines, and what they mean together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.elsewhere import Here, Step, of_known, of_new, of_next
from batch_runner.core.lease import STALE, Lease, fresh, gives_way_to, others
from batch_runner.core.lifecycle import State
from batch_runner.core.sent import End, Line, Sent, fold, followed, from_text, to_text, untold

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def sent(key: str = "k", **more: object) -> Sent:
    """An intent."""
    told: dict[str, object] = {
        "key": key,
        "worksheet": "",
        "row_hash": "h",
        "row_key": None,
        "model": "m",
        "origin": "https://api.example.com",
        "hold": 5,
        "n": 1,
        "after": None,
        "at": 1.0,
        "host": "a",
    }
    return Sent(**{**told, **more})  # type: ignore[arg-type]


def here(state: State, **more: object) -> Here:
    """A job of this ledger."""
    told: dict[str, object] = {
        "job": 1,
        "attempt": 1,
        "key": "mine",
        "task_id": None,
        "published": False,
        "told": True,
        "row": 2,
        "worksheet": "",
    }
    return Here(state=state, **{**told, **more})  # type: ignore[arg-type]


END = End(
    at=9.0,
    failed=False,
    cost=400_000,
    url="https://example.com/a.mp4",
    expires_at=99.0,
    video_file="a.csv.batch/videos/2_h.mp4",
    video_size=7,
)


def lines(*outcomes: str) -> list[Line]:
    """An attempt's lines, a second apart: ``sent``, ``void``, ``end``, or a task id."""
    made = []
    for at, word in enumerate(outcomes, start=1):
        if word == "sent":
            made.append(Line(at=at, key="k", intent=sent(at=float(at))))
        elif word == "void":
            made.append(Line(at=at, key="k", void=True))
        elif word == "end":
            made.append(Line(at=at, key="k", end=END))
        else:
            made.append(Line(at=at, key="k", task_id=word))
    return made


@pytest.mark.parametrize(
    ("told", "task", "void"),
    [
        (["sent"], None, False),
        (["sent", "t1"], "t1", False),
        (["sent", "void"], None, True),
        (["sent", "void", "sent"], None, False),
        (["sent", "void", "sent", "t1"], "t1", False),
        (["sent", "t1", "void"], "t1", False),
        (["sent", "t1", "sent"], "t1", False),
    ],
)
def test_the_last_word_counts_and_a_task_stays(
    told: list[str],
    task: str | None,
    void: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Not accepted holds until it is sent again; what has a task was accepted."""
    made = fold(lines(*told))["k"]
    assert (made.task_id, made.void) == (task, void)


words = st.lists(st.sampled_from(["sent", "void", "t1", "end"]), max_size=6)


@settings(deadline=None)
@given(words, st.randoms(use_true_random=False), st.integers(0, 6))
def test_order_and_copies_of_files_do_not_matter(told: list[str], dice: object, cut: int) -> None:
    """Lines mean the same in whatever order files are read, conflict copies of them included."""
    written = lines("sent", *told)
    mixed = [*written, *written[:cut]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert fold(mixed) == fold(written)


@settings(deadline=None)
@given(words)
def test_a_line_is_read_as_it_was_written(told: list[str]) -> None:
    """To text and back, nothing is lost."""
    for line in lines("sent", *told):
        assert from_text(to_text(line)) == line


@settings(deadline=None)
@given(
    st.text()
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_what_is_no_line_is_passed_over(text: str) -> None:
    """Torn, foreign or hostile: never an error, never half a line."""
    assert from_text(text) is None


@pytest.mark.parametrize(
    "change",
    [
        {"at": float("nan")},
        {"at": -1},
        {"at": 1e12},
        {"hold": -5},
        {"hold": 1.5},
        {"n": 0},
        {"n": 10**15},
        {"sent": ""},
        {"sent": 7},
        {"row_hash": "\ud800"},
        {"origin": None},
    ],
)
def test_a_line_that_could_do_harm_is_passed_over(change: dict[str, object]) -> None:
    """Values that a ledger could not keep, or that would upset the order."""
    told = json.loads(to_text(lines("sent")[0])) | change
    assert from_text(json.dumps(told)) is None


@settings(deadline=None)
@given(words)
def test_all_is_told_once(told: list[str]) -> None:
    """What a ledger tells brings the files up to what it knows, and then there is no more to tell."""
    known = fold(lines("sent", *told))["k"]
    more = list(untold([known], {}, at=9.0))
    after = fold(more)
    if known.void:
        assert after == {}
    else:
        assert (after["k"].task_id, after["k"].void) == (known.task_id, known.void)
        assert list(untold([known], after, at=10.0)) == []


def test_what_changed_since_is_told() -> None:
    """An id found later, a send that was not accepted after all, and one more send of it."""
    before = fold(lines("sent"))
    assert [line.task_id for line in untold([sent(task_id="t1")], before, 9.0)] == ["t1"]
    assert [line.void for line in untold([sent(void=True)], before, 9.0)] == [True]
    voided = fold(lines("sent", "void"))
    assert [line.intent is not None for line in untold([sent()], voided, 9.0)] == [True]


def test_what_is_news_of_a_known_attempt() -> None:
    """An unknown one is linked or released, one being made is ended; others are not touched."""
    ended = sent(task_id="t", end=END)
    assert of_known(ended, here(State.RUNNING)) is Step.END
    assert of_known(ended, here(State.SUCCEEDED)) is None
    unknown = here(State.UNKNOWN)
    assert of_known(sent(), unknown) is None
    assert of_known(sent(task_id="t"), unknown) is Step.LINK
    assert of_known(sent(void=True), unknown) is Step.RELEASE
    for state in set(State) - {State.UNKNOWN}:
        assert of_known(sent(task_id="t"), here(state)) is None


def test_a_later_attempt_is_taken_whatever_is_known_of_the_one_before() -> None:
    """Else it would be tried once more here, too; never one that was not accepted."""
    for state in State:
        busy = state is State.SUBMITTING
        assert of_next(sent(), here(state)) is (None if busy else Step.TAKE)
        assert of_next(sent(void=True), here(state)) is None


def test_only_the_last_attempt_of_a_row_counts() -> None:
    """One that was tried once more is over; unless the try was not accepted."""
    first, second = sent("k1"), sent("k2", after="k1")
    assert followed([first, second]) == {"k1"}
    assert followed([first, replace(second, void=True)]) == frozenset()


def test_which_of_equal_rows_was_sent_elsewhere() -> None:
    """What the sheet vouches for, what waits, what was not sent after all, what failed; else twice."""
    waits = here(State.QUEUED, job=3, row=9, key=None, attempt=0)
    failed = here(State.FAILED, job=4, row=3)
    shown = here(State.UNKNOWN, job=5, row=8, key="adopted-5")
    mine = here(State.SUCCEEDED, job=6, row=2)
    lost = here(State.UNKNOWN, job=7, row=4)
    assert of_new(sent(), [mine, failed, waits, shown]) == (Step.NAME, shown)
    assert of_new(sent(), [mine, failed, waits]) == (Step.TAKE, waits)
    died = replace(lost, told=False)
    assert of_new(sent(), [mine, failed, died]) == (Step.TAKE, died)
    assert of_new(sent(), [mine, failed]) == (Step.TAKE, failed)
    assert of_new(sent(), [lost, mine]) == (Step.APART, mine)
    assert of_new(sent(), [here(State.SUCCEEDED, row=None)]) is None
    assert of_new(sent(void=True), [waits]) is None


def lease(machine: str, since: float = 0.0, beat: float = 0.0) -> Lease:
    """A computer's lease; minutes from noon."""
    return Lease(
        machine=machine * 16,
        host=machine,
        user="anna",
        since=NOON + timedelta(minutes=since),
        beat=NOON + timedelta(minutes=beat),
    )


def test_a_lease_goes_stale() -> None:
    """Ten minutes without a sign of life; a clock that is ahead is no proof of age."""
    assert fresh(lease("a"), NOON + STALE - timedelta(seconds=1))
    assert not fresh(lease("a"), NOON + STALE)
    assert fresh(lease("a", beat=60), NOON)


def test_exactly_one_of_two_goes_on() -> None:
    """Both see both leases and decide alike, whatever the times and names are."""
    for ours, theirs in ((lease("a", 1), lease("b", 2)), (lease("a"), lease("b"))):
        assert gives_way_to(ours, [theirs], NOON) is None
        assert gives_way_to(theirs, [ours], NOON) == ours
    assert gives_way_to(lease("b", 2, 60), [lease("a", 1, 0)], NOON + timedelta(hours=1)) is None


def test_the_last_word_of_each_other_computer() -> None:
    """One's own leases, conflict copies of them too, are none of another's."""
    told = [lease("a"), lease("b", beat=1), lease("b", beat=5), lease("a", beat=9)]
    assert others(told, "a" * 16) == {"b" * 16: told[2]}


@pytest.mark.parametrize(
    "change",
    [{"machine": "../../x"}, {"machine": ""}, {"beat": "2026-11-25T12:00:00"}, {"since": 4}],
)
def test_a_lease_that_is_none_is_passed_over(change: dict[str, object]) -> None:
    """An id that could be another file's name, a time without zone, or no time at all."""
    text = lease("a").to_text()
    assert Lease.from_text(text) == lease("a")
    assert Lease.from_text(json.dumps(json.loads(text) | change)) is None
    assert Lease.from_text(text[:20]) is None


def test_a_link_that_lasts_is_told_once_it_is_there() -> None:
    """Also where the end was told before; who has one keeps it, and who has none gets it."""
    lasting = replace(END, published="https://cdn.example.com/2_h.mp4")
    mine = sent(task_id="t1", end=lasting)
    known = fold(lines("sent", "t1", "end"))
    (line,) = untold([mine], known, 20.0)
    assert line.end == lasting
    assert from_text(to_text(line)) == line
    told = fold([*lines("sent", "t1", "end"), line])
    assert list(untold([mine], told, 30.0)) == []

    there = told["k"]
    assert of_known(there, here(State.SUCCEEDED, key="k")) is Step.LASTING
    assert of_known(there, here(State.SUCCEEDED, key="k", published=True)) is None
    assert of_known(known["k"], here(State.SUCCEEDED, key="k")) is None
    old = json.loads(to_text(line))
    del old["end"]["published"]  # as an earlier version wrote it
    assert from_text(json.dumps(old)) == replace(line, end=END)
