"""What a sandbox is started with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from batch_runner.sandbox.faults import Fault, parse_fault

__all__ = ["Fault", "SandboxOptions", "parse_fault", "parse_seconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """All that a sandbox can be told; the defaults make a quick, faultless one on loopback."""

    state: Path  # folder of accepted.jsonl and uploads; made if missing
    host: str = "127.0.0.1"
    port: int = 0  # 0: the port this state had last time if it is free, else any free one
    seconds: tuple[float, float] = (2.0, 5.0)  # how long tasks take, at least and at most
    faults: tuple[Fault, ...] = ()
    variety: bool = False  # answer in all the shapes the real service was seen to use
    rate: float | None = None  # submits per second; None: no limit
    burst: int = 1  # submits at once, where there is a rate
    concurrency: int | None = None  # tasks in flight; None: no limit
    seed: int = 0  # of task times, variety and shares
    link_seconds: float = 86_400.0  # how long a link to a video lives
    balance: float = 10_000.0  # USD at the start
    video_mb: float = 0.0  # how large videos are; 0: a few KB

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ValueError: an option is out of its range.
        """
        low, high = self.seconds
        if not 0 <= low <= high:
            raise ValueError(
                f"Task seconds are LOW-HIGH with 0 <= LOW <= HIGH, not {low:g}-{high:g}."
            )
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"The port is 0 to 65535, not {self.port}.")
        if self.rate is not None and self.rate <= 0:
            raise ValueError(f"The rate is above 0 submits a second, not {self.rate:g}.")
        if not 0 <= self.video_mb <= 1000:
            raise ValueError(f"Videos have 0 to 1000 MB, not {self.video_mb:g}.")
        if self.burst < 1:
            raise ValueError(f"The burst is 1 or more, not {self.burst}.")
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"The concurrency is 1 or more, not {self.concurrency}.")


def parse_seconds(text: str) -> tuple[float, float]:
    """Read ``3`` or ``2-5``.

    Raises:
        ValueError: it is neither.
    """
    low, dash, high = text.partition("-")
    try:
        return float(low), float(high) if dash else float(low)
    except ValueError:
        raise ValueError(f"Seconds are given as 3 or 2-5, not {text!r}.") from None
