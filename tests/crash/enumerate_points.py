"""End a run at each of its points in turn, run it again, and check every promise.

``python -m tests.crash.enumerate_points --kinds csv xlsx`` does all of them and prints a table.
"""

from __future__ import annotations

import argparse
import itertools
import re
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash import promises
from tests.crash.harness import CONFIG, Campaign, Service, Zygote
from tests.crash.points import KILLED, Stop

FATES = {
    "Fine": "",
    "Fails": " [sandbox:failed]",
    "Again": " [sandbox:failed-then-ok]",
    "Dead link": " [sandbox:link-expired]",
    "Lost": " [sandbox:accept-then-drop]",
}
BUDGET = "budget: {month_usd: 1000000}\n"  # so that the user's own books are asked each time
# The steps of the money and of the sheet; the others are looks into the ledger.
LOOKS = re.compile(
    r"ledger\.(asked|answered)\((?!claim|record|start|enrol|finish|set_meta|save_out)"
    r"|ledger\.commit(ted)?\(\)"
)


@dataclass
class Figures:
    """What all crashes of one scenario came to."""

    crashes: int = 0
    calm: int = 0  # the point was not come by this time
    accepted: int = 0
    unknown: int = 0
    points: Counter[str] = field(default_factory=Counter)


@dataclass
class Scenario:
    """Campaigns of one kind, each crashed somewhere."""

    zygote: Zygote
    service: Service
    folder: Path
    kind: str
    replay: bool = False
    turn: bool = False  # somebody sorts the sheet before it is run again
    figures: Figures = field(default_factory=Figures)
    _batch: str = field(default_factory=lambda: secrets.token_hex(3))
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def campaign(self) -> Campaign:
        """A fresh one: other prompts, so that the provider's log tells it from all others."""
        name = self.kind + "-replay" * self.replay + "-sorted" * self.turn
        mark = self.mark = f"{name}-{self._batch}-{next(self._numbers):05}"
        return Campaign(
            self.folder / mark,
            self.kind,
            [f"{fate} {mark}.{fault}" for fate, fault in FATES.items()],
            config=CONFIG + BUDGET + "idempotency: replay\n" * self.replay,
            origin=self.service.origin,
        )

    def points(self) -> list[Stop]:
        """The points of a run and of the run after it, each at its first two occurrences."""
        campaign, found = self.campaign(), {}
        for _ in range(2):
            counts: Counter[str] = Counter()
            ran = self.zygote.run(campaign.folder, *campaign.words)
            assert ran.code in {0, 1}, ran.said
            for name in ran.points:
                counts[name] += 1
                if counts[name] <= 2:
                    found[name, counts[name]] = Stop(point=name, times=counts[name])
        return list(found.values())

    def crash(self, *stops: Stop) -> bool:
        """Run, ended at each stop in turn, then to the end; whether any stop was come to."""
        try:
            return self._crash(stops)
        except AssertionError as error:
            error.add_note(f"{self.kind}: ended at {stops}")
            raise

    def _crash(self, stops: Sequence[Stop]) -> bool:
        campaign = self.campaign()
        ended, sent = False, set[str]()
        for stop in stops:
            ended = self._crash_once(campaign, stop) or ended
            sent |= promises.read_books(campaign, self._tasks()).on_their_way
        if self.turn:
            campaign.turn()
        self._finish(campaign, sent)
        return ended

    def _crash_once(self, campaign: Campaign, stop: Stop) -> bool:
        ran = self.zygote.run(campaign.folder, *campaign.words, stop=stop)
        campaign.is_whole()
        if ran.code == -9:
            self.figures.crashes += 1
            self.figures.points[ran.points[-1]] += 1
            return True
        assert ran.code in {0, 1}, ran.said
        self.figures.calm += 1
        return False

    def _tasks(self) -> list[dict[str, object]]:
        return self.service.accepted(f" {self.mark}.")

    def _finish(self, campaign: Campaign, sent: set[str]) -> None:
        last = self.zygote.run(campaign.folder, *campaign.words)
        promises.nothing_is_left_behind(campaign)
        books = promises.read_books(campaign, self._tasks())
        promises.paid_once_and_kept(books)
        promises.sheet_shows_the_ledger(campaign, books)
        promises.user_books_agree(self.zygote.home, campaign, books)
        assert {str(job.state) for job in books.jobs} <= {"succeeded", "failed", "unknown"}
        assert len(books.jobs) == len(FATES)
        if self.replay:
            assert books.unknown == set()
            assert last.code in {0, 1}, last.said
        else:
            assert last.code == 1, last.said
            lost = {key for key, (_, a) in books.attempts.items() if a.error_code != "interrupted"}
            assert books.unknown <= sent | lost
        self.figures.accepted += len(books.tasks)
        self.figures.unknown += len(books.unknown)


def main(words: Sequence[str] | None = None) -> int:
    """All points of all scenarios; prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=["csv", "xlsx"])
    parser.add_argument("--every", action="store_true", help="the n-th point, n = 1, 2, 3 ...")
    given = parser.parse_args(words)
    write = sys.stdout.write
    write(f"{'scenario':<18}{'crashes':>8}{'points':>8}{'accepted':>10}{'unknown':>9}\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        zygote = stack.enter_context(Zygote(folder / "zygote"))
        service = stack.enter_context(Service(folder / "service", "--seconds", "0"))
        for kind, (replay, turn) in itertools.product(
            given.kinds, [(False, False), (True, False), (False, True)]
        ):
            scenario = Scenario(zygote, service, folder, kind, replay=replay, turn=turn)
            if given.every:
                every_number(scenario)
            else:
                for stop in scenario.points():
                    scenario.crash(stop)
            name = kind + (" replay" if replay else "") + (" sorted" if turn else "")
            f = scenario.figures
            write(f"{name:<18}{f.crashes:>8}{len(f.points):>8}{f.accepted:>10}{f.unknown:>9}\n")
            sys.stdout.flush()
    return 0


def every_number(scenario: Scenario) -> None:
    """End at the first point, the second ... until a run ends normally."""
    for number in itertools.count(1):
        if not scenario.crash(Stop(number=number)):
            return


__all__ = ["KILLED", "Figures", "Scenario", "main"]

if __name__ == "__main__":
    sys.exit(main())
