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
from batch_runner.core.language import phrase, plural, template
from batch_runner.core.lifecycle import OPEN, State
from batch_runner.core.model import MICROS
from batch_runner.core.redact import one_line
from batch_runner.core.takes import seed_of
from batch_runner.ledger.views import Attempt, Entry

LONGEST = 1000  # characters of a request or an answer

_THEN = {
    State.QUEUED: template("{command} (sends it)"),
    State.SKIPPED: template("{command} (sends it, unless a filter leaves it out)"),
    State.INVALID: template("mend the row, then: {command}"),
}
"""What to do with a row that was not sent."""

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
            yield phrase("  The provider said: {answer}", answer=_short(attempt.raw))
    yield phrase("Next: {command}", command=what_next(campaign, story.job))


def what_next(campaign: Campaign, job: Job) -> str:
    """What is to be done about a row, or that nothing is."""
    run = campaign.command("run")
    if job.state in OPEN:
        return phrase(
            "the run that is on sees it to its end; if none is: {command} (it is not sent again)",
            command=run,
        )
    if job.state is State.SUCCEEDED:
        missing = job.video_file is None and job.error
        if not missing:
            return phrase("nothing, it is done.")
        return phrase("{command} (tries for its video again)", command=run)
    if job.state in _THEN:
        return phrase(_THEN[job.state], command=run)
    return campaign.command("retry" if job.state is State.FAILED else "resolve")


def _as_it_is(campaign: Campaign, job: Job) -> Iterator[str]:
    line = "" if job.key is None or job.row is None else phrase(" (row {row})", row=job.row)
    cost = (
        phrase("{amount} charged", amount=usd(job.cost))
        if job.cost
        else phrase("nothing charged that is known of")
    )
    yield phrase(
        "{name}: {state}, model {model}, {cost}.",
        name=f"{visible(job.name)}{line}",
        state=job.state,
        model=job.model,
        cost=cost,
    )
    if job.error:
        yield f"  {visible(job.error)}"
    if job.video_file:
        yield phrase("  Video: {place}", place=visible(job.video_file))
    if (url := job.link) is not None:
        until = ""
        if job.expires_at is not None and job.published is None:
            until = phrase(
                " (lives until {at:%Y-%m-%d %H:%M %Z})", at=campaign.localise(job.expires_at)
            )
        yield phrase("  Link: {link}", link=f"{visible(url)}{until}")


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
    none = phrase("none")
    yield phrase(
        "Attempt {n}, sent {times} to {origin}, first on {at:%Y-%m-%d}: task {task}, request id {request}, idempotency key {key}",
        n=attempt.n,
        times=plural("once", "{count} times", attempt.sends),
        origin=attempt.origin,
        at=localise(attempt.first_sent_at),
        task=visible(attempt.task_id or none),
        request=visible(attempt.request_id or none),
        key=attempt.key,
    )
    yield phrase("  Sent: {body}", body=_short(attempt.body.decode("utf-8", "replace")))


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
