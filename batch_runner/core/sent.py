"""What each computer tells the others about the rows it sends: lines of a file that only grows.

Where several computers work on one sheet in a synchronised folder, each has a ledger of its own
and writes such a file beside the sheet. All files together, conflict copies of them included,
tell which attempts were ever made, by their idempotency keys: an intent, then what came of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

MOST = 10**12  # micro-dollars, and of anything else
LATEST = 10**11  # unix seconds; no clock shows more


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a task ended: in a video, in a link that nobody wanted downloaded, or in a failure."""

    at: float  # unix seconds
    failed: bool
    cost: int | None  # micro-dollars
    error_code: str = ""
    error: str = ""
    url: str | None = None
    expires_at: float | None = None
    video_file: str | None = None  # relative to the sheet, with /
    video_size: int | None = None
    published: str | None = None  # a link that lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One attempt as the files tell of it."""

    key: str  # the attempt's idempotency key
    worksheet: str
    row_hash: str
    row_key: str | None  # the user's own id of the row
    model: str
    origin: str
    hold: int  # micro-dollars it counts against the budget
    n: int  # the how-manieth attempt of its row it is: so many were paid for, or tried, before
    after: str | None  # key of the attempt before it
    at: float  # unix seconds of its last line, by which lines of all files are in order
    host: str = ""
    task_id: str | None = None
    void: bool = False  # certainly not accepted
    end: End | None = None
    variant: int = 1  # which of its row's videos it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: an intent, or what became of the attempt with a key."""

    at: float
    key: str
    intent: Sent | None = None
    task_id: str | None = None
    void: bool = False
    end: End | None = None


def to_text(line: Line) -> str:
    """A line as it is written, without its end."""
    if line.intent is not None:
        told = asdict(line.intent)
        for name in ("task_id", "void", "key", "end"):
            told.pop(name)
        told = {"sent": line.key, **told, "at": line.at}
    elif line.task_id is not None:
        told = {"accepted": line.key, "task_id": line.task_id, "at": line.at}
    elif line.end is not None:
        told = {"ended": line.key, "end": asdict(line.end), "at": line.at}
    else:
        told = {"void": line.key, "at": line.at}
    return json.dumps(told, ensure_ascii=False)


def from_text(text: str) -> Line | None:
    """The line that was written; ``None`` if it cannot be understood (a crash tore it)."""
    try:
        told = json.loads(text)
        at = _moment(told["at"])
        if "sent" in told:
            return Line(at=at, key=_text(told["sent"]), intent=_intent(told, at))
        if "accepted" in told:
            return Line(at=at, key=_text(told["accepted"]), task_id=_text(told["task_id"]))
        if "ended" in told:
            return Line(at=at, key=_text(told["ended"]), end=_end(told["end"]))
        return Line(at=at, key=_text(told["void"]), void=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _intent(told: Mapping[str, object], at: float) -> Sent:
    return Sent(
        key=_text(told["sent"]),
        worksheet=_text(told["worksheet"], least=0),
        row_hash=_text(told["row_hash"]),
        row_key=_text_or_none(told["row_key"]),
        model=_text(told["model"], least=0),
        origin=_text(told["origin"]),
        hold=_number(told["hold"], least=0),
        n=_number(told["n"], least=1),
        after=_text_or_none(told["after"]),
        at=at,
        host=_text(told["host"], least=0),
        variant=_number(told.get("variant", 1), least=1),
    )


def _end(told: Mapping[str, object]) -> End:
    return End(
        at=_moment(told["at"]),
        failed=told["failed"] is True,
        cost=_number_or_none(told["cost"]),
        error_code=_text(told["error_code"], least=0),
        error=_text(told["error"], least=0),
        url=_text_or_none(told["url"]),
        expires_at=None if told["expires_at"] is None else _moment(told["expires_at"]),
        video_file=_text_or_none(told["video_file"]),
        video_size=_number_or_none(told["video_size"]),
        published=_text_or_none(told.get("published")),
    )


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _number_or_none(value: object) -> int | None:
    return None if value is None else _number(value, least=0)


def _text(value: object, least: int = 1) -> str:
    if not isinstance(value, str) or len(value) < least:
        raise ValueError(value)
    value.encode()  # half a character cannot be kept
    return value


def _number(value: object, least: int) -> int:
    if not isinstance(value, int) or not least <= value <= MOST:
        raise ValueError(value)
    return value


def _moment(value: object) -> float:
    if not isinstance(value, float | int) or not 0 <= value <= LATEST:
        raise ValueError(value)
    return float(value)


def fold(lines: Iterable[Line]) -> dict[str, Sent]:
    """What all lines together say of each attempt, in the order of their intents.

    A task that came to light stays; "not accepted" holds until the same key is sent again. An
    outcome whose intent is in no file (it comes late) says nothing yet.
    """
    found: dict[str, Sent] = {}
    for line in sorted(lines, key=lambda line: line.at):
        known = found.get(line.key)
        if line.intent is not None:
            task, end = (None, None) if known is None else (known.task_id, known.end)
            found[line.key] = replace(line.intent, task_id=task, end=end)
        elif known is not None:
            void = line.void and known.task_id is None
            found[line.key] = replace(
                known,
                task_id=known.task_id or line.task_id,
                void=void,
                end=line.end or known.end,
                at=line.at,
            )
    return found


def followed(told: Iterable[Sent]) -> frozenset[str]:
    """Keys of the attempts that a later one of the same row followed: they are over."""
    return frozenset(one.after for one in told if one.after is not None and not one.void)


def untold(attempts: Iterable[Sent], told: Mapping[str, Sent], at: float) -> Iterator[Line]:
    """What a ledger knows of its attempts and no file tells yet."""
    for one in attempts:
        known = told.get(one.key)
        unsure = not one.void and one.task_id is None
        if (known is None and not one.void) or (known is not None and known.void and unsure):
            yield Line(at=at, key=one.key, intent=replace(one, at=at, task_id=None, end=None))
        elif known is None:
            continue
        told_task = known is not None and known.task_id is not None
        if one.task_id is not None and not told_task:
            yield Line(at=at, key=one.key, task_id=one.task_id)
        elif one.void and known is not None and not known.void and not told_task:
            yield Line(at=at, key=one.key, void=True)
        if one.end is not None and _is_news(one.end, None if known is None else known.end):
            yield Line(at=at, key=one.key, end=one.end)


def _is_news(end: End, told: End | None) -> bool:
    """Whether an end is to be told: nobody did, or its video has a link that lasts since."""
    return told is None or (end.published is not None and told.published is None)
