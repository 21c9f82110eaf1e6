"""What the answer to a look at a task means. Pure; never raises.

Facts: https://docs.apimart.ai/en/api-reference/tasks/status, and the shapes that clients of the
API have published. Looking again costs nothing, so whatever is unclear means: look again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from batch_runner.core.answer import (
    Answer,
    an_id,
    error_message,
    mapping,
    read_answer,
    text_of,
)
from batch_runner.core.dialect import APIMART, Dialect, found_at
from batch_runner.core.model import MICROS
from batch_runner.core.outcomes import PollKind, PollOutcome
from batch_runner.core.redact import told

MOST_MONEY = 1_000_000
"""US dollars; an amount beyond it is a mistake and is ignored."""

_BY_WORD = {
    **dict.fromkeys(("completed", "complete", "succeeded", "success"), PollKind.COMPLETED),
    **dict.fromkeys(("failed", "failure", "error", "cancelled", "canceled"), PollKind.FAILED),
}
_BY_STATUS = {
    401: PollKind.KEY_REFUSED,
    402: PollKind.NO_BALANCE,
    403: PollKind.KEY_REFUSED,
    429: PollKind.LIMITED,
}
_LINK_NAMES = ("videos", "video", "video_urls", "video_url", "urls", "url")
_NO_SUCH_TASK = re.compile(r"invalid task[ _]?id|task.*not[ _](found|exist)", re.IGNORECASE)
_PLAIN_LINK = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?=/)")  # as nearly all are
_NOT_IN_A_LINK = re.compile(r"[\x00-\x20\x7f-\xa0\ud800-\udfff]")


def read_poll(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str] = (),
    dialect: Dialect = APIMART,
) -> PollOutcome:
    """The meaning of an answer to ``GET /v1/tasks/{id}``; arguments as for a submit."""
    answer = read_answer(status, headers, body, now=now, secrets=secrets)
    task = _task(answer, dialect)
    if task is not None:
        return _of_task(answer, task, secrets, dialect)
    return PollOutcome(
        kind=_kind(answer),
        code=answer.code,
        message=answer.message,
        retry_after=answer.retry_after,
        http_status=status,
        request_id=answer.request_id,
        raw=answer.raw,
    )


def _task(answer: Answer, dialect: Dialect) -> Mapping[str, Any] | None:
    """The task that an answer describes, if it does.

    An error beside it, or a status word at the root without an id, may speak of the look and
    not of the task: nothing is called failed by that.
    """
    if not answer.ok or answer.fault is not None:
        return None
    document = mapping(answer.document)
    data: Any = document.get("data")
    task = mapping(data[0] if isinstance(data, list) and data else data)
    if not task and (an_id(document.get("id")) or an_id(document.get("task_id"))):
        task = document
    task = {**task, **_translated(document, dialect)}
    return task if isinstance(task.get("status"), str) and task["status"].strip() else None


def _translated(document: Mapping[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    """What a service says under names of its own, under APIMart's."""
    found: dict[str, Any] = {}
    for name in ("status", "error"):
        values = found_at(document, getattr(dialect, name))
        if values:
            found[name] = values[0]
    urls = found_at(document, dialect.url)
    if urls:
        found["video_urls"] = list(urls)
    cost = next(
        (n for v in found_at(document, dialect.cost) if (n := number_of(v)) is not None), None
    )
    if cost is not None:
        found["cost"] = cost / dialect.cost_per_usd
    return found


def _kind(answer: Answer) -> PollKind:
    """The meaning of an answer that describes no task."""
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status]
    said = f"{answer.fault.code} {answer.fault.message}" if answer.fault is not None else ""
    # A page without JSON under 404 comes from something in between, not from the API.
    gone = answer.status == 404 and answer.fault is not None
    if gone or (answer.status == 400 and _NO_SUCH_TASK.search(said)):
        return PollKind.NOT_FOUND
    return PollKind.UNAVAILABLE


