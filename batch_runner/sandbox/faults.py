"""Faults by name: what each does, how its number is read, and whom it hits when.

A fault is asked for as ``NAME`` or ``NAME=NUMBER``, for the whole service or for one row, by
``[sandbox:NAME]`` in its prompt. What the number means depends on the fault's unit, see ``Unit``.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from batch_runner.sandbox.dice import throw


class Unit(StrEnum):
    """What a fault's number says."""

    JOBS = "jobs"  # 0 < n < 1: a share of the jobs; a whole number: the first n times for a job
    SECONDS = "seconds"
    BYTES = "bytes"
    ACCEPTED = "accepted"  # begins after so many accepted submissions
    SERVICE = "service"  # takes no number: hits every request


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fault: what it does, and its number if none is given."""

    sentence: str
    unit: Unit = Unit.JOBS
    default: float = 1  # JOBS: times for each job; infinity: always


_ALWAYS = math.inf


def _service(sentence: str) -> Rule:
    return Rule(sentence=sentence, unit=Unit.SERVICE, default=_ALWAYS)


def _always(sentence: str) -> Rule:
    return Rule(sentence=sentence, default=_ALWAYS)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "slow": Rule(
            sentence="Submits and looks are answered late, by 3 seconds or NUMBER seconds.",
            unit=Unit.SECONDS,
            default=3,
        ),
        # Not accepted.
        "429": Rule(sentence="Submit refused with 429 and Retry-After: 1, once for each job."),
        "429-bare": Rule(
            sentence="Submit refused with 429 and no Retry-After, once for each job."
        ),
        "503": Rule(
            sentence="Submit not run: 503 with the provider's own service_unavailable error, once for each job."
        ),
        "503-bare": Rule(
            sentence="Submit not run, but the 503 is a proxy's HTML page, once for each job."
        ),
        "503-idempotency": Rule(
            sentence="Submit not run: 503 idempotency_unavailable, once for each job."
        ),
        "502": Rule(sentence="Submit not run, answered 502, once for each job."),
        "400-channel": Rule(
            sentence="Submit not run: 400 get_channel_failed, which passes, once for each job."
        ),
        "200-error": Rule(
            sentence="Submit not run: HTTP 200 around an error 500, once for each job."
        ),
        "500-build": _always(
            "Submit refused for good: 500 build_request_failed, a wrong parameter."
        ),
        "error-string": _always("Submit refused for good: 400 whose error is plain text."),
        "402-after": Rule(
            sentence="The balance is used up (402) after NUMBER accepted submissions (default 0).",
            unit=Unit.ACCEPTED,
            default=0,
        ),
        "key-refused": _service("Every request is refused with 401."),
        "key-refused-after": Rule(
            sentence="Every request is refused with 401 after NUMBER accepted submissions (default 0).",
            unit=Unit.ACCEPTED,
            default=0,
        ),
        "key-replaced": Rule(
            sentence="Submits with the keys of the first NUMBER accepted ones (default 1) are refused with 401 from then on; with others not.",
            unit=Unit.ACCEPTED,
        ),
        "down": _service("Every connection is closed without an answer, nothing is accepted."),
        # Accepted and paid, but the answer does not say so.
        "accept-then-drop": Rule(
            sentence="Submit accepted, connection closed without an answer, once for each job."
        ),
        "502-after-accept": Rule(sentence="Submit accepted, yet answered 502, once for each job."),
        "truncated": Rule(sentence="Submit accepted, the answer cut short, once for each job."),
        "html": Rule(
            sentence="Submit accepted, answered 200 with an HTML page, once for each job."
        ),
        "409-in-progress": Rule(
            sentence="Submit accepted, answered 409 idempotency_in_progress, once for each job."
        ),
        "409-indeterminate": _always(
            "Submit accepted, always answered 409 idempotency_result_indeterminate."
        ),
        "no-idempotency": _always("Idempotency-Key is ignored: a second send is a second task."),
        # The task.
        "stuck": _always("The task is never done."),
        "failed": _always("The task fails and is refunded."),
        "moderated": _always("The task fails since its content is forbidden, and is refunded."),
        "bad-image": _always("The task fails since an image cannot be read, and is refunded."),
        "failed-then-ok": Rule(
            sentence="The first task of a body fails and is refunded, the next one succeeds."
        ),
        "unknown-status": _always("The task shows status words nobody documented."),
        "forget": _always("The task's id is unknown when it is looked at."),
        "no-link": _always("The task is completed without a link."),
        # The call to the address that a request names as its webhook.
        "no-call": _always("No call is made when the task has ended."),
        "call-twice": _always("The call is made twice."),
        "call-early": _always("A call that says the task is done is made at once as well."),
        # The video.
        "link-expired": Rule(
            sentence="A task's first link is dead (403); the next look gives a good one."
        ),
        "cut-download": Rule(
            sentence="The video's connection is closed half way, once for each job."
        ),
        "cut-at": Rule(
            sentence="The video's connection is closed after NUMBER bytes (default 4000), each time.",
            unit=Unit.BYTES,
            default=4000,
        ),
        "stall-download": Rule(
            sentence="The video's connection falls silent half way, once for each job."
        ),
        "no-range": _always("The video is sent from its beginning, whatever range is asked for."),
        "wrong-range": _always("A range of the video holds other bytes than it says."),
        "wrong-length": _always("A range of the video tells another length of the whole."),
        "changed-video": Rule(
            sentence="The video is made anew, with another ETag, after one answer for each job."
        ),
        "not-a-video": _always("The video's link gives an HTML page under 200."),
        # The upload of a picture; jobs are pictures here.
        "upload-refused": _always("Upload refused for good: 400 invalid image content."),
        "upload-429": Rule(
            sentence="Upload refused with 429 and Retry-After: 1, once for each picture."
        ),
        "upload-500": Rule(sentence="Upload not made, answered 500, once for each picture."),
        "upload-dropped": Rule(
            sentence="Upload made, connection closed without an answer, once for each picture."
        ),
        "balance-error": _service("The balance answers 200 with success: false."),
    }
)
"""Every fault by name."""

FAULTS: Mapping[str, str] = MappingProxyType({n: rule.sentence for n, rule in RULES.items()})
"""Every fault's name and what it does, one sentence each."""

