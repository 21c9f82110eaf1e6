"""Kill runs again and again, under faults and at the worst moments, and count what it cost.

``python -m tests.crash.kill_loop --kills 200`` prints a table: for each signal how often it was
sent, what the provider accepted, and what was paid twice, lost, unknown or torn.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash import promises
from tests.crash.enumerate_points import BUDGET
from tests.crash.harness import CONFIG, Campaign, Service, Zygote
from tests.crash.points import Stop

ROWS = 10
FAULTS = {
    "accept-then-drop": 0.15,
    "502-after-accept": 0.1,
    "truncated": 0.1,
    "429": 0.1,
    "cut-download": 0.15,
    "link-expired": 0.15,
    "slow": 0.02,  # seconds
}
AIMED = (
    "ledger.commit(claimed)",
    "ledger.committed(claimed)",
    "provider.submit",
    "provider.submitted",
    "ledger.commit(accepted)",
    "ledger.committed(accepted)",
    "ledger.commit(stored)",
    "provider.synced",
    "provider.renamed",
    "reporter.filled",
    "reporter.synced",
    "reporter.renamed",
)
ENDED = {signal.SIGKILL: {-9}, signal.SIGTERM: {143}, signal.SIGINT: {130}}
MOST_RUNS = 12  # of one campaign
MOST_TROUBLES = 10  # then it is no use to go on
GOES_ON = {3}  # stopped early and resumable


@dataclass
class Figures:
    """What became of all that was killed."""

    kills: int = 0
    campaigns: int = 0
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    unknown: int = 0
    torn: int = 0
    unwell: list[str] = field(default_factory=list)  # whatever else was not as promised


@dataclass
class Loop:
    """Campaigns killed by one signal."""

    zygote: Zygote
    service: Service
    folder: Path
    dice: random.Random
    figures: Figures = field(default_factory=Figures)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def campaign(self, number: signal.Signals, kills: int) -> None:
        """One campaign, killed at most so often, then let to its end."""
        mark = f"{number.name}-{next(self._numbers):04}"
        campaign = Campaign(
            self.folder / mark,
            self.dice.choice(["csv", "xlsx"]),
            [f"Box {n} of {mark}." for n in range(ROWS)],
            config=CONFIG + BUDGET + self.dice.choice(["", "idempotency: replay\n"]),
            origin=self.service.origin,
        )
        for _ in range(min(kills, self.dice.randint(1, MOST_RUNS))):
            if not self._killed(campaign, number):
                break
        self._settle(campaign, mark)

    def _killed(self, campaign: Campaign, number: signal.Signals) -> bool:
        """Run until the moment that the dice say; false: it came to its end before."""
        slow = self.dice.choice([0.0, 0.0, 0.005])
        if self.dice.random() < 0.5:
            aim, times = self.dice.choice(AIMED), self.dice.randint(1, 4)
            stop = Stop(point=aim, times=times, signal=number, slow_disk=slow)
        else:
            moment = round(10 ** self.dice.uniform(0, 2.9))
            stop = Stop(number=moment, signal=number, slow_disk=slow)
        ran = self.zygote.run(campaign.folder, *campaign.words, stop=stop)
        self._look(campaign)
        if self.dice.random() < 0.2:
            campaign.turn()
        if ran.code in ENDED[number]:
            self.figures.kills += 1
            return True
        if ran.code not in {0, 1}:
            self.figures.unwell.append(ran.said)
        return False

    def _look(self, campaign: Campaign) -> None:
        try:
            campaign.is_whole()
        except Exception as error:  # noqa: BLE001 - whatever a torn file makes a reader say
            self.figures.torn += 1
            self.figures.unwell.append(repr(error))

    def _settle(self, campaign: Campaign, mark: str) -> None:
        """Let it come to its end, and add up."""
        code = 3
        while code in GOES_ON:
            last = self.zygote.run(campaign.folder, *campaign.words)
            code = last.code
        figures = self.figures
        if code not in {0, 1}:
            figures.unwell.append(last.said)
        self._look(campaign)
        try:
            promises.nothing_is_left_behind(campaign)
            books = promises.read_books(campaign, self.service.accepted(f" {mark}."))
            promises.sheet_shows_the_ledger(campaign, books)
            promises.user_books_agree(self.zygote.home, campaign, books)
        except AssertionError as error:
            figures.unwell.append(f"{mark}: {error}")
            return
        figures.campaigns += 1
        figures.accepted += len(books.tasks)
        figures.duplicates += books.duplicates + books.unasked
        figures.lost += len(books.lost) + ROWS - len(books.jobs)
        figures.unknown += len(books.unknown)


def loop(kills: int, number: signal.Signals, folder: Path, seed: int) -> Figures:
    """Kill so often by one signal."""
    with ExitStack() as stack:
        zygote = stack.enter_context(Zygote(folder / "zygote"))
        faults = [f"--fault={name}={share}" for name, share in FAULTS.items()]
        service = stack.enter_context(
            Service(folder / "service", "--seconds", "0-0.05", "--seed", str(seed), *faults)
        )
        killing = Loop(zygote, service, folder, random.Random(f"{seed} {number}"))
        while killing.figures.kills < kills and len(killing.figures.unwell) < MOST_TROUBLES:
            killing.campaign(number, kills - killing.figures.kills)
        return killing.figures


HEAD = ("kills", "campaigns", "accepted", "duplicates", "lost", "unknown", "torn")


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 if anything was paid twice, lost or torn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of each signal")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    sys.stdout.write(f"{'signal':<10}" + "".join(f"{name:>12}" for name in HEAD) + "\n")
    bad = False
    for number in ENDED:
        with tempfile.TemporaryDirectory() as folder:
            figures = loop(given.kills, number, Path(folder), given.seed)
        numbers = "".join(f"{getattr(figures, name):>12}" for name in HEAD)
        troubles = "".join(f"  {text[-500:]}\n" for text in figures.unwell)
        sys.stdout.write(f"{number.name:<10}{numbers}\n{troubles}")
        sys.stdout.flush()
        bad = bad or bool(figures.duplicates or figures.lost or figures.torn or figures.unwell)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
