"""What happened to a row, in plain words: for ``-v`` while it happens, for ``status --row`` after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batch_runner.cli.words import visible

_WORDS: Mapping[str, str] = {
    "claimed": "being sent",
    "accepted": "accepted",
    "deferred": "not accepted, to be sent again",
    "rejected": "refused for good",
    "lost": "no clear answer: nobody knows whether it was accepted",
    "adopted": "taken up again by its task id",
    "released": "settled: it was not accepted",
    "given_up": "given up",
    "ready": "made",
    "finished": "made; not downloaded, as was wished",
    "task_failed": "failed at the provider",
    "forgotten": "the provider does not know its task",
    "stored": "downloaded",
    "unobtainable": "made and paid, but the video cannot be had now",
    "refetched": "the video is tried for again",
    "retried": "to be made anew",
    "redone": "another take is asked for",
    "kept": "the take before stands",
    "invalidated": "invalid",
    "mended": "no longer invalid",
    "skipped": "left out",
    "admitted": "no longer left out",
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
    text = str(told.get("error") or _WORDS.get(event, event))
    if event in {"accepted", "adopted"} and ids and told.get("task_id"):
        text += f" as {told['task_id']}"
    if event == "stored" and told.get("video_file"):
        text += f": {told['video_file']}"
    more = list(_more(event, told, ids=ids))
    return visible(f"{text} ({', '.join(more)})" if more else text)


def _more(event: str, told: Mapping[str, Any], *, ids: bool) -> Iterator[str]:
    if told.get("seconds") is not None:
        yield f"after {told['seconds']:.1f} s"
    if event in {"ready", "finished", "task_failed"} and told.get("cost_usd") is not None:
        yield f"${told['cost_usd']:.2f} charged" if told["cost_usd"] else "nothing charged"
    if told.get("http_status") and not 200 <= told["http_status"] < 300:
        yield f"HTTP {told['http_status']}"
    if ids and told.get("request_id"):
        yield f"request id {told['request_id']}"
