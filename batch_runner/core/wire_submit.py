"""What the answer to a submit means. Pure; never raises.

The question is always the same: is it certain that nothing was accepted? Only then may a row be
sent again, or be called rejected. Facts: https://docs.apimart.ai (the video pages' error tables,
the idempotency notes of the versioned pages).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from batch_runner.core.answer import Answer, Fault, an_id, mapping, read_answer
from batch_runner.core.dialect import APIMART, Dialect, found_at
from batch_runner.core.outcomes import SubmitKind, SubmitOutcome

_NO_FAULT = Fault()
_BY_STATUS = {
    401: SubmitKind.KEY_REFUSED,
    402: SubmitKind.NO_BALANCE,
    403: SubmitKind.KEY_REFUSED,
    429: SubmitKind.LIMITED,
}
_STATUS_SAYS_ENOUGH = frozenset({SubmitKind.ACCEPTED, *_BY_STATUS.values()})
_NO_SUCH_PLACE = frozenset({404, 405})
_ABOUT_THE_REQUEST = frozenset({400, 404, 405, 413, 414, 415, 422, 431})
_PARAMETER_ERROR = re.compile(r"\binvalid\b.*\ballowed\b", re.IGNORECASE)


def read_submit(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str] = (),
    dialect: Dialect = APIMART,
) -> SubmitOutcome:
    """The meaning of an answer to ``POST /v1/videos/generations``.

    Args:
        status: the HTTP status.
        headers: the answer's headers, in any case.
        body: its bytes.
        now: the time it came (aware).
        secrets: what must not survive in any text of the outcome.
        dialect: where the service says its task's id.
    """
    answer = read_answer(status, headers, body, now=now, secrets=secrets)
    task_id = _task_id(answer, dialect)
    kind = SubmitKind.ACCEPTED if task_id is not None else _kind(answer)
    return SubmitOutcome(
        kind=kind,
        task_id=task_id,
        code="" if task_id is not None else _code(answer),
        message="" if task_id is not None else _message(answer),
        retry_after=answer.retry_after,
        http_status=status,
        request_id=answer.request_id,
        replayed=answer.headers.get("idempotency-replayed", "").strip().lower() == "true",
        raw=answer.raw,
    )


def _task_id(answer: Answer, dialect: Dialect) -> str | None:
    """The task's id, in any of the places where it is documented or was seen.

    A task id under a success counts even beside an error: the task can be looked at for free,
    and a paid task must not be lost. A bare ``id`` at the root then may be the error's own.
    """
    if not answer.ok:
        return None
    document = mapping(answer.document)
    data: Any = document.get("data")
    tasks = [mapping(item) for item in data] if isinstance(data, list) else [mapping(data)]
    places = [*found_at(answer.document, dialect.task_id)]
    places += [task.get(name) for task in tasks for name in ("task_id", "id")]
    places.append(document.get("task_id"))
    if answer.fault is None:
        places.append(document.get("id"))
    return next((found for place in places if (found := an_id(place))), None)


def _kind(answer: Answer) -> SubmitKind:
    fault = answer.fault or _NO_FAULT
    status = answer.status
    if status == 403 and fault.code == "insufficient_user_quota":
        return SubmitKind.NO_BALANCE  # how other services of the same software say 402
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if _did_not_run(status, fault):
        return SubmitKind.UNAVAILABLE
    if fault.code == "idempotency_in_progress" and status == 409:
        return SubmitKind.IN_PROGRESS
    if status in _ABOUT_THE_REQUEST or _could_not_be_built(status, fault):
        return SubmitKind.REJECTED
    # Redirects, 408, 5xx, a success without a task: something may have been accepted.
    return SubmitKind.UNKNOWN


def _did_not_run(status: int, fault: Fault) -> bool:
    """Whether the provider itself says that it did not run the request, for a passing reason."""
    if status in _NO_SUCH_PLACE and not fault.message and not fault.code:
        return True  # a page of some other server: a wrong origin, a network's login page
    if fault.code == "get_channel_failed":
        return True  # no upstream was found to give it to; seen under 400
    if fault.code == "bad_response_status_code":
        return 400 <= status < 500  # seen under 422; under 5xx the upstream may have it
    own_503 = fault.code == "idempotency_unavailable" or fault.type == "service_unavailable"
    return status == 503 and own_503


def _could_not_be_built(status: int, fault: Fault) -> bool:
    """A parameter error under 500: permanent, and nothing was sent on (gpt-image-2 page)."""
    if "build_request_failed" in (fault.code, fault.message.partition(":")[0].strip()):
        return True
    return status == 500 and _PARAMETER_ERROR.search(fault.message) is not None


def _code(answer: Answer) -> str:
    if answer.ok and answer.fault is None:
        return "unreadable_answer" if answer.document is None else "no_task_id"
    return answer.code


def _message(answer: Answer) -> str:
    if answer.ok and answer.fault is None:
        what = "cannot be read" if answer.document is None else "names no task"
        return f"the answer (HTTP {answer.http_status}) {what}"
    return answer.message


def cut_short(outcome: SubmitOutcome) -> SubmitOutcome:
    """The meaning of an answer whose end is missing: only what is certain without it."""
    if outcome.kind in _STATUS_SAYS_ENOUGH:
        return outcome
    return replace(
        outcome,
        kind=SubmitKind.UNKNOWN,
        code="answer_cut",
        message=f"the answer (HTTP {outcome.http_status}) broke off",
    )
