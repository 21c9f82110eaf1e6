"""A computer dies in a run; another one that shares the folder goes on, and then the first again.

``BATCH_RUNNER_CRASHES=all`` takes every point; ``python -m tests.crash.two_computers`` prints the
table.
"""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.crash.enumerate_points import LOOKS
from tests.crash.harness import POLL, Campaign, Service, Zygote
from tests.crash.test_crash_points import ALL
from tests.crash.two_computers import LATE, Computer, Two

STEPS = {"sent.tells", "sent.told", "ledger.committed(claimed)", "provider.submit"}
MATTER = ("sent.", "ledger.committed(", "provider.", "open(lease", "open(campaign.json", "os.")
SOME = 8


@pytest.mark.timeout(3000 if ALL else 120)
def test_whoever_goes_on_pays_nothing_twice_and_loses_nothing(
    zygote: Zygote, service: Service, folder: Path
) -> None:
    """Ended anywhere, with the sheet or the videos late: each row is bought once by both together."""
    two, dice = Two(zygote, service, folder), random.Random(1)
    stops = two.points()
    assert {stop.point for stop in stops} >= STEPS
    matter = [s for s in stops if s.point and s.point.startswith(MATTER)]
    some = [s for s in matter if s.times == 1 and not LOOKS.match(s.point or "")]
    for stop in stops if ALL else dice.sample(some, SOME):
        two.crash(stop, dice.choice(list(LATE)))
    assert two.figures.crashes


def test_what_arrives_during_a_run_is_heeded_before_the_next_send(
    zygote: Zygote, folder: Path
) -> None:
    """The file of what another computer sent comes late, in the midst of a run: those rows wait."""
    config = POLL + "limits: {rate: 200/s, concurrency: 1}\n"
    with Service(folder / "slow", "--seconds", "0.3") as service:
        prompts = [f"Row {n}." for n in range(4)]
        first, second = (
            Computer(
                zygote,
                folder / name,
                Campaign(folder / name / "Dropbox", "csv", prompts, config, service.origin),
            )
            for name in ("a", "b")
        )
        assert first.run("--only", "4,5").code == 0
        second.begin()
        while len(service.accepted()) < 3:  # the first of its own rows is being made
            time.sleep(0.01)
        for path in first.campaign.sidecar.glob("sent-*"):
            shutil.copy(path, second.campaign.sidecar)
        ran = second.zygote.end()

        assert "2 rows were sent by other computers" in ran.said
        assert ran.code == 3  # they are not done
        assert second.run().code == 0
        assert sorted(task["body"]["prompt"] for task in service.accepted()) == prompts
        assert [row["status"] for row in second.campaign.rows()] == ["succeeded"] * 4


def test_two_first_runs_at_the_same_moment_agree_on_one_ledger(
    zygote: Zygote, service: Service, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On one computer, in a synchronised folder that has no id yet: one works, the other says 75."""
    with Zygote(tmp_path_factory.mktemp("other")) as other:
        for turn in range(2):
            prompts = [f"Row {n} of moment {turn}." for n in range(3)]
            root = folder / f"moment-{turn}"
            campaign = Campaign(root / "Dropbox", "csv", prompts, POLL, service.origin)
            pair = [Computer(one, root, campaign) for one in (zygote, other)]
            for computer in pair:
                computer.begin()
            ran = [computer.zygote.end() for computer in pair]
            assert sorted(one.code for one in ran) in ([0, 75], [0, 0]), [one.said for one in ran]
            bought = [t["body"]["prompt"] for t in service.accepted(f"moment {turn}")]
            assert sorted(bought) == prompts
            assert len(list(root.glob("data/ledgers/*/ledger.sqlite"))) == 1
