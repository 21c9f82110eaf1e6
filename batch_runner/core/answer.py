"""One HTTP answer of the provider, taken apart: JSON, error, ids, times, whatever its shape.

Pure, and never raises: bytes that make no sense come out as an answer without a document. What
an answer means for a submit, a poll or the balance stands in the modules beside this one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from batch_runner.core.redact import told

MESSAGE_LIMIT = 300
"""Characters of a message that people see."""

RAW_LIMIT = 2000
"""Characters of an answer that are kept for ``status --row``."""

LONGEST_WAIT = 3600.0
"""Seconds that a ``Retry-After`` may ask for at most; more is taken for a mistake."""

HEADERS_READ = ("retry-after", "x-oneapi-request-id", "x-request-id", "idempotency-replayed")
"""The headers of an answer that mean anything here."""

_OK_CODES = frozenset({"", "0", "200", "201", "202", "ok", "success"})
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,9})?")
_REQUEST_ID = re.compile(r"request id:\s*([A-Za-z0-9._-]{1,128})", re.IGNORECASE)
_ID = re.compile(r"[\x21-\x7e]{1,256}")

# The documented words and sentences of section 2 of the API's error model
# (https://docs.apimart.ai), for answers that bring no usable number.
_TYPE_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "payment_required": 402,
    "permission_error": 403,
    "rate_limit_error": 429,
    "server_error": 500,
    "bad_gateway": 502,
    "service_unavailable": 503,
}
_CODE_STATUS = {
    "idempotency_in_progress": 409,
    "idempotency_key_reused": 409,
    "idempotency_result_indeterminate": 409,
    "idempotency_unavailable": 503,
}
_MESSAGE_STATUS = (
    ("invalid request parameters", 400),
    ("invalid task id", 400),
    ("invalid authentication credentials", 401),
    ("invalid api key", 401),
    ("insufficient balance", 402),
    ("rate limit exceeded", 429),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The error an answer carries."""

    code: str = ""  # the API's own: a word, a number, or nothing
    type: str = ""
    message: str = ""  # redacted, one line

    @property
    def word(self) -> str:
        """A stable word for it: the code, else the type; empty when both say nothing."""
        return next((text for text in (self.code, self.type) if _WORD.fullmatch(text)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of one HTTP answer before anybody judges it."""

    http_status: int
    headers: Mapping[str, str]  # lower-case names
    document: Any  # the JSON; None when there is none
    fault: Fault | None  # None: it reports no error
    retry_after: float | None  # seconds
    request_id: str | None
    raw: str  # excerpt, redacted

    @property
    def ok(self) -> bool:
        """Whether HTTP calls it a success; the body may still say otherwise."""
        return 200 <= self.http_status < 300

    @property
    def status(self) -> int:
        """The status that counts: HTTP's own, or what an error under a success stands for.

        Zero when an error came under a success and nothing says which.
        """
        if not self.ok or self.fault is None:
            return self.http_status
        return _meant_status(self.fault)

    @property
    def code(self) -> str:
        """A stable word for what went wrong."""
        word = self.fault.word if self.fault is not None else ""
        return word or f"http_{self.status or self.http_status}"

    @property
    def message(self) -> str:
        """What went wrong, as a line for people."""
        if self.fault is not None and self.fault.message:
            return self.fault.message
        try:
            phrase = f"HTTP {self.http_status} {HTTPStatus(self.http_status).phrase}"
        except ValueError:
            phrase = f"HTTP {self.http_status}"
        return phrase if self.document is not None else f"{phrase}, not in the API's form"


def read_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str] = (),
) -> Answer:
    """Take an answer apart.

    Args:
        status: the HTTP status.
        headers: the answer's headers, in any case.
        body: its bytes, possibly cut short.
        now: the time it came, for a ``Retry-After`` that is a date.
        secrets: what must not survive in any text of it.
    """
    text = body.decode("utf-8-sig", "replace")
    document = parse(text)
    lowered = {name.lower(): value for name, value in headers.items()}
    fault = _fault(document, status, secrets)
    return Answer(
        http_status=status,
        headers=lowered,
        document=document,
        fault=fault,
        retry_after=retry_after(lowered, now),
        request_id=_request_id(lowered, document, fault, secrets),
        raw=told(text, secrets, RAW_LIMIT),
    )


def parse(text: str) -> Any:
    """The JSON document in ``text``, or ``None``; also from an event stream's first ``data:``.

    Fractions come as ``Decimal``, so that money stays exact. Numbers beyond all bounds and NaN
    become ``None`` instead of spoiling the rest.
    """
    text = text.strip()
    if text.startswith("data:"):
        text = text.splitlines()[0].removeprefix("data:")
    try:
        return _JSON.decode(text)
    except (ValueError, RecursionError):  # not JSON, or nested too deep to be meant
        return None


def _fraction(digits: str) -> Decimal | None:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond all bounds
        return None


_JSON = json.JSONDecoder(
    parse_float=_fraction,
    parse_int=lambda digits: int(digits) if len(digits) <= 30 else None,
    parse_constant=lambda _: None,
)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3), ``None`` without one.

    Args:
        headers: with lower-case names.
        now: the present, for the form that is a date.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if _NUMBER.fullmatch(value):
        return min(LONGEST_WAIT, max(0.0, float(value)))
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(LONGEST_WAIT, max(0.0, (date - now).total_seconds()))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """A JSON text or whole number as text, blanks around it gone; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def an_id(value: Any) -> str | None:
    """A value that can be an id: printable ASCII without blanks, as ids in URLs must be."""
    text = text_of(value)
    return text if _ID.fullmatch(text) else None


def _fault(document: Any, status: int, secrets: Sequence[str]) -> Fault | None:
    """The error in a document: an ``error`` object or text, or a code that is no success."""
    outer = mapping(document)
    error = outer.get("error")
    if isinstance(error, str) and error.strip():
        inner: Mapping[str, Any] = {"message": error}
    else:
        inner = mapping(error)
    success = 200 <= status < 300
    code = text_of(outer.get("code"))
    refused = code.lower() not in _OK_CODES or outer.get("success") is False
    if not inner and success and not refused:
        return None
    if not inner and not outer:
        return None  # an error page, or nothing at all: the status says what there is to say
    return Fault(
        code=told(text_of(inner.get("code")) or code, secrets, 64),
        type=told(text_of(inner.get("type")) or text_of(outer.get("type")), secrets, 64),
        message=told(_message(inner) or _message(outer), secrets, MESSAGE_LIMIT),
    )


def _message(error: Mapping[str, Any]) -> str:
    """An error's message; one level of JSON stuffed into it is unwrapped."""
    text = next(
        (said for name in ("message", "msg", "detail") if (said := text_of(error.get(name)))), ""
    )
    if text.startswith("{"):
        wrapped = mapping(parse(text))
        inner = wrapped.get("error")
        return text_of(inner) or text_of(mapping(inner or wrapped).get("message")) or text
    return text


def error_message(error: Any, secrets: Sequence[str]) -> str:
    """The line for people in an error that is text or an object."""
    as_object = {"message": error} if isinstance(error, str) else mapping(error)
    return told(_message(as_object), secrets, MESSAGE_LIMIT)


def _meant_status(fault: Fault) -> int:
    """The HTTP status that an error under a success stands for; 0 when nothing says."""
    if fault.code.isdecimal() and 400 <= int(fault.code) < 600:
        return int(fault.code)
    said = fault.message.lower()
    return (
        _CODE_STATUS.get(fault.code)
        or _TYPE_STATUS.get(fault.type)
        or _TYPE_STATUS.get(fault.code)
        or next((status for start, status in _MESSAGE_STATUS if said.startswith(start)), 0)
    )


def _request_id(
    headers: Mapping[str, str], document: Any, fault: Fault | None, secrets: Sequence[str]
) -> str | None:
    """What the provider's support asks for, wherever it stands."""
    outer = mapping(document)
    for value in (
        headers.get("x-oneapi-request-id"),
        headers.get("x-request-id"),
        outer.get("request_id"),
        mapping(outer.get("error")).get("request_id"),
    ):
        found = an_id(value)
        if found:
            return told(found, secrets, 128)
    inside = _REQUEST_ID.search(fault.message) if fault is not None else None
    return inside.group(1) if inside else None
