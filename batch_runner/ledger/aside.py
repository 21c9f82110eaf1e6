"""What is asked of a ledger beside the way of a job: by people, by who watches, by who uploads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from batch_runner.core.jobs import Change, ClaimTerms, Job
from batch_runner.core.uploads import Upload, Waiting
from batch_runner.ledger import board, picks, shown_takes, sums, takes, uploads, vitals
from batch_runner.ledger.committer import Touches

T = TypeVar("T")


class Aside(ABC):
    """A part of the ledger; durable as all of it."""

    @abstractmethod
    async def _do(self, work: Callable[..., T], *args: Any, **terms: Any) -> T:
        """Change what it likes in a transaction; nobody else changes anything meanwhile."""

    async def _change(self, work: Callable[..., T], *args: Any, **terms: Any) -> T:
        """Change a row or two, each locked before it is looked at."""
        return await self._do(work, *args, touches=Touches.ONE, **terms)

    async def _ask(self, work: Callable[..., T], *args: Any, **terms: Any) -> T:
        """Ask, and change nothing."""
        return await self._do(work, *args, touches=Touches.NOTHING, **terms)

    async def withdraw(self, job: int, at: datetime) -> Change | None:
        """Keep a job that still waits out of the present run; ``None``: it was sent already."""
        return await self._change(picks.withdraw, job, at)

    async def called(self, who: str) -> Sequence[Job]:
        """Jobs in the sheet by line, key, or the start of the job mark."""
        return await self._ask(picks.called, who)

    async def to_mend(self) -> Sequence[Job]:
        """Jobs in the sheet that failed or are invalid."""
        return await self._ask(picks.to_mend)

    async def unpublished(self, base: str) -> Sequence[Job]:
        """Rows whose video is stored, but whose lasting link does not begin with ``base``."""
        return await self._do(picks.unpublished, base)

    async def page(self, shows: str | None, after: board.Place, most: int) -> Sequence[Job]:
        """Jobs in the order of the sheet, some at a time; see :func:`board.page`."""
        return await self._ask(board.page, shows, after, most)

    async def happenings(self, most: int) -> Sequence[board.Happening]:
        """What happened last, the newest first."""
        return await self._ask(board.happenings, most)

    async def happened_after(self, line: int, most: int) -> Sequence[board.Happened]:
        """The lines of the history that follow one, in their order."""
        # Not a question only: it waits for changes that are under way, so none appears later
        # before those that it gives.
        return await self._do(board.happened_after, line, most)

    async def tempo(self, since: datetime) -> board.Tempo:
        """How much happened since a moment."""
        return await self._ask(board.tempo, since)

    async def worksheets(self) -> Mapping[int, str]:
        """Scope -> the worksheet's name; empty for a text file."""
        return await self._ask(board.worksheets)

    async def redo(
        self, job: int, make: takes.MakeTake, at: datetime, *, seen: int | None = None
    ) -> Change | None:
        """Ask for another take of a job; see :func:`takes.ask`."""
        return await self._change(takes.ask, job, make, at, seen=seen)

    async def note_cell(self, job: int, cell: str) -> None:
        """The decision cell of a row that is to be made for the first time is obeyed by that."""
        await self._change(takes.note_cell, job, cell)

    async def choose_best(self, job: int) -> None:
        """Of a row's variants this one shows in the main columns from now on."""
        await self._do(takes.choose_best, job)

    async def withdraw_take(self, job: int, at: datetime) -> bool:
        """A take that was asked for and not sent is not wanted any more."""
        return await self._change(takes.withdraw_take, job, at)

    async def cells_obeyed(self, jobs: Sequence[int]) -> None:
        """The decision cells that asked for these takes are blank, or say something new."""
        await self._do(takes.cells_obeyed, jobs)

    async def vitals(self) -> vitals.Vitals:
        """Moments that say whether things go on."""
        return await self._ask(vitals.vitals)

    async def takes_of(self, jobs: Sequence[int]) -> Mapping[int, Sequence[shown_takes.Take]]:
        """Job -> its attempts, for many jobs at once."""
        return await self._ask(shown_takes.takes, jobs)

    async def in_sheet(self) -> Sequence[int]:
        """The jobs that stood in the sheet when it was read last, in its order."""
        return await self._ask(shown_takes.in_sheet)

    async def sent_before(self) -> Sequence[int]:
        """Jobs that were sent and whose rows are edited or gone since."""
        return await self._ask(shown_takes.sent_before)

    async def price_ratios(self, model: str) -> Sequence[float]:
        """What tasks of a model cost, as parts of their highest estimate; sorted."""
        return await self._ask(sums.price_ratios, model)

    async def jobs_sent_since(self, at: datetime) -> int:
        """How many jobs were sent since then, and do not wait to be sent again."""
        return await self._ask(sums.jobs_sent_since, at.timestamp())

    async def waiting_for_pictures(self, terms: ClaimTerms, most: int) -> Sequence[Waiting]:
        """The first jobs that could be sent but for pictures that are not uploaded."""
        return await self._ask(uploads.waiting, terms, most)

    async def keep_upload(self, upload: Upload) -> None:
        """Remember where a picture lies at the provider."""
        await self._change(uploads.keep, upload, brief=True)
