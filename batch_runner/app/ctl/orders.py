"""What a run can be told while it is on: words of the command line, lines of JSON on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from batch_runner.core.language import phrase
from batch_runner.core.nearest import did_you_mean
from batch_runner.core.units import parse_rate


class Action(StrEnum):
    """What is to be done."""

    SHOW = "show"
    PAUSE = "pause"
    RESUME = "resume"
    DRAIN = "drain"
    STOP = "stop"
    SET = "set"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing a run is told."""

    action: Action
    concurrency: int | None = None  # of SET
    rate: float | None = None  # of SET; submits a second
    row: str | None = None  # of CANCEL: a line, a key, or the start of a job mark

    def to_line(self) -> bytes:
        """One line of JSON."""
        told = {
            "do": self.action,
            "concurrency": self.concurrency,
            "rate": self.rate,
            "row": self.row,
        }
        kept = {name: value for name, value in told.items() if value is not None}
        return json.dumps(kept).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        """What a line says.

        Raises:
            ValueError: with a plain sentence, if it says nothing that can be done.
        """
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError(phrase("That was no line of JSON.")) from None
        if not isinstance(told, dict) or told.get("do") not in list(Action):
            raise ValueError(phrase("'do' must be one of {names}.", names=", ".join(Action)))
        action = Action(told["do"])
        if action is Action.SET:
            return _limits(told.get("concurrency"), told.get("rate"))
        if action is Action.CANCEL:
            return cls(action=action, row=_row(told.get("row")))
        return cls(action=action)


def parse_words(words: Sequence[str]) -> Order:
    """The order that words of the command line give: ``set concurrency=5``, ``cancel 17``.

    Raises:
        ValueError: with a plain sentence.
    """
    name, *rest = words or [Action.SHOW]
    if name not in set(Action):
        raise ValueError(
            phrase(
                "There is no {name!r}. {hint}",
                name=name,
                hint=did_you_mean(name, list(Action)),
            )
        )
    action = Action(name)
    if action is Action.SET:
        return _settings(rest)
    if action is Action.CANCEL:
        if len(rest) != 1:
            raise ValueError(phrase("Name one row: cancel 17, or its key."))
        return Order(action=action, row=_row(rest[0]))
    if rest:
        raise ValueError(
            phrase(
                "{action} takes nothing more; {rest!r} is too much.", action=action, rest=rest[0]
            )
        )
    return Order(action=action)


def rate_text(rate: float) -> str:
    """Submits a second as people write them: ``30/min``."""
    return f"{rate:.3g}/s" if rate >= 10 else f"{rate * 60:.3g}/min"


def _settings(words: Sequence[str]) -> Order:
    given: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "concurrency" and value.isascii() and value.isdigit():
            given[name] = int(value)
        elif name == "rate":
            try:
                given[name] = parse_rate(value)
            except ValueError as error:
                raise ValueError(
                    phrase("{option} must be {what}.", option="rate", what=error)
                ) from None
        else:
            raise ValueError(
                phrase(
                    "{word!r} cannot be set; set concurrency=5, rate=30/min, or both at once.",
                    word=word,
                )
            )
    return _limits(given.get("concurrency"), given.get("rate"))


def _limits(concurrency: Any, rate: Any) -> Order:
    if concurrency is None and rate is None:
        raise ValueError(phrase("Say what to set: concurrency=5, rate=30/min, or both."))
    if concurrency is not None and (type(concurrency) is not int or not 0 < concurrency < 10**6):
        raise ValueError(
            phrase("concurrency must be a whole number above zero; to send nothing, pause.")
        )
    if rate is not None and (type(rate) not in {int, float} or not 0 < rate < 1e6):
        raise ValueError(
            phrase("rate must be more than zero submits a second; to send nothing, pause.")
        )
    return Order(action=Action.SET, concurrency=concurrency, rate=rate)


def _row(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(phrase("Name a row: its line, its key, or the start of its job mark."))
    return value.strip()
