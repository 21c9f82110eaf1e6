"""What the answer to the upload of a picture means. Pure; never raises.

Facts: https://docs.apimart.ai/en/api-reference/uploads/images: the link stands at the root of the
answer; what is wrong with a picture is said under 400 or 413.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from batch_runner.core.answer import Answer, mapping, read_answer
from batch_runner.core.outcomes import UploadKind, UploadOutcome

_BY_STATUS = {
    401: UploadKind.KEY_REFUSED,
    402: UploadKind.NO_BALANCE,
    403: UploadKind.KEY_REFUSED,
    429: UploadKind.LIMITED,
    400: UploadKind.REFUSED,
    413: UploadKind.REFUSED,
    415: UploadKind.REFUSED,
    422: UploadKind.REFUSED,
}
_NO_SUCH_PLACE = frozenset({404, 405})
_GATEWAY = frozenset({502, 503, 504})  # it answers, not the service
_LONGEST_LINK = 4000  # characters


def read_upload(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str] = (),
) -> UploadOutcome:
    """The meaning of an answer to ``POST /v1/uploads/images``; arguments as for a submit."""
    answer = read_answer(status, headers, body, now=now, secrets=secrets)
    if answer.ok and answer.fault is None:
        link = _link(answer)
        if link:
            return UploadOutcome(kind=UploadKind.DONE, link=link)
        return UploadOutcome(kind=UploadKind.UNAVAILABLE, message="the answer names no link")
    if answer.status in _NO_SUCH_PLACE:
        message = f"this service takes no uploads (HTTP {answer.status})"
        return UploadOutcome(kind=UploadKind.UNAVAILABLE, message=message)
    return UploadOutcome(
        kind=_BY_STATUS.get(answer.status, UploadKind.UNAVAILABLE),
        message=answer.message,
        retry_after=answer.retry_after,
        reachable=answer.status not in _GATEWAY,
    )


def _link(answer: Answer) -> str:
    """The link, where it is documented or was seen; "" if it is none that a request can name."""
    document = mapping(answer.document)
    for place in (document, mapping(document.get("data"))):
        link = place.get("url")
        if isinstance(link, str) and len(link) <= _LONGEST_LINK and _is_web_address(link):
            return link
    return ""


def _is_web_address(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
