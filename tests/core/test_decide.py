"""What an answer means for a job, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core import again, decide, expect, wording
from batch_runner.core.decide import Policy
from batch_runner.core.fetching import FETCH_TRIES, WORTH_A_TRY, Fetching, after_fetch, kept
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import TRANSITIONS, Event, State
from batch_runner.core.outcomes import (
    FetchKind,
    FetchOutcome,
    Kept,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
JOB = Job(
    id=1,
    scope=1,
    row=2,
    key=None,
    row_hash="a" * 64,
    state=State.SUBMITTING,
    model="viduq3",
    attempt=1,
    tries=1,
    task_id=None,
)
RUNNING = replace(JOB, state=State.RUNNING, task_id="task_1")
FETCHING = replace(RUNNING, state=State.FETCHING, urls=("https://v/1",))
K = SubmitKind


def submitted(kind: SubmitKind, **more: object) -> SubmitOutcome:
    """An answer to a POST."""
    task = "task_1" if kind is K.ACCEPTED else None
    return replace(SubmitOutcome(kind=kind, task_id=task, message="as told"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (K.ACCEPTED, Event.ACCEPTED),
        (K.LIMITED, Event.DEFERRED),
        (K.NO_BALANCE, Event.DEFERRED),
        (K.KEY_REFUSED, Event.DEFERRED),
        (K.NOT_SENT, Event.DEFERRED),
        (K.UNAVAILABLE, Event.DEFERRED),
        (K.REJECTED, Event.REJECTED),
        (K.IN_PROGRESS, Event.LOST),
        (K.UNKNOWN, Event.LOST),
    ],
)
def test_each_answer_to_a_submit_has_its_event(kind: SubmitKind, event: Event) -> None:
    """Certainly not accepted goes back or fails; all that is not certain is lost."""
    change = decide.after_submit(JOB, submitted(kind), Policy(), NOW, 0.0)
    assert change.event is event
    assert (State.SUBMITTING, event) in TRANSITIONS


@pytest.mark.parametrize("kind", SubmitKind)
def test_a_refused_replay_proves_nothing(kind: SubmitKind) -> None:
    """Of a job that may be accepted already, only an accepted or replayed answer is certain."""
    job = replace(JOB, replay=True)
    change = decide.after_submit(job, submitted(kind), Policy(replay=True), NOW, 0.0)
    assert change.event is (Event.ACCEPTED if kind is K.ACCEPTED else Event.LOST)
    assert change.hold is None
    replayed = submitted(kind, replayed=True)
    change = decide.after_submit(job, replayed, Policy(replay=True), NOW, 0.0)
    if kind is K.REJECTED:
        assert change.event is Event.REJECTED


@given(kind=st.sampled_from(SubmitKind), replay=st.booleans(), replayed=st.booleans())
def test_money_is_released_only_when_certainly_not_accepted(
    *, kind: SubmitKind, replay: bool, replayed: bool
) -> None:
    """The reservation ends with deferred and rejected and stays with everything else."""
    job = replace(JOB, replay=replay)
    change = decide.after_submit(job, submitted(kind, replayed=replayed), Policy(), NOW, 0.0)
    assert (change.hold == 0) == (change.event in {Event.DEFERRED, Event.REJECTED})
    assert (change.task_id is not None) == (change.event is Event.ACCEPTED)
    assert bool(change.error) == (change.event is not Event.ACCEPTED)


def test_accepted_without_an_id_is_lost() -> None:
    """A task that nobody can name is not called accepted."""
    answer = submitted(K.ACCEPTED, task_id=None)
    assert decide.after_submit(JOB, answer, Policy(), NOW, 0.0).event is Event.LOST


def test_a_503_is_held_if_the_user_says_so() -> None:
    """retry.on_503: hold makes the provider's own 503 unknown; resend sends it again."""
    answer = submitted(K.UNAVAILABLE, http_status=503)
    hold = Policy(resend_503=False)
    assert decide.after_submit(JOB, answer, hold, NOW, 0.0).event is Event.LOST
    assert decide.after_submit(JOB, answer, Policy(), NOW, 0.0).event is Event.DEFERRED
    other = submitted(K.UNAVAILABLE, http_status=400, code="get_channel_failed")
    assert decide.after_submit(JOB, other, hold, NOW, 0.0).event is Event.DEFERRED


@given(st.floats(0, 1), st.floats(0, 3600), st.integers(1, 20))
def test_a_job_is_not_sent_again_before_the_time_named(
    jitter: float, retry_after: float, tries: int
) -> None:
    """Retry-After holds for the job itself, too; without one the distance grows."""
    job = replace(JOB, tries=tries)
    answer = submitted(K.LIMITED, retry_after=retry_after)
    named = decide.after_submit(job, answer, Policy(), NOW, jitter).not_before
    assert named is not None
    assert named >= NOW + timedelta(seconds=retry_after)
    bare = decide.after_submit(job, submitted(K.NOT_SENT), Policy(), NOW, jitter).not_before
    assert bare is not None
    assert bare >= NOW + timedelta(seconds=1)


