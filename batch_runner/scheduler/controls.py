"""What can be seen of a run while it is on, and what can be changed about it."""

from __future__ import annotations

from dataclasses import dataclass

from batch_runner.scheduler.calls import Calls
from batch_runner.scheduler.crew import Crew
from batch_runner.scheduler.halt import StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """A run of the engine at one moment."""

    in_flight: int  # slots in use
    at_work: int  # tasks the provider holds, as far as is known
    slots: int
    slots_given: bool  # by the user; else found out
    rate: float  # submits a second
    rate_given: bool
    looks_behind: float  # seconds that a look waits for its turn
    paused: bool
    provider_down: bool
    stopping: StopReason | None


class Controls:
    """Reads a running engine's gauges, and turns its knobs."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self.calls = Calls(crew)

    def gauges(self) -> Gauges:
        """How things stand."""
        throttle, pace, halt = self._crew.throttle, self._crew.throttle.pace, self._crew.halt
        return Gauges(
            in_flight=throttle.in_flight,
            at_work=throttle.accepted,
            slots=int(pace.slots),
            slots_given=pace.slots_given,
            rate=pace.rate,
            rate_given=pace.rate_given,
            looks_behind=self._crew.looks.behind,
            paused=halt.paused,
            provider_down=self._crew.health.down.is_set(),
            stopping=halt.reason,
        )

    def pause(self) -> None:
        """Nothing new is sent until :meth:`resume`."""
        self._crew.halt.pause()

    def resume(self) -> None:
        """Send again."""
        self._crew.halt.resume()

    def drain(self, reason: StopReason) -> None:
        """Nothing new is sent; what is accepted is seen to its end, and that ends the run."""
        self._crew.halt.stop_submits(reason)

    def leave(self, reason: StopReason) -> None:
        """End as at a first signal."""
        self._crew.halt.leave(reason)

    def limit(self, *, rate: float | None = None, slots: int | None = None) -> None:
        """Other limits from now on; tasks that run already go on."""
        self._crew.throttle.believe(rate=rate, slots=slots)
