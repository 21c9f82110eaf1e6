"""The last lines of a run are true, and name what really helps."""

from __future__ import annotations

import shlex

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service


def test_rows_left_out_are_not_called_done(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A filter leaves rows that are said, and only a run over all calls everything done."""
    sheet = new_sheet("csv", ["One.", "Two.", "Three."])

    some = cli("run", sheet, "--limit", "1")

    assert some.code == 0
    assert "Done, but for 2 rows left out by the filter." in some.out
    assert "Everything is done." in cli("run", sheet).out
    assert service.bought() == {"One.": 1, "Two.": 1, "Three.": 1}


def test_rows_that_were_not_taken_are_the_reason(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A run that used its attempts up leaves with 3 and says so, also in its document."""
    service.misbehave("400-channel")
    sheet = new_sheet("csv", ["One."])
    configure(sheet, retry={"submit_attempts": 1})

    stopped = cli("run", sheet, "--json")

    assert stopped.code == 3
    assert stopped.json["stopped"]["code"] == "not_taken"
    assert "Stopped early: 1 row could not be sent yet" in stopped.err


@pytest.mark.parametrize(
    ("fault", "remedy"), [("key-refused", "batch-runner setup"), ("402-after=0", "Top up")]
)
def test_a_stop_says_what_helps(
    cli: Cli, service: Service, new_sheet: NewSheet, fault: str, remedy: str
) -> None:
    """Where running again does not help by itself, what does is said."""
    service.misbehave(fault)

    stopped = cli("run", new_sheet("csv", ["One."]))

    assert stopped.code == 3
    assert remedy in stopped.out


def test_a_refused_row_is_to_be_corrected(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A command that would leave a refused row out is not named as the next one."""
    sheet = new_sheet("csv", ["Forbidden. [sandbox:moderated]"])

    done = cli("run", sheet)

    assert done.code == 1
    assert "1 row is refused for content or input: correct" in done.out
    assert f"Next: batch-runner run {sheet.path.name}" in done.out


def test_buying_again_is_not_called_left_alone(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The plan of retry --changed counts what it buys once, and not as left alone."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)

    again = cli("retry", sheet, "--changed", "--set", "duration=8")

    assert "1 row: 1 once more." in again.out
    assert "another way" not in again.out
    assert service.bought() == {"One.": 2}


@pytest.mark.parametrize("name", ["-x", "a $(touch hacked); b's"])
def test_the_next_command_holds_any_name(
    cli: Cli, service: Service, new_sheet: NewSheet, name: str
) -> None:
    """A sheet's name is quoted for a shell: it is one word, no option and no command."""
    service.misbehave("402-after=0")
    sheet = new_sheet("csv", ["One."], name=name)

    stopped = cli("run", sheet)

    (line,) = (line for line in stopped.out.splitlines() if line.startswith("Next: "))
    service.misbehave()
    assert cli(*shlex.split(line.removeprefix("Next: "))[1:]).code == 0
    assert service.bought() == {"One.": 1}
    assert sheet.shows_its_own_video(sheet.row("One."))


def test_money_that_is_not_settled_is_said(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """An unknown row may have been charged: up to its reservation, beside what surely was."""
    sheet = new_sheet("csv", ["One.", "Two. [sandbox:accept-then-drop]"])

    done = cli("run", sheet)

    assert "spent on this sheet (up to $" in done.out
    assert "more is not settled)" in cli("status", sheet).out
