"""Error sentences for people: class: plain sentence. Charged or not. What to do."""

from __future__ import annotations

from batch_runner.core.failures import Failure
from batch_runner.core.outcomes import FetchKind, FetchOutcome, PollOutcome, SubmitOutcome

NOT_CHARGED = "Not charged."
MAYBE_CHARGED = "It may have been charged."
CHARGED = "The video is paid."

INTERRUPTED = (
    "unknown: the run ended while this row was being sent, so nobody knows whether it was "
    f"accepted. {MAYBE_CHARGED} Look for it on the provider's console, then settle it with "
    "'batch-runner resolve'."
)

WITHDRAWN = (
    "withdrawn: it was taken out of the run before it was sent ('ctl cancel'). Not charged. The "
    "next run sends it; delete the row if it is not wanted."
)

HELD = (
    "unknown: this row shows that it was sent, but no ledger knows its task. "
    f"{MAYBE_CHARGED} Settle it with 'batch-runner resolve'."
)

FAILED_BEFORE = (
    "failed: this row shows that it failed in an earlier run, whose ledger is not here. "
    f"{NOT_CHARGED} Try once more with 'batch-runner retry'."
)

_CHANGE_CONTENT = (
    "Change the prompt or the images: the same again would be refused ('batch-runner retry' leaves "
    "it out, unless with --same)."
)

_TASK_FAILED = {
    Failure.POLICY: (
        "content policy: the provider does not make this video:",
        _CHANGE_CONTENT,
    ),
    Failure.INPUT: (
        "bad input: the provider could not use what this row gives:",
        "Correct the row: the same again would fail ('batch-runner retry --same' tries it).",
    ),
    Failure.PASSING: (
        "failed: the provider could not make this video:",
        "Change the row, or try once more with 'batch-runner retry'.",
    ),
}

_RESOLVE = "It is never sent again by itself: settle it with 'batch-runner resolve'."


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counted_are(number: int, noun: str) -> str:
    """``1 row is``, ``2 rows are``."""
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'}"


def rejected(outcome: SubmitOutcome, kind: Failure) -> str:
    """A submit that was refused for good."""
    if kind is Failure.POLICY:
        return (
            f"content policy: the provider does not take this request: {_said(outcome.message)} "
            f"{NOT_CHARGED} {_CHANGE_CONTENT}"
        )
    return (
        f"rejected: the provider does not take this request: {_said(outcome.message)} "
        f"{NOT_CHARGED} Correct the row (an edited row is a new job), or send the same again with 'batch-runner retry --same'."
    )


def lost(outcome: SubmitOutcome) -> str:
    """A submit of which nobody knows what became of it."""
    return (
        f"unknown: the request was sent, but no clear answer came "
        f"({_said(outcome.message).rstrip('.')}). {MAYBE_CHARGED} {_RESOLVE}"
    )


def deferred(outcome: SubmitOutcome) -> str:
    """A submit that was certainly not accepted; it will be sent again."""
    return (
        f"waiting: the provider did not take it yet: {_said(outcome.message)} "
        f"{NOT_CHARGED} It is sent again by this run or the next."
    )


def task_failed(outcome: PollOutcome, kind: Failure) -> str:
    """A task that the provider gave up."""
    start, remedy = _TASK_FAILED[kind]
    charged = NOT_CHARGED if not outcome.cost else f"Charged {outcome.cost / 1e6:g} USD."
    return f"{start} {_said(outcome.message)} {charged} {remedy}"


def forgotten() -> str:
    """A task id that the provider does not know."""
    return (
        "unknown: the provider does not know this task id. Was it sent with another key or "
        f"account? {MAYBE_CHARGED} Use the key it was sent with, or settle it with "
        "'batch-runner resolve'."
    )


def no_link() -> str:
    """A task that is done but has no video."""
    return (
        "video missing: the provider says it is done but gives no link. "
        f"{CHARGED} The next run asks again."
    )


_FETCH_SENTENCES = {
    FetchKind.LINK_DEAD: "the link no longer works, and a fresh one did not either.",
    FetchKind.DAMAGED: "what came is not a whole video",
    FetchKind.REFUSED: "the link leads to a private or local address, which is never fetched",
    FetchKind.UNAVAILABLE: "the download did not succeed",
    FetchKind.DISK: "the video cannot be stored on this machine",
}


def video_missing(outcome: FetchOutcome) -> str:
    """A video that is paid but could not be had."""
    sentence = _FETCH_SENTENCES.get(outcome.kind, "the download did not succeed")
    detail = f" ({outcome.message.rstrip('.')})." if outcome.message else "."
    return f"video not saved: {sentence.rstrip('.')}{detail} {CHARGED} The next run tries again."


def sent_elsewhere(host: str) -> str:
    """A row that another computer sent, of which no task is known here (yet)."""
    return (
        f"unknown: the computer {host!r} sent this row, and what became of it is not known here "
        f"yet. {MAYBE_CHARGED} Let the folder be synchronised and run again, or settle it with "
        "'batch-runner resolve'."
    )


def given_up() -> str:
    """An unknown row that the user closed."""
    return f"given up: closed by 'batch-runner resolve --give-up'. {MAYBE_CHARGED}"


def _said(message: str) -> str:
    text = message.strip() or "it gave no reason"
    return text if text[-1] in ".!?。！？" else f"{text}."
