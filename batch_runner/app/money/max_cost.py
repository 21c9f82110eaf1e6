"""``--max-cost``: what all sheets of one command may cost together, by their high estimates."""

from __future__ import annotations

from dataclasses import dataclass

from batch_runner.app.sheet.plan import usd
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase


@dataclass(kw_only=True)
class MaxCost:
    """A ceiling that the sheets of one command fill one after the other; micro-dollars."""

    micros: int
    taken: int = 0  # by sheets that may go on

    def take(self, high: int) -> None:
        """Let a sheet go on that may cost so much; its share stays taken whatever it spends.

        Raises:
            UsageError: it would go beyond the ceiling.
        """
        if self.taken + high > self.micros:
            most, ceiling = usd(high), usd(self.micros)
            raise UsageError(
                phrase(
                    "it may cost up to {most} (sheets before it {before}), more than --max-cost {ceiling}.",
                    most=most,
                    before=usd(self.taken),
                    ceiling=ceiling,
                )
                if self.taken
                else phrase(
                    "it may cost up to {most}, more than --max-cost {ceiling}.",
                    most=most,
                    ceiling=ceiling,
                ),
                code="max_cost",
                hint=phrase("Nothing was submitted. Raise it, or send fewer rows with --limit."),
            )
        self.taken += high
