"""A redo that is killed at any of its points, and given again, buys each row once more, not twice."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.crash import promises
from tests.crash.enumerate_points import LOOKS
from tests.crash.harness import CONFIG, Campaign, Service, Zygote
from tests.crash.points import Stop

ALL = os.environ.get("BATCH_RUNNER_CRASHES") == "all"
SOME = 6
WAYS = ["command", "cell"]


class Redone:
    """A finished campaign whose rows are wanted once more, by a command or by their cells."""

    def __init__(self, zygote: Zygote, service: Service, folder: Path, way: str) -> None:
        self.zygote, self.service, self.way = zygote, service, way
        self.mark = folder.name
        self.campaign = Campaign(
            folder,
            "csv",
            [f"{word} {self.mark}." for word in ("One", "Two")],
            config=CONFIG + "columns: {decision: Note}\n" * (way == "cell"),
            origin=service.origin,
        )
        ran = zygote.run(folder, *self.campaign.words)
        assert ran.code == 0, ran.said
        if way == "cell":
            head, *lines = self.campaign.grid()
            place = head.index("Note")
            self.campaign.save([head, *([*r[:place], "redo", *r[place + 1 :]] for r in lines)])
        self.words = list(map(str, self.campaign.words))
        if way == "command":
            self.words[:1] = ["redo"]
            self.words.insert(2, "2-9")

    def bought(self) -> Counter[str]:
        """Prompt -> tasks that were accepted for it."""
        return Counter(t["body"]["prompt"] for t in self.service.accepted(f" {self.mark}."))

    def run(self, stop: Stop | None = None) -> list[str]:
        """Give the command; the points it came by."""
        return self.zygote.run(self.campaign.folder, *self.words, stop=stop).points


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.timeout(3000 if ALL else 180)
def test_a_redo_killed_anywhere_never_buys_two(
    way: str, zygote: Zygote, service: Service, folder: Path
) -> None:
    """After the crash the same command goes on: two videos a row at most, none of them lost."""
    calm = Redone(zygote, service, folder / f"calm-{way}", way)
    points = calm.run()
    assert set(calm.bought().values()) == {2}
    points = points[: points.index("ledger.asked(finish)")]  # then it has come to its end
    stops = [Stop(point=name) for name in dict.fromkeys(points) if not LOOKS.match(name)]
    if not ALL:
        steps = [
            s for s in stops if "ledger.c" in (s.point or "") or "reporter" in (s.point or "")
        ]
        stops = random.Random(way).sample(steps, min(SOME, len(steps)))
    for number, stop in enumerate(stops):
        one = Redone(zygote, service, folder / f"{way}-{number}", way)
        one.run(stop)
        for _ in range(2 if way == "cell" else 1):  # with its cells blank it is a run as any other
            one.run()
        bought = one.bought()
        books = promises.read_books(one.campaign, service.accepted(f" {one.mark}."))
        unknown = {job.row for job in books.jobs if str(job.state) == "unknown"}
        assert all(count <= 2 for count in bought.values()), stop
        assert sum(bought.values()) + len(unknown) >= 4, stop
        promises.paid_once_and_kept(books)
