"""Error sentences for people: class: plain sentence. Charged or not. What to do."""

from __future__ import annotations

from batch_runner.core.failures import Failure
from batch_runner.core.language import joined, phrase, template
from batch_runner.core.outcomes import FetchKind, FetchOutcome, PollOutcome, SubmitOutcome

NOT_CHARGED = template("Not charged.")
MAYBE_CHARGED = template("It may have been charged.")
CHARGED = template("The video is paid.")

_CHANGE_CONTENT = template(
    "Change the prompt or the images: the same again would be refused ('batch-runner retry' leaves it out, unless with --same)."
)
_RESOLVE = template("It is never sent again by itself: settle it with 'batch-runner resolve'.")

_TASK_FAILED = {
    Failure.POLICY: (
        "content policy",
        template("the provider does not make this video: {said}"),
        _CHANGE_CONTENT,
    ),
    Failure.INPUT: (
        "bad input",
        template("the provider could not use what this row gives: {said}"),
        template(
            "Correct the row: the same again would fail ('batch-runner retry --same' tries it)."
        ),
    ),
    Failure.PASSING: (
        "failed",
        template("the provider could not make this video: {said}"),
        template("Change the row, or try once more with 'batch-runner retry'."),
    ),
}


def _cell(kind: str, sentence: str, charged: str, remedy: str) -> str:
    """An error cell; what kind it is of is English in every language: people filter by it."""
    return f"{kind}: {joined(sentence, charged, remedy)}"


def interrupted() -> str:
    """A row that was being sent when the run ended."""
    return _cell(
        "unknown",
        phrase(
            "the run ended while this row was being sent, so nobody knows whether it was accepted."
        ),
        phrase(MAYBE_CHARGED),
        phrase(
            "Look for it on the provider's console, then settle it with 'batch-runner resolve'."
        ),
    )


def withdrawn() -> str:
    """A row that somebody took out of a run."""
    return _cell(
        "withdrawn",
        phrase("it was taken out of the run before it was sent ('ctl cancel')."),
        phrase(NOT_CHARGED),
        phrase("The next run sends it; delete the row if it is not wanted."),
    )


def held() -> str:
    """A row that shows that it was sent, of which nothing is known."""
    return _cell(
        "unknown",
        phrase("this row shows that it was sent, but no ledger knows its task."),
        phrase(MAYBE_CHARGED),
        phrase("Settle it with 'batch-runner resolve'."),
    )


def failed_before() -> str:
    """A row that shows that it failed, of which nothing is known."""
    return _cell(
        "failed",
        phrase("this row shows that it failed in an earlier run, whose ledger is not here."),
        phrase(NOT_CHARGED),
        phrase("Try once more with 'batch-runner retry'."),
    )


def rejected(outcome: SubmitOutcome, kind: Failure) -> str:
    """A submit that was refused for good."""
    sentence = phrase(
        "the provider does not take this request: {said}", said=_said(outcome.message)
    )
    if kind is Failure.POLICY:
        return _cell("content policy", sentence, phrase(NOT_CHARGED), phrase(_CHANGE_CONTENT))
    return _cell(
        "rejected",
        sentence,
        phrase(NOT_CHARGED),
        phrase(
            "Correct the row (an edited row is a new job), or send the same again with 'batch-runner retry --same'."
        ),
    )


def picture_refused(called: str, message: str) -> str:
    """A picture that the provider does not take."""
    return _cell(
        "picture",
        phrase(
            "the provider does not take {picture}: {said}", picture=called, said=_said(message)
        ),
        phrase(NOT_CHARGED),
        phrase("Replace the picture and run again."),
    )


def picture_unusable(called: str, said: str) -> str:
    """A picture that cannot be uploaded."""
    return _cell(
        "picture", phrase("{what}: {why}", what=called, why=said), phrase(NOT_CHARGED), ""
    )


