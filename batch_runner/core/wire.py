"""The provider's answers as typed outcomes: the three readers in one place.

Each takes an HTTP status, headers and bytes, and never raises: what makes no sense becomes the
outcome that is safe then (a submit: unknown; a look: unavailable).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from batch_runner.core.answer import mapping, read_answer, retry_after
from batch_runner.core.outcomes import Balance
from batch_runner.core.wire_poll import micros, read_poll
from batch_runner.core.wire_submit import cut_short, read_submit

__all__ = ["cut_short", "read_balance", "read_poll", "read_submit", "retry_after"]


def read_balance(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str] = (),
) -> Balance:
    """The meaning of an answer to ``GET /v1/balance``; arguments as for a submit.

    ``remain_balance`` is -1 for keys without a limit; ``remain_credits`` are ten to the dollar
    (https://docs.apimart.ai/en/api-reference/account/token-balance).
    """
    answer = read_answer(status, headers, body, now=now, secrets=secrets)
    document = mapping(answer.document)
    if answer.status in {401, 403}:
        return Balance(remaining=None, key_refused=True, message=answer.message)
    if answer.status == 402:
        return Balance(remaining=0, message=answer.message)
    if answer.status in {502, 503, 504}:
        # A gateway answers, not the service: it is as good as absent.
        return Balance(remaining=None, reachable=False, message=answer.message)
    if not answer.ok or answer.fault is not None or not document:
        return Balance(remaining=None, message=answer.message)
    if document.get("unlimited_quota") is True:
        return Balance(remaining=None, unlimited=True)
    remaining = micros(document.get("remain_balance"))
    if remaining is None:
        remaining = micros(document.get("remain_credits"), per_dollar=10)
    message = "" if remaining is not None else "the answer names no balance"
    return Balance(remaining=remaining, message=message)
