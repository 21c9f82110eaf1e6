"""A pilot: a handful of rows that stands for the sheet, then a look, then the rest."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.app.conftest import Cli, NewSheet, Service

PROMPTS = [f"Line {n}." for n in range(2, 12)]


def test_a_pilot_shows_every_kind_of_row(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Each model, resolution and length first, cheapest of its kind; the same each time."""
    sheet = new_sheet(
        "csv",
        PROMPTS,
        columns={
            "model": ["viduq3"] * 7 + ["viduq3-mix"] * 3,
            "duration": [16, 16, 16, 16, 5, 5, 5, 5, 5, 8],
            "resolution": ["1080p"] + ["720p"] * 9,
        },
    )

    assert cli("run", sheet, "--pilot", "4").code == 0

    asked = Counter(
        (task["body"]["model"], task["body"]["resolution"], task["body"]["duration"])
        for task in service.accepted()
    )
    assert asked == {
        ("viduq3", "720p", 5): 1,
        ("viduq3-mix", "720p", 5): 1,
        ("viduq3", "1080p", 16): 1,
        ("viduq3-mix", "720p", 8): 1,
    }


def test_a_pilot_stops_for_a_look(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Exit 0, what is left with what it likely costs, and the command that does it."""
    sheet = new_sheet("csv", PROMPTS, columns={"batch": [1] * 8 + [2] * 2})

    pilot = cli("run", sheet, "--pilot", "3", "--where", "batch == 1")

    assert pilot.code == 0
    assert len(service.accepted()) == 3
    assert "The pilot of 3 videos is done" in pilot.err
    assert "5 videos to be made" in pilot.out
    assert "as 3 videos of this sheet cost" in pilot.out
    assert "Next: batch-runner run" in pilot.out
    assert "--where='batch == 1'" in pilot.out.replace(
        "'--where=batch == 1'", "--where='batch == 1'"
    )


def test_a_pilot_with_yes_goes_on_by_itself(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The rest follows, each row once, and the summary is of both."""
    sheet = new_sheet("csv", PROMPTS)

    done = cli("run", sheet, "--pilot", "2", "--yes", "--json")

    assert done.code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert done.json["new"] == {"succeeded": 10}
    assert done.json["next"] is None


def test_a_pilot_that_fails_stops_all_the_same(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The rest would most likely fail, too: --yes is no answer to that."""
    sheet = new_sheet("csv", ["Fails. [sandbox:failed]", *PROMPTS])

    failed = cli("run", sheet, "--pilot", "1", "--yes")

    assert failed.code == 1
    assert len(service.accepted()) == 1


def test_the_rest_of_a_pilot_holds_the_limits_of_money(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Where the rest may cost too much, it is not begun, and the run says so with exit 3."""
    sheet = new_sheet("csv", PROMPTS)

    stopped = cli("run", sheet, "--pilot", "2", "--yes", "--max-cost", "2")

    assert stopped.code == 3
    assert len(service.accepted()) == 2
    assert "after the pilot: it may cost up to" in stopped.out


def test_a_pilot_of_a_plan_is_part_of_it(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """The plan that check showed holds for the pilot and for the rest after it."""
    sheet = new_sheet("csv", PROMPTS)
    agreed = cli("check", sheet, "--json").json["plan"]["id"]

    assert cli("run", sheet, "--pilot", "2", "--plan", agreed).code == 0
    assert len(service.accepted()) == 2
    assert cli("run", sheet, "--plan", agreed).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 1)


@pytest.mark.parametrize("size", [1, 9, 50])
def test_a_pilot_takes_as_many_as_it_says(
    cli: Cli, service: Service, new_sheet: NewSheet, size: int
) -> None:
    """Or all there are."""
    sheet = new_sheet("csv", PROMPTS)
    assert cli("run", sheet, "--pilot", str(size)).code == 0
    assert len(service.accepted()) == min(size, len(PROMPTS))
