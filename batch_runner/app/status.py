"""How a sheet stands, read beside whatever runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.place.home import sidecar_of
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.place.sidecar import sandbox_copy
from batch_runner.core.errors import SheetError, UsageError
from batch_runner.core.jobs import Job, Totals
from batch_runner.core.language import phrase
from batch_runner.core.sent import fold
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.runs import RunRecord
from batch_runner.ledger.sent_file import read_lines
from batch_runner.ledger.views import Attempt, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A sheet at one moment."""

    sheet: Path
    totals: Totals
    last_run: RunRecord | None
    unknown: Sequence[Job]
    troubles: Sequence[Job]  # failed, invalid, or paid without a video


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is known of one row."""

    job: Job
    attempts: Sequence[Attempt]
    entries: Sequence[Entry]

    def link_of(self, attempt: Attempt) -> str | None:
        """The link of one attempt's video, as it was known last."""
        if attempt.n == self.job.attempt:
            return self.job.link
        return attempt.published or attempt.url


async def read_status(campaign: Campaign) -> Status:
    """The sheet in numbers.

    Raises:
        SheetError: it was never run.
    """
    async with reading(campaign.ledger) as ledger:
        known = known_or_refused(ledger, campaign)
        jobs = await known.jobs_in_sheet()
        return Status(
            sheet=campaign.sheet,
            totals=await known.totals(),
            last_run=await known.last_run(),
            unknown=await known.unknown_jobs(),
            troubles=[job for job in jobs if job.error and job.state != "queued"],
        )


async def read_story(campaign: Campaign, who: str) -> list[Story]:
    """What happened to a row, by its line number, its key, or the start of its job mark.

    Raises:
        UsageError: no row is called so.
        SheetError: the sheet was never run.
    """
    async with reading(campaign.ledger) as ledger:
        known = known_or_refused(ledger, campaign)
        found = await known.called(who)
        if not found:
            raise UsageError(
                phrase("no row is called {who!r} in what was read last.", who=who),
                code="no_such_row",
                where=str(campaign.sheet),
                hint=phrase(
                    "Give a line number as the sheet showed it, a key, or the start of its job mark."
                ),
            )
        return [
            Story(
                job=job,
                attempts=await known.attempts(job.id),
                entries=await known.story(job.id),
            )
            for job in found
        ]


def known_or_refused(ledger: Ledger | None, campaign: Campaign) -> Ledger:
    """The ledger of a sheet that was run.

    Raises:
        SheetError: it never was; the hint says what to do.
    """
    if ledger is None:
        raise never_run(campaign)
    return ledger


def never_run(campaign: Campaign) -> SheetError:
    """What to say of a sheet that has no ledger here."""
    copy = sandbox_copy(campaign.source)
    rehearsed = sidecar_of(copy, campaign.settings.state_dir, campaign.data).ledger.exists()
    hint = f"Start it with: {campaign.command('run')}"
    if rehearsed and copy != campaign.source:
        hint += f" (there was a rehearsal; see it with: batch-runner status '{copy.name}')"
    elsewhere = sorted({one.host for one in fold(read_lines(campaign.sidecar.folder)).values()})
    if elsewhere:
        hint = f"To go on with what it did there: {campaign.command('run')}"
    return SheetError(
        (
            phrase(
                "this sheet was run on another computer only ({names}).",
                names=", ".join(elsewhere),
            )
            if elsewhere
            else phrase("this sheet was never run.")
        ),
        code="never_run",
        where=str(campaign.source),
        hint=hint,
    )
