"""A run in a synchronised folder ends at each of its points, and another computer goes on.

``python -m tests.crash.two_computers`` does all of them and prints a table.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import secrets
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from batch_runner.app.place.home import sidecar_at
from tests.crash import promises
from tests.crash.enumerate_points import BUDGET, FATES
from tests.crash.harness import CONFIG, Campaign, Ran, Service, Zygote
from tests.crash.points import Stop

LATE = {"nothing": "nothing", "the sheet": "campaign.csv", "the videos": "videos"}
MOST = Counter({"Fails": 2, "Again": 2})  # tasks of a row: what failed is tried once more


@dataclass
class Computer:
    """One of the two: its own data folder, and its copy of what is synchronised."""

    zygote: Zygote
    root: Path
    campaign: Campaign

    @property
    def data(self) -> Path:
        """The user's data folder on it."""
        return self.root / "data"

    @property
    def synced(self) -> Path:
        """The folder that is synchronised."""
        return self.campaign.folder

    def run(self, *words: str, stop: Stop | None = None) -> Ran:
        """The command, each time the same."""
        self.begin(*words, stop=stop)
        return self.zygote.end()

    def begin(self, *words: str, stop: Stop | None = None) -> None:
        """Start it."""
        more = {"BATCH_RUNNER_DATA": str(self.data)}
        self.zygote.begin(self.root, *self.campaign.words, *words, stop=stop, environment=more)

    def send_to(self, other: Computer, late: str) -> None:
        """The synchroniser passes on what is here, but for what is late."""
        shutil.copytree(
            self.synced, other.synced, dirs_exist_ok=True, ignore=shutil.ignore_patterns(late)
        )

    def books(self, tasks: Sequence[dict[str, object]]) -> promises.Books:
        """What its ledger knows of the tasks that were accepted."""
        ledger = sidecar_at(self.campaign.sidecar, self.data).ledger
        return asyncio.run(promises.read_ledger(ledger, tasks))


@dataclass
class Figures:
    """What all crashes came to."""

    crashes: int = 0
    accepted: int = 0
    unknown: int = 0
    twice: int = 0
    lost: int = 0
    points: Counter[str] = field(default_factory=Counter)


@dataclass
class Two:
    """Campaigns begun on one computer and gone on with on the other."""

    zygote: Zygote
    service: Service
    folder: Path
    figures: Figures = field(default_factory=Figures)
    _batch: str = field(default_factory=lambda: secrets.token_hex(3))
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def pair(self) -> tuple[Computer, Computer]:
        """A fresh campaign on both."""
        mark = self.mark = f"two-{self._batch}-{next(self._numbers):05}"
        prompts = [f"{fate} {mark}.{fault}" for fate, fault in FATES.items()]
        made = []
        for name in ("a", "b"):
            root = self.folder / mark / name
            folder = root / "Dropbox"
            campaign = Campaign(folder, "csv", prompts, CONFIG + BUDGET, self.service.origin)
            made.append(Computer(self.zygote, root, campaign))
        return made[0], made[1]

    def points(self) -> list[Stop]:
        """The points of a run, each at its first two occurrences."""
        first, _ = self.pair()
        ran = first.run()
        assert ran.code == 1, ran.said
        counts: Counter[str] = Counter()
        found = {}
        for name in ran.points:
            counts[name] += 1
            if counts[name] <= 2:
                found[name, counts[name]] = Stop(point=name, times=counts[name])
        return list(found.values())

    def crash(self, stop: Stop, late: str = "nothing") -> None:
        """One run ends at its stop, the other computer takes over, then the first goes on."""
        try:
            self._crash(stop, late)
        except AssertionError as error:
            error.add_note(f"ended at {stop}, {late} was late")
            raise

    def _crash(self, stop: Stop, late: str) -> None:
        first, second = self.pair()
        ran = first.run(stop=stop)
        if ran.code == -9:
            self.figures.crashes += 1
            self.figures.points[ran.points[-1]] += 1
        first.send_to(second, LATE[late])
        took = second.run("--take-over")
        assert took.code in {0, 1}, took.said
        second.send_to(first, LATE["nothing"])
        last = first.run("--take-over")
        assert last.code in {0, 1}, last.said
        self._check(first, second)

    def _check(self, *computers: Computer) -> None:
        tasks = self.service.accepted(f" {self.mark}.")
        bought = Counter(
            str(task["body"]["prompt"]).partition(f" {self.mark}")[0] for task in tasks
        )
        self.figures.twice += sum((bought - _most(bought)).values())
        both = [computer.books(tasks) for computer in computers]
        lost = set(both[0].lost) & set(both[1].lost)
        last, books = computers[0], both[0]  # it has heard of all
        self.figures.lost += len(lost)
        self.figures.unknown += len(books.unknown)
        assert lost == set()
        assert len(books.jobs) == len(FATES)
        assert {str(job.state) for job in books.jobs} <= {"succeeded", "failed", "unknown"}
        promises.sheet_shows_the_ledger(last.campaign, books)
        assert bought - _most(bought) == Counter()
        self.figures.accepted += len(tasks)
        files = [path.name for path in last.synced.rglob("*") if path.is_file()]
        # Half a video of the other computer may lie there; it goes with this one's next run.
        left = [name for name in files if promises.LEFT_OVER.search(name)]
        assert [name for name in left if ".part" not in name] == []
        assert not any(name.startswith(("lease-", "ledger.sqlite")) for name in files)


def _most(bought: Counter[str]) -> Counter[str]:
    return Counter({fate: MOST[fate] or 1 for fate in bought})


def main(words: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--late", nargs="+", default=list(LATE), choices=list(LATE))
    given = parser.parse_args(words)
    head = ("crashes", "points", "accepted", "twice", "lost", "unknown")
    sys.stdout.write(f"{'what is late':<14}" + "".join(f"{name:>10}" for name in head) + "\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        zygote = stack.enter_context(Zygote(folder / "zygote"))
        service = stack.enter_context(Service(folder / "service", "--seconds", "0"))
        for late in given.late:
            two = Two(zygote, service, folder)
            for stop in two.points():
                two.crash(stop, late)
            f = two.figures
            numbers = (f.crashes, len(f.points), f.accepted, f.twice, f.lost, f.unknown)
            sys.stdout.write(f"{late:<14}" + "".join(f"{n:>10}" for n in numbers) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