def test_a_bare_429_says_nothing_of_one_job() -> None:
    """All submits wait after it; the job itself may be the next that is sent."""
    change = decide.after_submit(JOB, submitted(K.LIMITED), Policy(), NOW, 0.5)
    assert (change.event, change.not_before) == (Event.DEFERRED, NOW)


def test_a_claim_given_back_is_queued_but_a_replay_stays_unknown() -> None:
    """What was not sent is free again, unless an earlier send of it may have been accepted."""
    fresh = decide.not_sent(JOB, NOW)
    assert (fresh.event, fresh.hold) == (Event.DEFERRED, 0)
    again = decide.not_sent(replace(JOB, replay=True), NOW)
    assert (again.event, again.hold) == (Event.LOST, None)
    assert again.error == wording.interrupted()


@pytest.mark.parametrize(
    ("job", "answer", "in_vain", "event"),
    [
        (RUNNING, PollOutcome(kind=PollKind.PENDING), 0, None),
        (RUNNING, PollOutcome(kind=PollKind.LIMITED), 0, None),
        (RUNNING, PollOutcome(kind=PollKind.NO_BALANCE), 0, None),
        (RUNNING, PollOutcome(kind=PollKind.KEY_REFUSED), 0, None),
        (RUNNING, PollOutcome(kind=PollKind.UNAVAILABLE), 0, None),
        (RUNNING, PollOutcome(kind=PollKind.COMPLETED, urls=("u",)), 1, Event.READY),
        (RUNNING, PollOutcome(kind=PollKind.COMPLETED), 3, None),
        (RUNNING, PollOutcome(kind=PollKind.COMPLETED), 4, Event.UNOBTAINABLE),
        (RUNNING, PollOutcome(kind=PollKind.FAILED), 0, Event.TASK_FAILED),
        (RUNNING, PollOutcome(kind=PollKind.NOT_FOUND), 3, None),
        (RUNNING, PollOutcome(kind=PollKind.NOT_FOUND), 4, Event.FORGOTTEN),
        (FETCHING, PollOutcome(kind=PollKind.NOT_FOUND), 4, Event.UNOBTAINABLE),
        (FETCHING, PollOutcome(kind=PollKind.COMPLETED, urls=("u",)), 1, Event.READY),
        (FETCHING, PollOutcome(kind=PollKind.FAILED), 0, Event.TASK_FAILED),
    ],
)
def test_each_look_has_its_event(
    job: Job, answer: PollOutcome, in_vain: int, event: Event | None
) -> None:
    """A task ends only by what the provider says of it; all else is looked at again."""
    change = decide.after_poll(job, answer, Policy(), NOW, in_vain)
    assert (change.event if change else None) is event
    if event is not None:
        assert (job.state, event) in TRANSITIONS


def test_without_downloads_a_done_task_is_finished() -> None:
    """The link is the result where no video is to be fetched."""
    done = PollOutcome(kind=PollKind.COMPLETED, urls=("u",), cost=5)
    change = decide.after_poll(RUNNING, done, Policy(download=False), NOW, 1)
    assert change is not None
    assert (change.event, change.urls, change.cost, change.hold) == (Event.FINISHED, ("u",), 5, 5)


@given(st.sampled_from(PollKind), st.one_of(st.none(), st.integers(0, 10**7)), st.integers(4, 9))
def test_the_reservation_is_settled_by_what_was_charged(
    kind: PollKind, cost: int | None, in_vain: int
) -> None:
    """A cost settles; none given keeps the reservation, but of a failed task it ends it."""
    answer = PollOutcome(kind=kind, cost=cost, urls=("u",))
    change = decide.after_poll(RUNNING, answer, Policy(), NOW, in_vain)
    if change is None:
        return
    if change.event is Event.TASK_FAILED:
        assert change.hold == (cost or 0)
    elif change.event is Event.FORGOTTEN:
        assert change.hold is None
    else:
        assert change.hold == cost


def test_a_failed_task_tells_whether_it_was_charged() -> None:
    """The error cell names the class, the reason and the money."""
    free = decide.after_poll(
        RUNNING, PollOutcome(kind=PollKind.FAILED, message="nsfw"), Policy(), NOW, 0
    )
    paid = decide.after_poll(RUNNING, PollOutcome(kind=PollKind.FAILED, cost=10), Policy(), NOW, 0)
    assert free is not None
    assert paid is not None
    assert free.error is not None
    assert free.error.startswith("content policy: ")
    assert "Not charged." in free.error
    assert paid.error is not None
    assert "Charged 1e-05 USD." in paid.error


def test_a_new_attempt_only_as_often_as_settled_and_only_for_rows_in_the_sheet() -> None:
    """retry.failed_tasks bounds the attempts; a row that left the sheet gets none."""
    twice = Policy(failed_tasks=2)
    assert [again.should_retry(replace(JOB, attempt=n), twice) for n in (1, 2, 3)] == [
        True,
        True,
        False,
    ]
    assert not again.should_retry(JOB, Policy())
    assert not again.should_retry(replace(JOB, row=None), twice)
    assert again.retried(JOB, NOW).event is Event.RETRIED


