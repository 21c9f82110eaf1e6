"""What people are told of a run: one value, as a document for programs and as plain lines."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from batch_runner import __version__
from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.documents import SCHEMA, run_document, time_text, unknown_document
from batch_runner.app.run.outcome import DONE, INTERRUPTED, LOCKED, STOPPED, TROUBLE, Ending
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.language import phrase, series
from batch_runner.core.redact import one_line
from batch_runner.settings.notify import Occasion

LONGEST = 400  # characters of a line


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something worth telling."""

    occasion: Occasion | None  # None: a test, told in any case
    title: str
    lines: Sequence[str]
    details: Mapping[str, object] = field(default_factory=dict)
    at: datetime = field(default_factory=now)
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def text(self) -> str:
        """Plain lines, whatever stands in a sheet or comes from a provider."""
        return "\n".join(one_line(line, LONGEST) for line in (self.title, *self.lines))

    def document(self) -> dict[str, object]:
        """For programs; it only ever gains fields."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "event": self.occasion or "test",
            "at": time_text(self.at),
            "host": socket.gethostname(),
            "version": __version__,
            "title": one_line(self.title, LONGEST),
            "text": self.text,
            **self.details,
        }


def name_of(campaign: Campaign) -> str:
    """How a sheet is called in a message."""
    return campaign.source.name + (phrase(" (rehearsal)") if campaign.sandbox else "")


def of_ending(name: str, ending: Ending, lines: Sequence[str]) -> News:
    """A run over one sheet ended; ``lines`` say how."""
    occasion: Occasion = "end" if ending.code in {DONE, TROUBLE} else "stop"
    if occasion == "end" and not ending.new and ending.code == DONE:
        occasion = "idle"
    errors = [f"  {job.name}: {job.error}" for job in ending.first_errors]
    return News(
        occasion=occasion,
        title=f"{name}: {_verdict(ending.code)}",
        lines=[*lines, *([phrase("First errors:"), *errors] if errors else [])],
        details={
            **run_document(ending),
            "first_errors": [unknown_document(job) for job in ending.first_errors],
        },
    )


def of_refusal(sheet: str, error: BatchRunnerError) -> News | None:
    """A run could not begin, or broke off; ``None``: another one is just at work."""
    if error.exit_code == LOCKED:
        return None
    return News(
        occasion="stop",
        title=f"{sheet}: {_verdict(error.exit_code)}",
        lines=[str(error)],
        details={
            "sheet": sheet,
            "exit": error.exit_code,
            "error": {"code": error.code, "message": str(error)},
        },
    )


def of_trouble(sheet: str, code: str, message: str, counts: Mapping[str, int]) -> News:
    """Something that concerns all rows happened in the midst of a run."""
    ended = series(f"{n} {state}" for state, n in counts.items())
    told = ended or phrase("nothing ended yet")
    return News(
        occasion="trouble",
        title=phrase("{sheet}: trouble", sheet=sheet),
        lines=[
            message[:1].upper() + message[1:],
            phrase("So far in this run: {told}.", told=told),
        ],
        details={"sheet": sheet, "trouble": {"code": code, "message": message}, "new": counts},
    )


def of_several(news: Sequence[News]) -> News:
    """One message for several sheets of one command: the worst first."""
    if len(news) == 1:
        return news[0]
    ranked = sorted(
        news,
        key=lambda one: (_RANK.index(one.occasion), one.details.get("exit") == DONE, one.title),
    )
    return News(
        occasion=ranked[0].occasion,
        title=phrase(
            "{number} sheets: {titles}",
            number=len(news),
            titles=series(one.title for one in ranked[:2]) + (" ..." if len(ranked) > 2 else ""),
        ),
        lines=[line for one in ranked for line in ("", one.title, *one.lines)],
        details={"sheets": [dict(one.details) for one in ranked]},
    )


_RANK: tuple[Occasion | None, ...] = ("stop", "trouble", "end", "idle", None)


def _verdict(code: int) -> str:
    if code in INTERRUPTED:
        return phrase("interrupted, everything is saved")
    if code == DONE:
        return phrase("all done")
    if code == TROUBLE:
        return phrase("finished, with something to look at")
    if code == STOPPED:
        return phrase("stopped early, run it again to go on")
    return phrase("could not run")
