"""After the acceptance: tasks that fail or hang, links that die, downloads that break."""

from __future__ import annotations

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service


def test_a_failed_task_is_no_charge_and_not_sent_again(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Exit 1 once, 0 from then on; only retry sends it again, under another key."""
    prompt = "Fails once. [sandbox:failed-then-ok]"
    sheet = new_sheet(kind, ["Fine.", prompt])

    first, again = cli("run", sheet), cli("run", sheet)

    assert (first.code, again.code) == (1, 0)
    row = sheet.row(prompt)
    assert (row["status"], row["cost_usd"]) == ("failed", "0")
    assert row["error"].startswith("failed: ")
    assert "Not charged." in row["error"]
    assert f"Next: batch-runner retry {sheet.path.name}" in first.out
    assert service.bought()[prompt] == 1

    retried = cli("retry", sheet)

    assert retried.code == 0
    assert service.bought() == {"Fine.": 1, prompt: 2}
    tasks = [task for task in service.accepted() if task["body"]["prompt"] == prompt]
    assert tasks[0]["idempotency_key"] != tasks[1]["idempotency_key"]
    row = sheet.row(prompt)
    assert (row["status"], row["error"]) == ("succeeded", "")
    assert row["task_id"] == tasks[1]["task_id"]
    assert len(sheet.videos) == 2


def test_failed_tasks_are_tried_again_if_the_config_says_so(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """retry.failed_tasks: so many new attempts in the same run, and no more."""
    once, always = "Fails once. [sandbox:failed-then-ok]", "Always. [sandbox:failed]"
    sheet = new_sheet("csv", [once, always])
    configure(sheet, retry={"failed_tasks": 2})

    done = cli("run", sheet)

    assert done.code == 1
    assert service.bought() == {once: 2, always: 3}
    assert sheet.column("status") == ["succeeded", "failed"]


def test_retry_takes_only_the_lines_it_is_told(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Retry --rows leaves other failed rows as they are."""
    one, two = "One. [sandbox:failed-then-ok]", "Two. [sandbox:failed-then-ok]"
    sheet = new_sheet("csv", [one, two])
    cli("run", sheet)

    cli("retry", sheet, "--rows", "3")

    assert sheet.column("status") == ["failed", "succeeded"]
    assert service.bought() == {one: 1, two: 2}


def test_a_task_beyond_its_deadline_stays_running(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Exit 3, the task is kept and looked at by the next run, and never sent again."""
    prompt = "Takes long. [sandbox:stuck]"
    sheet = new_sheet("xlsx", [prompt, "Fine."])
    configure(sheet, deadline={"task": "100ms"})

    codes = [cli("run", sheet).code for _ in range(2)]

    assert codes == [3, 3]
    assert sheet.column("status") == ["running", "succeeded"]
    assert sheet.row(prompt)["task_id"] == service.task_of(prompt)
    assert service.bought()[prompt] == 1
    looks = service.answers("GET /v1/tasks/{task_id}")
    assert sum(looks.values()) > 2


@pytest.mark.parametrize("fault", ["link-expired", "cut-download", "unknown-status"])
def test_trouble_with_the_video_passes(
    cli: Cli, service: Service, new_sheet: NewSheet, fault: str
) -> None:
    """A dead link is asked for anew, a broken download starts again; the file is whole."""
    sheet = new_sheet("csv", [f"Troubled. [sandbox:{fault}]", "Fine."])

    done = cli("run", sheet)

    assert done.code == 0
    assert sheet.column("status") == ["succeeded"] * 2
    sizes = {video.stat().st_size for video in sheet.videos}
    assert len(sheet.videos) == 2
    assert len(sizes) == 1
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    assert not list(sheet.sidecar.rglob("*.part"))


def test_a_broken_download_goes_on_or_starts_anew_and_is_right(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Cut half way, then continued where the server is honest; otherwise all of it once more."""
    lies = ["no-range", "wrong-range", "wrong-length", "changed-video", "cut-at=5000"]
    prompts = [f"Cut. [sandbox:cut-download][sandbox:{lie}]" for lie in lies]
    sheet = new_sheet("csv", ["Honest. [sandbox:cut-download]", *prompts])

    done = cli("run", sheet)

    assert done.code == 0
    assert sheet.column("status") == ["succeeded"] * 6
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    assert len({video.stat().st_size for video in sheet.videos}) == 1
    assert len(sheet.videos) == 6
    answers = service.answers("GET /files/video/{task_id}/{number}-{expires}.mp4")
    # The honest ones gave the rest, two liars were caught, two began anew by themselves.
    assert (answers["closed"], answers["206"], answers["200"]) == (6, 2 + 2, 2 + 2)


@pytest.mark.parametrize("fault", ["not-a-video", "no-link"])
def test_a_paid_video_that_cannot_be_had_is_fetched_later(
    cli: Cli, service: Service, new_sheet: NewSheet, fault: str
) -> None:
    """Done but not obtainable: succeeded with an error, exit 1; the next run heals it for free."""
    service.misbehave(fault)
    sheet = new_sheet("csv", ["One."])

    first = cli("run", sheet)

    assert first.code == 1
    row = sheet.row("One.")
    assert (row["status"], row["video_file"]) == ("succeeded", "")
    assert row["error"].startswith("video ")
    assert "is paid" in row["error"]
    assert sheet.videos == []
    assert f"Next: batch-runner run {sheet.path.name}" in first.out

    service.misbehave()
    healed = cli("run", sheet)

    assert healed.code == 0
    row = sheet.row("One.")
    assert (row["status"], row["error"]) == ("succeeded", "")
    assert len(sheet.videos) == 1
    assert len(service.accepted()) == 1


def test_a_deleted_video_is_nobodys_loss(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A finished row whose file the user moved away is not bought again."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    sheet.videos[0].unlink()

    assert cli("run", sheet).code == 0
    assert len(service.accepted()) == 1


def test_a_video_is_never_put_over_a_file_of_somebody_else(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A file that has the name already keeps its bytes; the video gets another name."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet, "--no-download")
    mark = sheet.row("One.")["job"][:8]
    folder = sheet.path.parent / "films"
    folder.mkdir()
    other = folder / f"2_{mark}.mp4"
    other.write_bytes(b"mine")
    sheet.edit(lambda grid: [*grid, ["Two.", grid[1][1]]])

    cli("retry", sheet, "--changed", "--set", "duration=8", "--videos", "films")

    assert other.read_bytes() == b"mine"
    name = sheet.row("One.")["video_file"]
    assert name != "films/" + other.name
    assert (sheet.path.parent / name).read_bytes()[4:8] == b"ftyp"
