"""A run that ends while it uploads pictures, run again: nothing is paid twice, and rows are whole."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.app.pictured import picture
from tests.crash.harness import POLL, Service, Zygote
from tests.crash.points import Stop

STOPS = (
    "provider.upload",
    "provider.uploaded",
    "ledger.asked(keep)",
    "ledger.answered(keep)",
    "ledger.commit(claimed)",
    "ledger.committed(claimed)",
    "provider.submit",
    "provider.submitted",
)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("point", STOPS)
def test_ended_between_upload_and_answer_each_row_is_paid_once(
    point: str, times: int, zygote: Zygote, service: Service, folder: Path
) -> None:
    """An upload may be repeated, for it is free; a submit never is: it is held as unknown."""
    mark = f"{point} {times}"
    for name, shade in (("a.png", 1), ("b.png", 2)):
        (folder / name).write_bytes(picture(shade))
    rows = [[f"{mark} {n}", name] for n, name in enumerate(("a.png", "b.png", "a.png"))]
    sheet = folder / "campaign.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["prompt", "image_urls"], *rows])
    (folder / "campaign.yaml").write_text(f"{POLL}limits: {{rate: 200/s, concurrency: 1}}\n")
    words = ("run", sheet, "--base-url", service.origin)

    killed = zygote.run(folder, *words, stop=Stop(point, times))
    ended = zygote.run(folder, *words)

    assert killed.code < 0, killed.said
    assert ended.code in {0, 1}, ended.said
    paid = Counter(task["body"]["prompt"] for task in service.accepted(of=mark))
    assert set(paid.values()) == {1}
    with sheet.open(encoding="utf-8", newline="") as file:
        shown = {row["prompt"]: row for row in csv.DictReader(file)}
    states = Counter(row["status"] for row in shown.values())
    assert states["succeeded"] + states["unknown"] == 3
    assert states["unknown"] <= 1
    assert states["unknown"] == 0 or times > 1 or point in STOPS[4:]
    assert all(shown[text]["status"] != "failed" for text in paid)
