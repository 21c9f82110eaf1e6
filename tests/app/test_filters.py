"""Filters limit new submissions, and a run without them does the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service

PROMPTS = ["Line 2.", "Line 3.", "Line 4.", "Line 5.", "Line 6."]


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (["--limit", "2"], ["Line 2.", "Line 3."]),
        (["--only", "3,5-6"], ["Line 3.", "Line 5.", "Line 6."]),
        (["--only", "5-6", "--limit", "1"], ["Line 5."]),
        (["--only", "new"], PROMPTS),
        (["--only", "failed"], []),
        (["--pilot", "3"], ["Line 2.", "Line 4.", "Line 6."]),
        (["--pilot", "1"], ["Line 2."]),
        (["--pilot", "9"], PROMPTS),
    ],
)
def test_only_what_passes_the_filter_is_sent(
    cli: Cli, service: Service, new_sheet: NewSheet, options: Sequence[str], chosen: Sequence[str]
) -> None:
    """The filtered run sends these rows and calls the others skipped; the next run sends those."""
    sheet = new_sheet("csv", PROMPTS)

    some = cli("run", sheet, *options)

    assert some.code == 0
    assert service.bought() == dict.fromkeys(chosen, 1)
    for row in sheet.rows():
        sent = row["prompt"] in chosen
        assert row["status"] == ("succeeded" if sent else "skipped")
        assert bool(row["job"]) == sent
    assert cli("run", sheet).code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert sheet.column("status") == ["succeeded"] * 5


def test_skipped_is_written_over_nothing_that_means_something(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A filter never hides that a row succeeded, failed, or is invalid."""
    prompts = ["Done.", "Fails. [sandbox:failed]", "Wrong."]
    sheet = new_sheet(kind, prompts, columns={"duration": [5, 5, 99]})
    cli("run", sheet)
    before = sheet.rows()

    again = cli("run", sheet, "--only", "2")

    assert again.code == 0
    assert sheet.rows() == before


def test_a_limit_in_the_config_holds_for_each_run(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """filter: limit lets a nightly job take so many rows each time, until all are done."""
    sheet = new_sheet("xlsx", PROMPTS)
    configure(sheet, filter={"limit": 2})

    counts = []
    for _ in range(4):
        assert cli("run", sheet).code == 0
        counts.append(len(service.accepted()))

    assert counts == [2, 4, 5, 5]


def test_only_failed_is_a_new_attempt_for_failed_rows(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """--only failed sends failed rows once more under a new key, and no new or unknown ones."""
    fails, lost = "Fails once. [sandbox:failed-then-ok]", "Lost. [sandbox:accept-then-drop]"
    sheet = new_sheet("csv", [fails, lost, "New."])
    cli("run", sheet, "--only", "2-3")
    assert sheet.column("status") == ["failed", "unknown", "skipped"]

    again = cli("run", sheet, "--only", "failed")

    assert again.code == 1  # one is unknown
    assert service.bought() == {fails: 2, lost: 1}
    assert len({task["idempotency_key"] for task in service.accepted()}) == 3
    assert sheet.column("status") == ["succeeded", "unknown", "skipped"]


def test_tasks_under_way_are_no_filters_business(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """What was accepted is polled and fetched, whatever the filter of a later run says."""
    sheet = new_sheet("xlsx", PROMPTS)
    service.misbehave("stuck")
    configure(sheet, deadline={"task": "50ms"})
    assert cli("run", sheet, "--limit", "2").code == 3
    assert sheet.column("status")[:2] == ["running", "running"]

    again = cli("run", sheet, "--only", "6")

    assert again.code == 3
    assert len(service.accepted()) == 3
    assert sheet.column("status") == ["running", "running", "skipped", "skipped", "running"]
    assert all(sheet.column("task_id")[:2])
