"""A run's ledger that tells other computers what it is about to send, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from batch_runner.core import decide
from batch_runner.core.elsewhere import BY_THE_SHEET
from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Change, Claim, ClaimTerms, Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import Event
from batch_runner.core.sent import Line, Sent
from batch_runner.core.uploads import Upload, Waiting
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.sent_file import SentFiles

Say = Callable[[str], None]


class TellingLedger:
    """A run's ledger that tells other computers of each send, durably, before it happens."""

    def __init__(
        self,
        ledger: Ledger,
        files: SentFiles,
        *,
        host: str,
        now: Callable[[], datetime],
        say: Say,
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._host = host
        self._now = now
        self._say = say
        self._worksheets: dict[int, str] = {}  # scope -> name
        self._complained = False

    async def claim(self, terms: ClaimTerms) -> Claim:
        """The next job to submit; other computers can know before it is."""
        claim = await self._ledger.claim(terms)
        if claim.job is not None:
            try:
                await self._tell_intent(claim.job, terms)
            except OSError:
                await self._ledger.record(claim.job, decide.not_sent(claim.job, self._now()))
                with as_ledger_error(self._files):
                    raise
        return claim

    async def waiting_for_pictures(self, terms: ClaimTerms, most: int) -> Sequence[Waiting]:
        """The first jobs that could be sent but for pictures that are not uploaded."""
        return await self._ledger.waiting_for_pictures(terms, most)

    async def keep_upload(self, upload: Upload) -> None:
        """Remember where a picture lies at the provider."""
        await self._ledger.keep_upload(upload)

    async def _tell_intent(self, job: Job, terms: ClaimTerms) -> None:
        if job.scope not in self._worksheets:
            self._worksheets = {n: name for name, n in (await self._ledger.scopes()).items()}
        before: str | None = None
        if job.attempt > 1:
            attempts = await self._ledger.attempts(job.id)
            known = (one for one in attempts if not one.key.startswith(BY_THE_SHEET))
            earlier = [one.key for one in known if one.n < job.attempt]
            before = earlier[-1] if earlier else None
        at = self._moment()
        intent = Sent(
            key=job.idempotency_key,
            worksheet=self._worksheets[job.scope],
            row_hash=job.row_hash,
            row_key=job.key,
            variant=job.variant,
            model=job.model,
            origin=terms.origin,
            hold=job.estimate_high or 0,
            n=job.attempt,
            after=before,
            at=at,
            host=self._host,
        )
        await self._add(Line(at=at, key=intent.key, intent=intent))

    async def record(self, job: Job, change: Change) -> Job:
        """Keep a change, and tell what it means to others."""
        line = self._outcome(job, change)  # of this attempt: afterwards it may be an earlier one
        job = await self._ledger.record(job, change)
        if line is not None:
            try:
                await self._add(line)
            except OSError as error:  # it is in the ledger: the next run tells it
                self._complain(error)
        return job

    def _outcome(self, job: Job, change: Change) -> Line | None:
        if change.event in {Event.ACCEPTED, Event.ADOPTED}:
            return Line(at=self._moment(), key=job.idempotency_key, task_id=change.task_id)
        if change.event in {Event.DEFERRED, Event.REJECTED}:
            return Line(at=self._moment(), key=job.idempotency_key, void=True)
        return None

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._say(
                phrase(
                    "Warning: other computers cannot be told of what was sent ({reason}).",
                    reason=error,
                )
            )
        self._complained = True

    def _moment(self) -> float:
        return self._files.moment(self._now().timestamp())

    async def _add(self, line: Line) -> None:
        await asyncio.to_thread(self._files.add, [line])

    async def job(self, job: int) -> Job:
        """One job as it is now."""
        return await self._ledger.job(job)

    async def open_jobs(self) -> Sequence[Job]:
        """Accepted tasks whose end is not known."""
        return await self._ledger.open_jobs()

    async def without_video(self) -> Sequence[Job]:
        """Succeeded jobs whose video is still to be had."""
        return await self._ledger.without_video()

    async def unpublished(self, base: str) -> Sequence[Job]:
        """Rows whose video is stored, but whose lasting link does not begin with ``base``."""
        return await self._ledger.unpublished(base)

    async def task_ids(self) -> frozenset[str]:
        """Every task that any attempt is known to have."""
        return await self._ledger.task_ids()

    async def durations(self, model: str) -> Sequence[float]:
        """Seconds that the last tasks of a model took, sorted."""
        return await self._ledger.durations(model)


@contextlib.contextmanager
def as_ledger_error(files: SentFiles) -> Iterator[None]:
    """Whoever cannot tell the others sends nothing.

    Raises:
        LedgerError: they cannot be told.
    """
    try:
        yield
    except OSError as error:
        raise LedgerError(
            phrase(
                "other computers cannot be told of what is sent ({reason}).",
                reason=error.strerror or error,
            ),
            code="neighbours_untold",
            where=str(files.folder),
            hint=phrase("The folder must be writable and have room; nothing is sent before that."),
        ) from error