def _of_task(
    answer: Answer, task: Mapping[str, Any], secrets: Sequence[str], dialect: Dialect
) -> PollOutcome:
    word = task["status"].strip().lower()
    result = task.get("result")
    kind = _kind_of(word, dialect)
    failed = kind is PollKind.FAILED
    return PollOutcome(
        kind=kind,
        status=told(task["status"], secrets, 40),
        progress=_progress(task.get("progress")),
        urls=tuple(dict.fromkeys((*_links(result), *_links(_link_fields(task))))),
        thumbnail=next(_links(mapping(result).get("thumbnail_url")), None),
        expires_at=_expiry(result, task),
        cost=cost_of(task),
        estimated_time=_seconds(task.get("estimated_time")),
        actual_time=_seconds(task.get("actual_time")),
        code=_failure_code(task, word, secrets) if failed else "",
        message=_failure_message(task, word, secrets) if failed else "",
        retry_after=answer.retry_after,
        http_status=answer.http_status,
        request_id=answer.request_id,
        raw=answer.raw,
    )


def _kind_of(word: str, dialect: Dialect) -> PollKind:
    if word in dialect.completed:
        return PollKind.COMPLETED
    if word in dialect.failed:
        return PollKind.FAILED
    return _BY_WORD.get(word, PollKind.PENDING)  # a word nobody knows: keep looking


def _failure_code(task: Mapping[str, Any], word: str, secrets: Sequence[str]) -> str:
    """A stable word for a failure: the task's own code if it has one, else its status."""
    error = mapping(task.get("error"))
    for name in ("code", "type"):
        found = an_id(error.get(name))
        if found and not found.isdecimal():
            return told(found, secrets, 64)
    return "cancelled" if word.startswith("cancel") else "task_failed"


def _failure_message(task: Mapping[str, Any], word: str, secrets: Sequence[str]) -> str:
    for name in ("error", "fail_reason", "message"):
        message = error_message(task.get(name), secrets)
        if message:
            return message
    return f"the task is {word} and no reason is given" if word.startswith("cancel") else ""


def _link_fields(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Links that stand beside the result instead of in it."""
    return {name: task[name] for name in ("video_url", "video_urls") if name in task}


def _links(value: Any, depth: int = 6) -> Iterator[str]:
    """Every web link in a text, a list or an object of the known names; in order."""
    if isinstance(value, str):
        link = value.strip()
        if _is_web_link(link):
            yield link
    elif depth and isinstance(value, list):
        for item in value:
            yield from _links(item, depth - 1)
    elif depth and isinstance(value, dict):
        for name in _LINK_NAMES:
            if name in value:
                yield from _links(value[name], depth - 1)


def _is_web_link(link: str) -> bool:
    if len(link) > 8192 or _NOT_IN_A_LINK.search(link):
        return False
    if _PLAIN_LINK.match(link):
        return True
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _expiry(result: Any, task: Mapping[str, Any]) -> datetime | None:
    """When the links die: said beside each video, the result, or the task."""
    videos: Any = mapping(result).get("videos")
    places = videos if isinstance(videos, list) else [videos]
    for place in (*places, result, task):
        found = _time(mapping(place).get("expires_at"))
        if found is not None:
            return found
    return None


def _time(value: Any) -> datetime | None:
    """A moment given as unix seconds (or milliseconds), or as ISO 8601 (without zone: UTC)."""
    number = number_of(value)
    try:
        if number is not None:
            seconds = number / 1000 if number > 100_000_000_000 else number
            return datetime.fromtimestamp(float(seconds), UTC) if seconds > 0 else None
        moment = datetime.fromisoformat(text_of(value))
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError, OSError, ArithmeticError):
        return None


def cost_of(task: Mapping[str, Any]) -> int | None:
    """Micro-dollars charged: ``cost`` in dollars, else ``credits_cost``, ten to the dollar."""
    cost = micros(task.get("cost"))
    return cost if cost is not None else micros(task.get("credits_cost"), per_dollar=10)


def micros(value: Any, per_dollar: int = 1) -> int | None:
    """An amount as whole micro-dollars; ``None`` for what is none, negative or absurd."""
    number = number_of(value)
    if number is None or not 0 <= number <= MOST_MONEY * per_dollar:
        return None
    return round(number * MICROS / per_dollar)


def number_of(value: Any) -> Decimal | None:
    """A JSON number, or a text that is one, if it is finite."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _seconds(value: Any) -> float | None:
    number = number_of(value)
    seconds = -1.0 if number is None else float(number)
    return seconds if seconds >= 0 and math.isfinite(seconds) else None


def _progress(value: Any) -> int | None:
    """Percent from 0 to 100; ``35``, ``"35"`` and ``"35%"`` are understood."""
    number = number_of(value.rstrip("% ") if isinstance(value, str) else value)
    return None if number is None else int(min(Decimal(100), max(Decimal(0), number)))
