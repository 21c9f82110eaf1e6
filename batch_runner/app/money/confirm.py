"""``--confirm-above``: what a command may cost without somebody saying yes to it."""

from __future__ import annotations

from dataclasses import dataclass

from batch_runner.app.sheet.plan import usd
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase


@dataclass(kw_only=True)
class ConfirmAbove:
    """A threshold that the sheets of one command reach together, by their high estimates."""

    micros: int
    taken: int = 0  # micro-dollars of sheets that may go on

    def asks(self, high: int, *, terminal: bool) -> bool:
        """Whether somebody has to be asked before so much is sent.

        Raises:
            UsageError: somebody has to, and nobody is there.
        """
        self.taken += high
        if self.taken <= self.micros:
            return False
        if terminal:
            return True
        self.taken -= high  # it is not sent
        raise UsageError(
            phrase(
                "with the sheets before it, it may cost up to {high}: above {most} somebody has to "
                "confirm it, and nobody can be asked here.",
                high=usd(self.taken + high),
                most=usd(self.micros),
            ),
            code="not_confirmed",
            hint=phrase(
                "Nothing was submitted. Run it on a terminal (--yes is no answer to this), raise "
                "--confirm-above, or send fewer rows with --limit."
            ),
        )