NUMBERS = (
    "NAME=0.3 hits that share of the jobs, always the same ones; NAME=2 hits each job the first two "
    "times; where a sentence says what its NUMBER is, it is that."
)
"""What a fault's number means, for help texts."""

_IN_PROMPT = re.compile(r"\[sandbox:([^\]]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault asked for; ``number`` None: the fault's own default."""

    name: str
    number: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The job that a fault may hit."""

    prompt: str
    body_sha256: str


def parse_fault(text: str) -> Fault:
    """Read ``NAME`` or ``NAME=NUMBER``.

    Raises:
        ValueError: no such fault, or a number it does not take.
    """
    name, equals, digits = text.strip().partition("=")
    rule = RULES.get(name)
    if rule is None:
        near = difflib.get_close_matches(name, RULES, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(RULES)}."
        raise ValueError(f"There is no fault {name!r}. {hint}")
    if not equals:
        return Fault(name=name)
    try:
        number = float(digits)
    except ValueError:
        raise ValueError(f"Fault {name!r}: {digits!r} is not a number.") from None
    _check_number(name, rule.unit, number)
    return Fault(name=name, number=number)


def _check_number(name: str, unit: Unit, number: float) -> None:
    whole = math.isfinite(number) and number == int(number)
    wrong = {
        Unit.SERVICE: "it takes no number",
        Unit.SECONDS: "" if 0 <= number < math.inf else "seconds are 0 or more",
        Unit.BYTES: "" if whole and number >= 0 else "bytes are a whole number from 0",
        Unit.ACCEPTED: "" if whole and number >= 0 else "the count is a whole number from 0",
        Unit.JOBS: ""
        if 0 < number < 1 or (whole and number >= 1)
        else "a share is between 0 and 1, a count is a whole number from 1",
    }[unit]
    if wrong:
        raise ValueError(f"Fault {name!r}: {wrong}, not {number:g}.")


@lru_cache(maxsize=10_000)
def faults_in(prompt: str) -> tuple[Fault, ...]:
    """The faults that a prompt asks for, for its own row.

    Raises:
        ValueError: one of them cannot be read.
    """
    return tuple(parse_fault(text) for text in _IN_PROMPT.findall(prompt))


class FaultBoard:
    """The faults in force, and how often each has hit whom."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._seed = seed
        self._hits: Counter[tuple[str, str]] = Counter()
        self._faults: dict[str, Fault] = {}
        self.replace(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Put other faults in force; what has hit so far is forgotten."""
        self._faults = {fault.name: fault for fault in faults}
        self._hits.clear()

    def number(self, name: str, subject: Subject | None = None) -> float | None:
        """The number of a fault that is in force for a job (or for all); ``None``: it is not.

        For a fault of unit JOBS that is how many times it hits the job.
        """
        fault = self._find(name, subject)
        if fault is None:
            return None
        rule = RULES[name]
        number = rule.default if fault.number is None else fault.number
        if rule.unit is not Unit.JOBS or number >= 1:
            return number
        sha256 = subject.body_sha256 if subject else ""
        return rule.default if throw(self._seed, name, sha256) < number else None

    def strikes(self, name: str, subject: Subject, identity: str) -> bool:
        """Whether a fault hits now; each hit on an identity (key, body, task) is counted."""
        times = self.number(name, subject)
        if times is None or self._hits[name, identity] >= times:
            return False
        self._hits[name, identity] += 1
        return True

    def _find(self, name: str, subject: Subject | None) -> Fault | None:
        own = faults_in(subject.prompt) if subject else ()
        return next((fault for fault in own if fault.name == name), self._faults.get(name))
