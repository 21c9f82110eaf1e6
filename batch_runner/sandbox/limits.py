"""The service's own limit of submits a second."""

from __future__ import annotations

import math


class Bucket:
    """A token bucket: ``burst`` at once, refilled at ``rate`` a second."""

    def __init__(self, rate: float | None, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at = -math.inf

    def take(self, now: float) -> int | None:
        """Take one; ``None`` if there was one, else whole seconds until there is."""
        if self._rate is None:
            return None
        refill = 0.0 if math.isinf(self._at) else (now - self._at) * self._rate
        self._tokens = min(self._burst, self._tokens + max(refill, 0.0))
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        return math.ceil((1 - self._tokens) / self._rate)
