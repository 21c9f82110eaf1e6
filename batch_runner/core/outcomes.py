"""What the provider's answers mean: the typed outcomes of a submit, a poll and a download.

``core.wire`` makes them from status, headers and body; the provider client adds those that
have no answer at all. The scheduler decides by them and knows nothing of HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class SubmitKind(StrEnum):
    """What became of one POST."""

    ACCEPTED = "accepted"  # a task exists; task_id is set
    LIMITED = "limited"  # 429: certainly not accepted
    NO_BALANCE = "no_balance"  # 402: certainly not accepted
    KEY_REFUSED = "key_refused"  # 401/403: certainly not accepted
    NOT_SENT = "not_sent"  # the connection was never opened
    UNAVAILABLE = (
        "unavailable"  # the provider says it did not run it: get_channel_failed, its own 503
    )
    REJECTED = "rejected"  # the request is wrong for good
    IN_PROGRESS = (
        "in_progress"  # 409 idempotency_in_progress: an earlier send of this key is at work
    )
    UNKNOWN = "unknown"  # anything else: may be accepted and paid


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOutcome:
    """The meaning of a submit's answer (or of its lack)."""

    kind: SubmitKind
    task_id: str | None = None
    code: str = (
        ""  # provider's or our stable word: "get_channel_failed", "timeout", "http_502" ...
    )
    message: str = ""  # one line for people, the key redacted
    retry_after: float | None = None  # seconds, when the provider named them
    http_status: int | None = None
    request_id: str | None = None  # for the provider's support
    replayed: bool = False  # Idempotency-Replayed: true
    raw: str = ""  # excerpt of the answer, redacted and capped, for status --row


class PollKind(StrEnum):
    """What a look at a task showed."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    NOT_FOUND = "not_found"  # "Invalid task ID": never means failed
    LIMITED = "limited"
    NO_BALANCE = "no_balance"  # 402 even on GET
    KEY_REFUSED = "key_refused"
    UNAVAILABLE = "unavailable"  # no usable answer; looking again costs nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """The meaning of one answer about a task."""

    kind: PollKind
    status: str = ""  # the provider's own word
    progress: int | None = None  # 0-100
    urls: tuple[str, ...] = ()  # of the video(s); empty when completed without a link
    thumbnail: str | None = None
    expires_at: datetime | None = None  # when the links die
    cost: int | None = None  # micro-dollars really charged
    estimated_time: float | None = None  # seconds, provider's guess for the whole task
    actual_time: float | None = None  # seconds, once done
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    http_status: int | None = None
    request_id: str | None = None
    raw: str = ""


class FetchKind(StrEnum):
    """What became of a download."""

    SAVED = "saved"
    LINK_DEAD = "link_dead"  # 401/403/404/410: ask the task for a fresh link
    DAMAGED = "damaged"  # wrong length, or not a video container
    REFUSED = "refused"  # a private or local address, or not http(s): never fetched
    UNAVAILABLE = "unavailable"  # network or server trouble; may work later
    DISK = "disk"  # this machine cannot store it
    STORAGE = "storage"  # it came, but the place where videos are kept does not take it


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOutcome:
    """The meaning of one download."""

    kind: FetchKind
    path: Path | None = None
    size: int = 0  # bytes; of what is not whole yet: those that the next try need not ask for
    message: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where a video that came is kept from now on; or why it is not, as one line for people."""

    name: str = ""  # as the sheet shows it
    sha256: str | None = None  # where it is kept in a shared place
    trouble: str = ""


class UploadKind(StrEnum):
    """What became of the upload of a picture; it costs nothing, so it may be repeated."""

    DONE = "done"  # link is set
    REFUSED = "refused"  # this picture is not taken, and never will be
    LIMITED = "limited"
    KEY_REFUSED = "key_refused"
    NO_BALANCE = "no_balance"
    UNAVAILABLE = "unavailable"  # no usable answer; may work later


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOutcome:
    """The meaning of an answer to an upload (or of its lack)."""

    kind: UploadKind
    link: str = ""
    message: str = ""  # one line for people, the key redacted
    retry_after: float | None = None  # seconds
    reachable: bool = True  # the service answered at all, whatever it said


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What ``GET /v1/balance`` says; ``remaining`` None: unlimited or not told (micro-dollars)."""

    remaining: int | None
    unlimited: bool = False
    key_refused: bool = False
    reachable: bool = True  # the service answered at all, whatever it said
    message: str = ""  # why nothing is known, if so
