"""Holding back and ending early: what pauses or stops new submits, and what ends everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReason:
    """Why a run stops before everything is done."""

    code: str  # key_refused, no_balance, budget, deadline, provider_down, no_answers, signal ...
    message: str  # one sentence for people


class Halt:
    """Two steps: no new submits (accepted tasks are seen to their end), or leave now.

    And one that can be taken back: a pause, in which nothing is sent and the run goes on.
    """

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self.submits_stopped = False
        self.leaving = False
        self.paused = False
        self._wake: list[Callable[[], None]] = []

    def on_change(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever a step is taken."""
        self._wake.append(wake)

    @property
    def holds_submits(self) -> bool:
        """Whether nothing may be sent now, for a while or for good."""
        return self.submits_stopped or self.paused

    def pause(self) -> None:
        """Nothing new is sent until :meth:`resume`; the run does not end for it."""
        self._pause(paused=True)

    def resume(self) -> None:
        """End a pause; what was stopped for good stays so."""
        self._pause(paused=False)

    def stop_submits(self, reason: StopReason) -> None:
        """Nothing new is sent; what is accepted is polled and downloaded."""
        self._take(reason, leaving=False)

    def leave(self, reason: StopReason) -> None:
        """Nothing new is sent and nothing is waited for, but answers to POSTs on their way."""
        self._take(reason, leaving=True)

    def _take(self, reason: StopReason, *, leaving: bool) -> None:
        if self.reason is None or (leaving and not self.leaving):
            self.reason = reason
        self.submits_stopped = True
        self.leaving = self.leaving or leaving
        self._tell()

    def _pause(self, *, paused: bool) -> None:
        self.paused = paused
        self._tell()

    def _tell(self) -> None:
        for wake in self._wake:
            wake()
