"""What happened to a row, in plain words: for ``-v`` while it happens, for ``status --row`` after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batch_runner.cli.words import visible
from batch_runner.core.language import phrase, series, template

_WORDS: Mapping[str, str] = {
    "claimed": template("being sent"),
    "accepted": template("accepted"),
    "deferred": template("not accepted, to be sent again"),
    "rejected": template("refused for good"),
    "lost": template("no clear answer: nobody knows whether it was accepted"),
    "adopted": template("taken up again by its task id"),
    "released": template("settled: it was not accepted"),
    "given_up": template("given up"),
    "ready": template("made"),
    "finished": template("made; not downloaded, as was wished"),
    "task_failed": template("failed at the provider"),
    "forgotten": template("the provider does not know its task"),
    "stored": template("downloaded"),
    "unobtainable": template("made and paid, but the video cannot be had now"),
    "published": template("published"),
    "unpublished": template("the video could not be published"),
    "refetched": template("the video is tried for again"),
    "retried": template("to be made anew"),
    "redone": template("another take is asked for"),
    "kept": template("the take before stands"),
    "invalidated": template("invalid"),
    "mended": template("no longer invalid"),
    "skipped": template("left out"),
    "admitted": template("no longer left out"),
}
_OUTLINE = frozenset(
    {
        "accepted",
        "finished",
        "forgotten",
        "given_up",
        "lost",
        "rejected",
        "stored",
        "task_failed",
        "unobtainable",
        "unpublished",
    }
)
"""What ``-v`` tells; ``-vv`` tells all."""


def is_outline(event: str) -> bool:
    """Whether an event matters to whoever only wants the outline."""
    return event in _OUTLINE


def event_words(event: str, told: Mapping[str, Any], *, ids: bool = True) -> str:
    """One event as a phrase: ``accepted as task_1 (after 1.2 s, request id req_7)``.

    Args:
        event: its name in the ledger and the log.
        told: what was kept of it, by the names of the log.
        ids: whether the names that the provider gave are told, too.
    """
    known = _WORDS.get(event)
    text = str(told.get("error") or (phrase(known) if known else event))
    if event in {"accepted", "adopted"} and ids and told.get("task_id"):
        text = phrase("{what} as {task}", what=text, task=told["task_id"])
    if event == "stored" and told.get("video_file"):
        text += f": {told['video_file']}"
    if event == "published" and told.get("published"):
        text += f": {told['published']}"
    more = list(_more(event, told, ids=ids))
    return visible(phrase("{what} ({more})", what=text, more=series(more)) if more else text)


def _more(event: str, told: Mapping[str, Any], *, ids: bool) -> Iterator[str]:
    if told.get("seconds") is not None:
        yield phrase("after {seconds:.1f} s", seconds=told["seconds"])
    if event in {"ready", "finished", "task_failed"} and told.get("cost_usd") is not None:
        cost = told["cost_usd"]
        yield phrase("${usd:.2f} charged", usd=cost) if cost else phrase("nothing charged")
    if told.get("http_status") and not 200 <= told["http_status"] < 300:
        yield f"HTTP {told['http_status']}"
    if ids and told.get("request_id"):
        yield phrase("request id {request}", request=told["request_id"])
