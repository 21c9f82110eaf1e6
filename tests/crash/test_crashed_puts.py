"""A run that is killed while it puts a video elsewhere goes on with it: not lost, not twice."""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.crash.harness import CONFIG, Campaign, Service, Zygote
from tests.crash.points import Stop

ALL = os.environ.get("BATCH_RUNNER_CRASHES") == "all"
SOME = 3
BASE = "https://cdn.example.com/"
STEPS = re.compile(
    r"storage\.|ledger\.commit(ted)?\((stored|published|ready)|provider\.(renamed|synced)"
    r"|os\.(rename|remove)\(.*\.(whole|tmp)"
)


class Put:
    """A campaign whose videos go to another place, to be kept there or to be published."""

    def __init__(self, zygote: Zygote, service: Service, folder: Path, wanted: str) -> None:
        self.zygote, self.service = zygote, service
        self.mark = folder.name
        self.place = folder / "share"
        # One row: of another one the kill might cut off the request.
        self.campaign = Campaign(folder, "csv", [f"One {self.mark}."], origin=service.origin)
        there = {"folder": self.place.as_uri()}
        setting = {
            "kept": {"download": there},
            "published": {"publish": {"to": str(self.place), "base_url": BASE}},
        }[wanted]
        (folder / "campaign.yaml").unlink()
        config = folder / "trusted.yaml"
        more = "".join(f"{name}: {json.dumps(value)}\n" for name, value in setting.items())
        config.write_text(CONFIG + more, encoding="utf-8")
        self.words = [*map(str, self.campaign.words), "--config", str(config)]

    def run(self, stop: Stop | None = None) -> list[str]:
        """Give the command; the points it came by."""
        ran = self.zygote.run(self.campaign.folder, *self.words, stop=stop)
        assert ran.code == 0 or stop is not None, ran.said
        return ran.points

    def is_well(self) -> None:
        """The row shows its video, whole, and nothing else lies there."""
        bought = Counter(task["body"]["prompt"] for task in self.service.accepted(self.mark))
        assert set(bought.values()) == {1}
        shown = set()
        for row in self.campaign.rows():
            url = row["video_url"] if row["video_url"].startswith(BASE) else row["video_file"]
            path = self.place / unquote(url.rpartition("/")[2])
            assert path.read_bytes().endswith(row["task_id"].encode())
            shown.add(path)
        assert shown == set(self.place.iterdir())
        assert not list(self.campaign.sidecar.glob("incoming/*"))


@pytest.mark.parametrize("wanted", ["kept", "published"])
@pytest.mark.timeout(3000 if ALL else 180)
def test_a_put_killed_anywhere_is_done_by_the_next_run(
    wanted: str, zygote: Zygote, service: Service, folder: Path
) -> None:
    """One more run, and the video lies there under its name, paid once."""
    calm = Put(zygote, service, folder / f"calm-{wanted}", wanted)
    stops = [name for name in dict.fromkeys(calm.run()) if STEPS.match(name)]
    calm.is_well()
    assert {"storage.put", "storage.copied", "storage.uploaded"} <= set(stops)
    if not ALL:
        stops = random.Random(wanted).sample(stops, min(SOME, len(stops)))
    for number, point in enumerate(stops):
        one = Put(zygote, service, folder / f"{wanted}-{number}", wanted)
        one.run(Stop(point=point))
        one.run()
        one.is_well()