def test_a_saved_video_is_stored_and_clears_the_error() -> None:
    """Name, size and hash are kept."""
    came = FetchOutcome(kind=FetchKind.SAVED, size=9)
    change = kept(FETCHING, came, Kept(name="s3://v/1.mp4", sha256="ab"), NOW)
    assert change.event is Event.STORED
    assert (change.video_file, change.video_size) == ("s3://v/1.mp4", 9)
    assert (change.video_sha256, change.error) == ("ab", "")


def test_a_video_that_came_and_is_not_kept_is_tried_again() -> None:
    """It is paid, and its row succeeded, without a file."""
    came = FetchOutcome(kind=FetchKind.SAVED, size=9)
    change = kept(FETCHING, came, Kept(trouble="no bucket"), NOW)
    assert (change.event, change.error_code) == (Event.UNOBTAINABLE, "video_storage")
    assert change.video_file is None
    assert "no bucket" in (change.error or "")


@pytest.mark.parametrize("kind", [kind for kind in FetchKind if kind is not FetchKind.SAVED])
def test_every_download_ends(kind: FetchKind) -> None:
    """Whatever fails and however often, at last the row is succeeded with a video error."""
    so_far, steps = Fetching(tries=0, fresh_links=0), 0
    while True:
        so_far = replace(so_far, tries=so_far.tries + 1)
        step = after_fetch(FETCHING, FetchOutcome(kind=kind), NOW, so_far, 1.0)
        steps += 1
        assert steps < 20
        if step.change is not None:
            break
        so_far = so_far.fresh() if step.fresh_link else so_far
        assert step.fresh_link or step.delay > 0
    assert step.change.event is Event.UNOBTAINABLE
    assert step.change.error_code == f"video_{kind}"
    assert step.change.hold is None
    assert step.change.error is not None
    assert "The video is paid." in step.change.error


@given(gains=st.lists(st.integers(0, 2 * WORTH_A_TRY), max_size=40))
def test_a_download_that_gets_on_may_break_off_again_and_again(gains: list[int]) -> None:
    """Tries in vain are counted in a row; what was had before by another try is no progress."""
    so_far, size, in_vain = Fetching(), 0, 0
    for gain in gains:
        size += gain
        won = size - so_far.had >= WORTH_A_TRY
        in_vain = 0 if won else in_vain + 1
        cut = FetchOutcome(kind=FetchKind.DAMAGED, size=size)
        so_far = so_far.after(cut)
        step = after_fetch(FETCHING, cut, NOW, so_far, 0.0)
        assert (step.change is None) == (in_vain < FETCH_TRIES)
        again = so_far.after(cut)
        assert again.tries == so_far.tries + 1


@given(
    looks=st.integers(0, 1000),
    last_delay=st.floats(0, 1000),
    last_no=st.floats(0, 1e6),
    since=st.floats(0, 1e4),
    learned=st.lists(st.floats(0, 1e7), max_size=30).map(sorted),
    urgent=st.booleans(),
)
def test_looks_are_neither_hasty_nor_late(
    looks: int,
    last_delay: float,
    last_no: float,
    since: float,
    learned: list[float],
    urgent: bool,  # noqa: FBT001
) -> None:
    """The first look comes within half the deadline, the others within the bounds of poll."""
    policy = Policy()
    look = decide.Look(
        looks=looks,
        last_delay=last_delay,
        elapsed=last_no + since,
        last_no=last_no,
        learned=learned,
        estimated=None,
        urgent=urgent,
    )
    delay = decide.next_look(look, policy)
    if looks:
        assert policy.poll_min <= delay <= policy.poll_max
    else:
        assert 0 <= delay <= policy.task_deadline / 2
        if len(learned) < expect.ENOUGH:
            assert delay <= policy.poll_first


@given(st.floats(0.01, 1e5), st.floats(0, 1e5))
def test_an_estimate_that_proved_right_is_waited_for(estimated: float, elapsed: float) -> None:
    """A look comes when the task is said to be done, or within half the deadline."""
    look = decide.Look(
        looks=1, last_delay=1.0, elapsed=elapsed, last_no=0.0, learned=(), estimated=estimated
    )
    delay = decide.next_look(look, Policy())
    if elapsed < estimated:
        assert delay == min(estimated - elapsed, Policy().task_deadline / 2)
    else:
        assert Policy().poll_min <= delay <= Policy().poll_max


def test_tasks_that_all_take_the_same_are_looked_at_once() -> None:
    """Where the times of a model hardly differ, the first look comes when its task is over."""
    look = decide.Look(
        looks=0,
        last_delay=0.0,
        elapsed=0.0,
        last_no=0.0,
        learned=[90.0 + n / 100 for n in range(50)],
        estimated=None,
    )
    assert 90.4 <= decide.next_look(look, Policy()) <= 91.0
