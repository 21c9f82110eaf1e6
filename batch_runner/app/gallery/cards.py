"""What the gallery's page is told of a row: plain JSON, documented by the names of its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from batch_runner.app.sheet.projection import Localise
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import shown
from batch_runner.core.model import MICROS
from batch_runner.ledger.shown_takes import Take

LONGEST_CELL = 2000
"""Characters of a cell that travel into the page; prompts travel whole."""

_PROMPT = "prompt"
_PICTURES = ("image_urls", "first_frame_image", "last_frame_image")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A job and what else is known of its row."""

    job: Job
    takes: Sequence[Take]  # in order; the last one is the job's own
    cells: Mapping[int, str]  # column of the page -> text of the row's own cells
    prompt: str = ""  # as the sheet has it, where nothing was made of it
    decision: str = ""  # what its user decided: one of the page's words
    note: str = ""  # and why


class Links(Protocol):
    """How the page reaches files from where it is; ``None``: it does not."""

    def video(self, stored: str) -> str | None:
        """The link to a video, by the path that the ledger keeps."""

    def poster(self, task_id: str) -> str | None:
        """The link to the poster of a task's video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page may tell."""

    prompts: bool = True
    costs: bool = True
    ids: bool = True


def card(seen: Seen, links: Links, localise: Localise, what: Shown) -> dict[str, object]:
    """One row of the page's data; what is blank is left out."""
    job = seen.job
    fields = {
        **_who(job),
        **_request(job, seen.prompt),
        **_result(job, seen.takes, links),
        "finished": None if job.finished_at is None else localise(job.finished_at).isoformat(),
        "until": _dies(job, localise),
        "cost": _usd(job.cost),
        "low": _usd(job.estimate_low),
        "high": _usd(job.estimate_high),
        "takes": [_told(_take(take, links), what) for take in seen.takes[:-1]],
        "cells": dict(seen.cells),
        "decision": seen.decision,
        "note": seen.note,
    }
    return _told(fields, what)


def _dies(job: Job, localise: Localise) -> str | None:
    """Until when the row's link works, if that is known."""
    if job.published is not None or job.expires_at is None:
        return None
    return localise(job.expires_at).isoformat()


def _told(fields: Mapping[str, object], what: Shown) -> dict[str, object]:
    """Without what is blank, and what is not to be told."""
    held = _withheld(what)
    if fields.get("lasting"):
        held -= {"link"}  # it is there to be seen, and tells of nobody at the provider
    told = {
        name: value
        for name, value in fields.items()
        if name not in held and value not in (None, "", [], {})
    }
    if "error" in told and held:
        # The sentence may repeat a prompt, a price or a task's id.
        told["error"] = str(fields.get("cause") or "error").replace("_", " ")
    return told


def _who(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "job": job.row_hash[:MARK_LENGTH],
        "line": job.row,
        "key": job.key,
        "scope": job.scope,
        "variant": job.variant if job.variant > 1 else None,
        "state": str(shown(job.state)),
        "model": job.model,
        "attempt": job.attempt,
    }


def _request(job: Job, prompt: str) -> dict[str, object]:
    try:
        body = json.loads(job.body or b"{}")
    except ValueError:
        body = {}
    pictures = [body.pop(name) for name in _PICTURES if name in body]
    body.pop("model", None)
    return {
        "prompt": body.pop(_PROMPT, prompt),
        "images": [str(one) for some in pictures for one in _listed(some)],
        "parameters": body,
    }


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _result(job: Job, takes: Sequence[Take], links: Links) -> dict[str, object]:
    last = takes[-1] if takes else None
    video = links.video(job.video_file) if job.video_file else None
    return {
        "video": video,
        "remote": None if video else _on_the_web(job),
        "poster": links.poster(job.task_id) if job.task_id else None,
        "link": job.link,
        "lasting": job.published is not None or None,
        "task": job.task_id,
        "error": job.error,
        "cause": job.error_code,
        "seconds": last.duration if last is not None else None,
    }


def _on_the_web(job: Job) -> str | None:
    """Where a video plays that is not at hand, as long as its owner keeps it there."""
    return job.published if job.published and job.published.startswith("https://") else None


def _take(take: Take, links: Links) -> dict[str, object]:
    """An earlier attempt: its video is kept."""
    return {
        "n": take.n,
        "video": links.video(take.video_file) if take.video_file else None,
        "poster": links.poster(take.task_id) if take.task_id else None,
        "task": take.task_id,
        "cost": _usd(take.cost),
        "error": take.error,
    }


def _usd(micros: int | None) -> float | None:
    return None if micros is None else micros / MICROS


def _withheld(what: Shown) -> frozenset[str]:
    return frozenset(
        (
            *(() if what.prompts else ("prompt", "images", "parameters", "cells", "note")),
            *(() if what.costs else ("cost", "low", "high")),
            *(() if what.ids else ("task", "link", "until")),
        )
    )
