"""The whole story of a row in plain words: for its owner, and for a mail to the provider's support."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from batch_runner.app.campaign import Campaign
from batch_runner.app.sheet.plan import usd
from batch_runner.app.status import Story
from batch_runner.cli.history import event_words
from batch_runner.cli.words import visible
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import OPEN, State
from batch_runner.core.model import MICROS
from batch_runner.core.redact import one_line
from batch_runner.core.takes import seed_of
from batch_runner.ledger.views import Attempt, Entry

LONGEST = 1000  # characters of a request or an answer

Localise = Callable[[datetime], datetime]


def story_lines(campaign: Campaign, story: Story) -> Iterator[str]:
    """What it is, what happened to it in each attempt, and what comes next."""
    yield from _as_it_is(campaign, story.job)
    yield from _takes(story, campaign.localise)
    before = [entry for entry in story.entries if entry.attempt == 0]
    yield from _history(before, campaign.localise)
    for attempt in story.attempts:
        yield from _attempt(attempt, campaign.localise)
        entries = [entry for entry in story.entries if entry.attempt == attempt.n]
        yield from _history(entries, campaign.localise)
        if attempt.raw:
            yield f"  The provider said: {_short(attempt.raw)}"
    yield f"Next: {what_next(campaign, story.job)}"


def what_next(campaign: Campaign, job: Job) -> str:
    """What is to be done about a row, or that nothing is."""
    run = campaign.command("run")
    if job.state in OPEN:
        return f"the run that is on sees it to its end; if none is: {run} (it is not sent again)"
    if job.state is State.SUCCEEDED:
        missing = job.video_file is None and job.error
        return f"{run} (tries for its video again)" if missing else "nothing, it is done."
    return {
        State.QUEUED: f"{run} (sends it)",
        State.SKIPPED: f"{run} (sends it, unless a filter leaves it out)",
        State.INVALID: f"mend the row, then: {run}",
        State.FAILED: campaign.command("retry"),
        State.UNKNOWN: campaign.command("resolve"),
    }[job.state]


def _as_it_is(campaign: Campaign, job: Job) -> Iterator[str]:
    line = "" if job.key is None or job.row is None else f" (row {job.row})"
    cost = f"{usd(job.cost)} charged" if job.cost else "nothing charged that is known of"
    yield f"{visible(job.name)}{line}: {job.state}, model {job.model}, {cost}."
    if job.error:
        yield f"  {visible(job.error)}"
    if job.video_file:
        yield f"  Video: {visible(job.video_file)}"
    for url in job.urls[:1]:
        until = ""
        if job.expires_at is not None:
            until = f" (lives until {campaign.localise(job.expires_at):%Y-%m-%d %H:%M %Z})"
        yield f"  Link: {visible(url)}{until}"


def _takes(story: Story, localise: Localise) -> Iterator[str]:
    """All videos that were asked for, where there were several; the one that is shown is marked."""
    if len(story.attempts) < 2:
        return
    yield "Takes:"
    for attempt in story.attempts:
        mark = "*" if attempt.n == story.job.attempt else " "
        parts = [f"{localise(attempt.first_sent_at):%Y-%m-%d %H:%M}"]
        if (seed := seed_of(attempt.body)) is not None:
            parts.append(f"seed {visible(str(seed))}")
        parts.append("cost not known" if attempt.cost is None else usd(attempt.cost))
        parts += [visible(text) for text in (attempt.video_file, story.link_of(attempt)) if text]
        if attempt.error:
            parts.append(visible(attempt.error))
        if attempt.note:
            parts.append(f"note: {visible(attempt.note)}")
        yield f" {mark}{attempt.n}  {', '.join(parts)}"


def _attempt(attempt: Attempt, localise: Localise) -> Iterator[str]:
    times = "once" if attempt.sends == 1 else f"{attempt.sends} times"
    yield (
        f"Attempt {attempt.n}, sent {times} to {attempt.origin}, first on "
        f"{localise(attempt.first_sent_at):%Y-%m-%d}: task {visible(attempt.task_id or 'none')}, "
        f"request id {visible(attempt.request_id or 'none')}, idempotency key {attempt.key}"
    )
    yield f"  Sent: {_short(attempt.body.decode('utf-8', 'replace'))}"


def _history(entries: list[Entry], localise: Localise) -> Iterator[str]:
    last: datetime | None = None
    for entry in entries:
        told = _told(entry)
        if last is not None:
            told["seconds"] = max(0.0, (entry.at - last).total_seconds())
        last = entry.at
        yield f"  {localise(entry.at):%Y-%m-%d %H:%M:%S}  {event_words(entry.event, told)}"


def _told(entry: Entry) -> dict[str, Any]:
    """What the ledger kept of an event, by the names of the log."""
    told: dict[str, Any] = dict(entry.detail)
    cost = told.pop("cost", None)
    return told if cost is None else told | {"cost_usd": cost / MICROS}


def _short(text: str) -> str:
    return visible(one_line(text, LONGEST))
