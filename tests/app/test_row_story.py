"""``status --row``: the whole story of a row, in plain words, with what a support mail needs."""

from __future__ import annotations

import re

import pytest

from tests.app.conftest import KEY, Cli, Configure, NewSheet, Service

ROWS = {
    "A": ("Fine.", 5),
    "B": ("Fails. [sandbox:failed]", 5),
    "C": ("Lost. [sandbox:accept-then-drop]", 5),
    "D": ("Wrong.", 99),
}


@pytest.fixture
def story(cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure) -> dict[str, str]:
    """What is told of each row of a mixed sheet after one run."""
    prompts, durations = zip(*ROWS.values(), strict=True)
    columns = {"duration": list(durations), "Shot": list(ROWS)}
    sheet = new_sheet("csv", list(prompts), columns=columns)
    configure(sheet, key="Shot")
    cli("run", sheet)
    told = {name: cli("status", sheet, "--row", name) for name in ROWS}
    assert {one.code for one in told.values()} == {0}
    assert KEY not in "".join(one.out for one in told.values())
    return {name: one.out for name, one in told.items()}


def test_a_row_that_went_well(story: dict[str, str], service: Service) -> None:
    """Where the video is, what it cost, what was sent when, what came back, and that it is done."""
    told, task = story["A"], service.task_of("Fine.")
    assert told.startswith("A (row 2): succeeded, model viduq3, $0.40 charged.\n")
    assert re.search(
        r"^  Video: campaign\.csv\.batch/videos/A_\w+\.mp4$", told, flags=re.MULTILINE
    )
    assert re.search(
        r"^  Link: http\S+ \(lives until \d{4}-\d\d-\d\d \d\d:\d\d .+\)$", told, re.MULTILINE
    )
    assert re.search(
        rf"^Attempt 1, sent once to {service.origin}, .*task {task}, ", told, re.MULTILINE
    )
    assert '  Sent: {"model":"viduq3","prompt":"Fine."' in told
    steps = re.findall(r"^  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (\w+)", told, flags=re.MULTILINE)
    assert steps == ["being", "accepted", "made", "downloaded"]
    assert "  The provider said: " in told
    assert told.endswith("Next: nothing, it is done.\n")


def test_rows_that_did_not_say_why_and_what_to_do(story: dict[str, str]) -> None:
    """Failed, unknown and invalid rows: whether it was charged, and the command to type next."""
    assert story["B"].startswith("B (row 3): failed, model viduq3, nothing charged")
    assert (
        story["B"].count("Requested entity was not found") >= 2
    )  # ours, and the provider's words
    assert story["B"].endswith("Next: batch-runner retry campaign.csv\n")
    assert story["C"].startswith("C (row 4): unknown, ")
    assert "task none" in story["C"]
    assert story["C"].endswith("Next: batch-runner resolve campaign.csv\n")
    assert story["D"].startswith("D (row 5): invalid, ")
    assert "Attempt" not in story["D"]
    assert story["D"].endswith("Next: mend the row, then: batch-runner run campaign.csv\n")


def test_each_attempt_is_told_apart(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A row that was tried twice has both tasks, each with its own history."""
    sheet = new_sheet("csv", ["Once. [sandbox:failed-then-ok]"])
    cli("run", sheet)
    cli("retry", sheet)
    told = cli("status", sheet, "--row", "2").out
    first, second = told.split("Attempt 2, ")
    for half, end in ((first, "failed: "), (second, "downloaded: ")):
        assert half.count("being sent") == 1
        assert end in half
    assert {task["task_id"] for task in service.accepted()} == set(
        re.findall(r"task_[0-9A-Z]{20,}", told)
    )


def test_nothing_foreign_moves_the_cursor(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Whatever stands in a row or came from the provider is shown as plain text."""
    sheet = new_sheet("csv", ["Red \x1b[31m \u202e. [sandbox:failed]"])
    cli("run", sheet)
    told = cli("status", sheet, "--row", "2").out
    assert "\x1b" not in told
    assert "\u202e" not in told
