"""What the answer to a question about usage means. Pure; never raises.

Facts: https://docs.apimart.ai/en/api-reference/account/usage: failed and refunded calls are left
out, tasks are booked when they are completed, answers may be a minute old, and
``usage_unavailable`` (503) does not mean zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_runner.core.answer import mapping, read_answer
from batch_runner.core.wire_poll import number_of

LONGEST = timedelta(days=31)
"""The longest span that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was charged within a span."""

    videos: int | None  # None: not told
    message: str = ""  # why nothing is known, if so


def read_usage(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str] = (),
) -> Usage:
    """The meaning of an answer to ``GET /v1/usage``; arguments as for a submit."""
    answer = read_answer(status, headers, body, now=now, secrets=secrets)
    document = mapping(answer.document)
    items = document.get("items", mapping(document.get("data")).get("items"))
    if not answer.ok or answer.fault is not None:
        return Usage(videos=None, message=answer.message)
    if not isinstance(items, list):
        return Usage(videos=None, message="the answer names no usage")
    counts = [number_of(mapping(item).get("requests")) for item in items]
    known = [int(count) for count in counts if count is not None and count >= 0]
    if len(known) < len(counts):
        return Usage(videos=None, message="the answer names no number of requests")
    return Usage(videos=sum(known))