def lost(outcome: SubmitOutcome) -> str:
    """A submit of which nobody knows what became of it."""
    return _cell(
        "unknown",
        phrase(
            "the request was sent, but no clear answer came ({said}).",
            said=_said(outcome.message).rstrip(".。"),
        ),
        phrase(MAYBE_CHARGED),
        phrase(_RESOLVE),
    )


def deferred(outcome: SubmitOutcome) -> str:
    """A submit that was certainly not accepted; it will be sent again."""
    return _cell(
        "waiting",
        phrase("the provider did not take it yet: {said}", said=_said(outcome.message)),
        phrase(NOT_CHARGED),
        phrase("It is sent again by this run or the next."),
    )


def task_failed(outcome: PollOutcome, kind: Failure) -> str:
    """A task that the provider gave up."""
    word, sentence, remedy = _TASK_FAILED[kind]
    charged = (
        phrase("Charged {usd:g} USD.", usd=outcome.cost / 1e6)
        if outcome.cost
        else phrase(NOT_CHARGED)
    )
    return _cell(word, phrase(sentence, said=_said(outcome.message)), charged, phrase(remedy))


def redo_failed(error: str) -> str:
    """Another take of a row failed; the row shows the one before it."""
    return f"redo failed, the video before it stays: {error}"


def forgotten() -> str:
    """A task id that the provider does not know."""
    return _cell(
        "unknown",
        phrase(
            "the provider does not know this task id. Was it sent with another key or account?"
        ),
        phrase(MAYBE_CHARGED),
        phrase("Use the key it was sent with, or settle it with 'batch-runner resolve'."),
    )


def no_link() -> str:
    """A task that is done but has no video."""
    return _cell(
        "video missing",
        phrase("the provider says it is done but gives no link."),
        phrase(CHARGED),
        phrase("The next run asks again."),
    )


_NOT_SAVED = template("the download did not succeed{detail}.")
_FETCH_SENTENCES = {
    FetchKind.LINK_DEAD: template(
        "the link no longer works, and a fresh one did not either{detail}."
    ),
    FetchKind.DAMAGED: template("what came is not a whole video{detail}."),
    FetchKind.REFUSED: template(
        "the link leads to a private or local address, which is never fetched{detail}."
    ),
    FetchKind.UNAVAILABLE: _NOT_SAVED,
    FetchKind.STORAGE: template("it came, but could not be put where videos are kept{detail}."),
    FetchKind.DISK: template("the video cannot be stored on this machine{detail}."),
}


def video_missing(outcome: FetchOutcome) -> str:
    """A video that is paid but could not be had."""
    sentence = _FETCH_SENTENCES.get(outcome.kind, _NOT_SAVED)
    detail = phrase(" ({said})", said=outcome.message.rstrip(".")) if outcome.message else ""
    return _cell(
        "video not saved",
        phrase(sentence, detail=detail),
        phrase(CHARGED),
        phrase("The next run tries again."),
    )


def not_published(message: str) -> str:
    """A video that is stored, but could not be put where everybody can open it."""
    return _cell(
        "video not published",
        phrase(
            "it is stored, but could not be put where it is published ({said}).",
            said=message.rstrip(".。"),
        ),
        phrase(CHARGED),
        phrase("The next run tries again."),
    )


def sent_elsewhere(host: str) -> str:
    """A row that another computer sent, of which no task is known here (yet)."""
    return _cell(
        "unknown",
        phrase(
            "the computer {host!r} sent this row, and what became of it is not known here yet.",
            host=host,
        ),
        phrase(MAYBE_CHARGED),
        phrase(
            "Let the folder be synchronised and run again, or settle it with 'batch-runner resolve'."
        ),
    )


def given_up() -> str:
    """An unknown row that the user closed."""
    closed = phrase("closed by 'batch-runner resolve --give-up'.")
    return _cell("given up", closed, phrase(MAYBE_CHARGED), "")


def _said(message: str) -> str:
    text = message.strip() or phrase("it gave no reason")
    return text if text[-1] in ".!?。！？" else f"{text}."
