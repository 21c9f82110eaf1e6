"""What a sheet's own past tells of what is to come: how long a video takes, what it really costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from batch_runner.core.expect import ENOUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of the tasks of each model."""

    seconds: Mapping[str, Sequence[float]] = field(default_factory=dict)  # sorted
    ratios: Mapping[str, Sequence[float]] = field(default_factory=dict)  # of the high estimate

    def usual_seconds(self, model: str) -> tuple[float, float] | None:
        """Seconds that most videos of a model took, at least and at most; ``None``: too few."""
        times = self.seconds.get(model, ())
        return None if len(times) < ENOUGH else _most(times)

    def costs(self, model: str, high: int) -> tuple[int, int] | None:
        """What videos that may cost so much cost likely, if they do as those before did.

        One charge tells more than a dated price, so one is enough; the guards of money do not
        rely on it.
        """
        ratios = self.ratios.get(model, ())
        if not ratios:
            return None
        low, top = ratios[0], ratios[-1]
        return round(high * low), round(high * top)

    def paid(self, model: str) -> int:
        """How many videos the likely costs of a model come from."""
        return len(self.ratios.get(model, ()))


NO_HISTORY = History()


def _most(times: Sequence[float]) -> tuple[float, float]:
    """Without the quickest and the slowest tenth."""
    last = len(times) - 1
    return times[last // 10], times[last - last // 10]
