"""The small file into which the gallery saves what somebody decided; pure.

It comes from a browser, by mail, from anybody: nothing of it is believed before it is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from batch_runner.core.errors import UsageError
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.language import phrase

FORMAT = "batch-runner-decisions"
VERSION = 1
MOST_BYTES = 64 << 20
"""A file of a hundred thousand decisions has about 20 MB."""

LONGEST_NOTE = 2_000
LONGEST_PROMPT = 20_000
MOST_SEED = 2**31 - 1

_MARK = re.compile(rf"[0-9a-f]{{{MARK_LENGTH}}}")


class Choice(StrEnum):
    """What somebody may decide about a take."""

    KEEP = "keep"
    REJECT = "reject"
    REDO = "redo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision: about which take of which job, and what."""

    job: int  # the ledger's number
    mark: str  # the start of the row's hash: the number alone could be another campaign's
    attempt: int  # the take that was looked at
    choice: Choice | None  # None: an earlier decision is taken back
    note: str = ""
    seed: int | None = None  # for a redo
    prompt: str | None = None  # for a redo


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFile:
    """All decisions of a file, each about another job."""

    campaign: str
    sheet: str  # as it was called
    decisions: Sequence[Decided]


class _BadError(Exception):
    """What is wrong with the file, as the end of a sentence."""


def read_decision_file(content: bytes, where: str) -> DecisionFile:
    """The decisions in a file.

    Args:
        content: the file.
        where: its name, for messages.

    Raises:
        UsageError: it is no such file, or something in it cannot be.
    """
    try:
        return _file(_json(content))
    except _BadError as error:
        raise UsageError(
            phrase("this is no file of decisions: {why}.", why=error),
            code="bad_decision_file",
            where=where,
            hint=phrase("Save the decisions in the gallery once more; nothing was applied."),
        ) from None


def _json(content: bytes) -> object:
    if len(content) > MOST_BYTES:
        raise _BadError(phrase("it has more than {most} MB", most=MOST_BYTES >> 20))
    try:
        found: object = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _BadError(phrase("it is no JSON")) from None
    return found


def _file(found: object) -> DecisionFile:
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _BadError(phrase("its 'format' is not {format!r}", format=FORMAT))
    if found.get("version") != VERSION:
        raise _BadError(
            phrase(
                "its 'version' is not {version}; another version of this program made it",
                version=VERSION,
            )
        )
    decisions = found.get("decisions")
    if not isinstance(decisions, list):
        raise _BadError(phrase("it holds no list of 'decisions'"))
    return DecisionFile(
        campaign=_text(found, "campaign", 200, ""),
        sheet=_text(found, "sheet", 1_000, ""),
        decisions=tuple(_all(decisions)),
    )


def _all(decisions: Sequence[object]) -> Iterator[Decided]:
    seen: set[int] = set()
    for place, one in enumerate(decisions):
        where = f"decisions[{place}]"
        if not isinstance(one, dict):
            raise _BadError(phrase("{place} is no object", place=where))
        decided = _one(one, f"{where}.")
        if decided.job in seen:
            raise _BadError(phrase("{place} is about the same job as one before", place=where))
        seen.add(decided.job)
        yield decided


def _one(one: Mapping[str, object], where: str) -> Decided:
    mark = _text(one, "job", MARK_LENGTH, where)
    if not _MARK.fullmatch(mark):
        raise _BadError(phrase("{place} is no mark of a row", place=f"{where}job"))
    job, attempt = _whole(one, "id", where), _whole(one, "attempt", where)
    if job is None or attempt is None:
        raise _BadError(
            phrase("{id} and {attempt} must be there", id=f"{where}id", attempt=f"{where}attempt")
        )
    word = one.get("decision")
    if word is not None and word not in list(Choice):
        raise _BadError(
            phrase(
                "{place} must be one of {words}",
                place=f"{where}decision",
                words=", ".join(Choice),
            )
        )
    choice = None if word is None else Choice(str(word))
    redo = choice is Choice.REDO
    return Decided(
        job=job,
        mark=mark,
        attempt=attempt,
        choice=choice,
        note=_text(one, "note", LONGEST_NOTE, where).strip(),
        seed=_whole(one, "seed", where, MOST_SEED) if redo else None,
        prompt=(_text(one, "prompt", LONGEST_PROMPT, where).strip() or None) if redo else None,
    )


def _text(one: Mapping[str, object], name: str, longest: int, where: str) -> str:
    value = one.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise _BadError(
            phrase(
                "{place} must be text of {most} characters at most",
                place=f"{where}{name}",
                most=longest,
            )
        )
    return value


def _whole(one: Mapping[str, object], name: str, where: str, most: int = 2**63 - 1) -> int | None:
    value = one.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:  # true is no number here
        raise _BadError(
            phrase(
                "{place} must be a whole number from 0 to {most}",
                place=f"{where}{name}",
                most=most,
            )
        )
    return value
