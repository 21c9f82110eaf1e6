"""A trouble that hits every row is not the rows' fault: after a few of them all stop."""

from __future__ import annotations

from typing import Generic, TypeVar

from batch_runner.core.language import phrase
from batch_runner.core.outcomes import FetchKind, FetchOutcome, Kept, SubmitKind, SubmitOutcome
from batch_runner.core.publishing import Published
from batch_runner.scheduler.halt import Halt, StopReason

T = TypeVar("T")

SAME_REJECTIONS = 5
NOT_STORED = 3


class Breaker:
    """Watches the first answers of a run, and what becomes of its downloads."""

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._watching = True
        self._rejection: tuple[str, str] | None = None
        self._count = 0
        self._not_stored = 0  # in a row
        self._not_kept = _InVain[Kept]()
        self._not_published = _InVain[Published]()

    def answered(self, outcome: SubmitOutcome) -> None:
        """One submit was answered: the same rejection of each of the first stops the run.

        Once anything was accepted, rejections are the rows' own.
        """
        if not self._watching:
            return
        if outcome.kind is SubmitKind.ACCEPTED:
            self._watching = False
        elif outcome.kind is SubmitKind.REJECTED:
            self._rejected((outcome.code, outcome.message))

    def _rejected(self, rejection: tuple[str, str]) -> None:
        self._count = self._count + 1 if rejection == self._rejection else 1
        self._rejection = rejection
        if self._count == SAME_REJECTIONS:
            self._halt.stop_submits(
                StopReason(
                    code="same_rejection",
                    message=phrase(
                        "the first {same_rejections} rows were all refused for the same reason ({reason}), so it is likely a setting and not the rows; nothing more is sent.",
                        same_rejections=SAME_REJECTIONS,
                        reason=rejection[1].rstrip("."),
                    ),
                )
            )

    @property
    def stores_nothing(self) -> bool:
        """Whether no download is to be tried any more in this run."""
        return self._not_stored >= NOT_STORED

    def fetched(self, outcome: FetchOutcome) -> None:
        """One download ended.

        Several in a row that this machine could not store stop all: those still to come stay as
        they are, for the next run, and nothing more is bought that could not be kept.
        """
        if outcome.kind is FetchKind.SAVED:
            self._not_stored = 0
        elif outcome.kind is FetchKind.DISK:
            self._not_stored += 1
            if self._not_stored == NOT_STORED:
                self._halt.stop_submits(
                    StopReason(
                        code="not_stored",
                        message=phrase(
                            "{not_stored} videos in a row could not be stored ({reason}); the others wait at the provider.",
                            not_stored=NOT_STORED,
                            reason=outcome.message.rstrip("."),
                        ),
                    )
                )

    @property
    def keeps_nothing(self) -> Kept | None:
        """Why no video is to be put where they are kept any more in this run, if that is so."""
        return self._not_kept.too_often

    def kept(self, outcome: Kept) -> None:
        """One video that came was kept, or not: after several in a row nothing more is bought."""
        self._not_kept.count(outcome, outcome.trouble)
        if self._not_kept.times == NOT_STORED:
            self._halt.stop_submits(
                StopReason(
                    code="not_stored",
                    message=phrase(
                        "{not_stored} videos in a row could not be put where videos are kept ({reason}); all that come wait on this computer.",
                        not_stored=NOT_STORED,
                        reason=outcome.trouble.rstrip("."),
                    ),
                )
            )

    @property
    def publishes_nothing(self) -> Published | None:
        """Why no video is to be published any more in this run, if that is so."""
        return self._not_published.too_often

    def published(self, outcome: Published) -> None:
        """One video was published, or not: after several in a row that were not, none is tried."""
        if outcome.link or outcome.trouble:
            self._not_published.count(outcome, outcome.trouble)


class _InVain(Generic[T]):
    """Counts tries in vain, in a row."""

    def __init__(self) -> None:
        self.times = 0
        self._last: T | None = None

    @property
    def too_often(self) -> T | None:
        """What came of the last one, if there were too many to go on."""
        return self._last if self.times >= NOT_STORED else None

    def count(self, outcome: T, trouble: str) -> None:
        """One more try; no trouble: it was not in vain."""
        self.times, self._last = (self.times + 1 if trouble else 0), outcome
