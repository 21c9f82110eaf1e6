"""Is the provider there at all? A trouble of all rows pauses submits and probes for free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from batch_runner.core.language import phrase
from batch_runner.core.outcomes import PollKind, SubmitKind
from batch_runner.core.pace import backoff
from batch_runner.core.ports import Listener, Provider
from batch_runner.scheduler.halt import Halt, StopReason

DOWN_AFTER = 3  # failures in a row, of any row, without one success between
NO_ANSWERS_AFTER = 8  # submits in a row of which nobody knows whether they were accepted
LONGEST_PROBE = 60.0  # seconds


class Health:
    """Counts failures in a row over all rows and decides when it is the provider's trouble."""

    def __init__(
        self,
        provider: Provider,
        halt: Halt,
        listener: Listener,
        *,
        patience: float,
        on_back: Callable[[], None],
    ) -> None:
        self.down = asyncio.Event()
        self._on_back = on_back
        self._provider = provider
        self._halt = halt
        self._listener = listener
        self._patience = patience
        self._failures = 0
        self._unanswered = 0

    def submitted(self, kind: SubmitKind, status: int | None) -> None:
        """What one submit showed about the provider."""
        if kind is SubmitKind.UNKNOWN:
            self._unanswered += 1
            if self._unanswered >= NO_ANSWERS_AFTER:
                self._halt.stop_submits(
                    StopReason(
                        code="no_answers",
                        message=phrase(
                            "{unanswered} rows in a row were sent without a clear answer, so nothing more is sent.",
                            unanswered=self._unanswered,
                        ),
                    )
                )
            return
        self._unanswered = 0
        absent = kind is SubmitKind.NOT_SENT
        overloaded = kind is SubmitKind.UNAVAILABLE and status is not None and status >= 500
        self._count(failed=absent or overloaded)

    def looked(self, kind: PollKind) -> None:
        """What one look showed about the provider."""
        self._count(failed=kind is PollKind.UNAVAILABLE)

    def uploaded(self, *, reachable: bool) -> None:
        """What one upload showed about the provider."""
        self._count(failed=not reachable)

    def _count(self, *, failed: bool) -> None:
        self._failures = self._failures + 1 if failed else 0
        if not failed:
            if self.down.is_set():
                self.down.clear()
                self._on_back()
        elif self._failures >= DOWN_AFTER:
            self.down.set()

    async def watch(self, jitter: Callable[[], float]) -> None:
        """While the provider is down, probe it; give up after the patience."""
        loop = asyncio.get_running_loop()
        while True:
            await self.down.wait()
            since, tries = loop.time(), 0
            self._listener.noticed(
                "provider_down", phrase("The provider does not answer; waiting and probing.")
            )
            while self.down.is_set():
                tries += 1
                left = max(0.0, since + self._patience - loop.time())
                await asyncio.sleep(min(left, backoff(tries, jitter(), longest=LONGEST_PROBE)))
                if (await self._provider.balance()).reachable:
                    self._count(failed=False)
                elif self.down.is_set() and loop.time() - since >= self._patience:
                    self._halt.leave(
                        StopReason(
                            code="provider_down",
                            message=phrase(
                                "the provider has not answered for {time}.",
                                time=_long(loop.time() - since),
                            ),
                        )
                    )
                    return
            self._listener.noticed("provider_back", phrase("The provider answers again."))


def _long(seconds: float) -> str:
    if seconds < 90:
        return phrase("{seconds:.0f} s", seconds=seconds)
    return phrase("{minutes:.0f} minutes", minutes=seconds / 60)
