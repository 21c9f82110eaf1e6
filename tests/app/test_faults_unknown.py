"""Submits whose fate nobody knows: held, never sent again silently, settled by the user."""

from __future__ import annotations

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Serve, Service
from tests.app.sheets import Sheet

LOST = [
    "accept-then-drop",
    "502-after-accept",
    "truncated",
    "html",
    "502",
    "503-bare",
    "200-error",
]


def _lost(cli: Cli, new_sheet: NewSheet, kind: str = "csv") -> tuple[Sheet, str]:
    """A sheet one row of which was accepted, but nobody here knows."""
    prompt = "Lost. [sandbox:accept-then-drop]"
    sheet = new_sheet(kind, ["Fine.", prompt])
    assert cli("run", sheet).code == 1
    return sheet, prompt


@pytest.mark.parametrize("fault", LOST)
def test_an_unclear_answer_is_held_and_never_sent_again(
    cli: Cli, service: Service, new_sheet: NewSheet, fault: str
) -> None:
    """Exit 1 in this run and in each one after it, until the user settles it; one POST only."""
    prompt = f"Lost. [sandbox:{fault}]"
    sheet = new_sheet("csv", ["Fine.", prompt])

    codes = [cli("run", sheet).code for _ in range(3)]

    assert codes == [1, 1, 1]
    row = sheet.row(prompt)
    assert row["status"] == "unknown"
    assert "may have been charged" in row["error"]
    assert "resolve" in row["error"]
    assert sum(service.answers("POST /v1/videos/generations").values()) == 2
    assert sheet.row("Fine.")["status"] == "succeeded"


def test_unknown_rows_are_listed_with_what_to_look_for(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Resolve lists them with time and prompt and says the commands; the summary names them."""
    sheet, prompt = _lost(cli, new_sheet, "xlsx")

    summary = cli("run", sheet)
    listed = cli("resolve", sheet)
    as_json = cli("resolve", sheet, "--json")

    assert "row 3" in summary.out
    assert f"Next: batch-runner resolve {sheet.path.name}" in summary.out
    assert listed.code == 1
    assert prompt in listed.out
    assert f"batch-runner resolve {sheet.path.name} --row 3 --resend" in listed.out
    (story,) = as_json.json["unknown"]
    assert story["row"] == 3
    assert story["attempts"][0]["idempotency_key"] == service.accepted()[1]["idempotency_key"]


def test_a_task_found_by_the_user_brings_its_video(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--task-id: the next run fetches that task's video into the row; nothing is paid again."""
    sheet, prompt = _lost(cli, new_sheet, kind)
    task = service.task_of(prompt)

    settled = cli("resolve", sheet, "--row", "3", "--task-id", task)
    done = cli("run", sheet)

    assert settled.code == done.code == 0
    assert service.bought()[prompt] == 1
    row = sheet.row(prompt)
    assert (row["status"], row["task_id"], row["error"]) == ("succeeded", task, "")
    assert len(sheet.videos) == 2
    assert cli("resolve", sheet).code == 0


def test_a_row_released_by_the_user_is_sent_once_more(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """--resend: a new attempt under a new key; the user has said that the first was not taken."""
    sheet, prompt = _lost(cli, new_sheet, "csv")

    # The fault stands in the prompt, so this send is lost, too.
    assert cli("resolve", sheet, "--row", "3", "--resend").code == 0
    again = cli("run", sheet)

    assert again.code == 1
    assert service.bought()[prompt] == 2
    keys = [task["idempotency_key"] for task in service.accepted()]
    assert len(set(keys)) == 3
    story = cli("status", sheet, "--row", "3", "--json").json["jobs"][0]
    assert [attempt["n"] for attempt in story["attempts"]] == [1, 2]


def test_a_row_given_up_is_left_as_failed(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """--give-up closes it: failed, never sent, and not counted again."""
    sheet, prompt = _lost(cli, new_sheet, "xlsx")

    assert cli("resolve", sheet, "--all", "--give-up").code == 0
    cli("run", sheet)

    assert sheet.row(prompt)["status"] == "failed"
    assert "given up" in sheet.row(prompt)["error"]
    assert cli("run", sheet).code == 0
    assert service.bought()[prompt] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--row", "2", "--resend"],  # it is not unknown
        ["--row", "9", "--give-up"],
        ["--resend"],  # which rows?
        ["--row", "3", "--resend", "--give-up"],
        ["--row", "3", "--task-id", "taken"],
    ],
)
def test_what_cannot_be_settled_so_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, words: list[str]
) -> None:
    """A wrong row, no row, two verdicts or another row's task: exit 2, and it stays unknown."""
    sheet, prompt = _lost(cli, new_sheet)
    taken = service.task_of("Fine.")

    refused = cli("resolve", sheet, *[taken if word == "taken" else word for word in words])

    assert refused.code == 2
    cli("run", sheet)
    assert sheet.row(prompt)["status"] == "unknown"
    assert service.bought()[prompt] == 1


def test_replay_learns_the_task_without_paying_twice(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """idempotency: replay sends the same bytes under the same key, and gets the first task's id."""
    faults = ["accept-then-drop", "502-after-accept", "truncated", "html", "409-in-progress"]
    prompts = [f"Lost. [sandbox:{fault}]" for fault in faults]
    sheet = new_sheet("csv", prompts)
    configure(sheet, idempotency="replay")

    done = cli("run", sheet)

    assert done.code == 0, done.err
    assert service.bought() == dict.fromkeys(prompts, 1)
    assert sheet.column("task_id") == [service.task_of(prompt) for prompt in prompts]


def test_what_cannot_be_replayed_is_held(
    cli: Cli, serve: Serve, new_sheet: NewSheet, configure: Configure
) -> None:
    """Where the provider itself says that it does not know, even replay holds the row."""
    service = serve("409-indeterminate")
    sheet = new_sheet("csv", ["One."])
    configure(sheet, idempotency="replay")

    assert [cli("run", sheet).code for _ in range(2)] == [1, 1]
    assert sheet.column("status") == ["unknown"]
    assert len(service.accepted()) == 1


def test_a_task_the_provider_forgot_is_not_failed(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Another account may have sent it: unknown, its id is kept, and it is never sent again."""
    prompt = "Forgotten. [sandbox:forget]"
    sheet = new_sheet("xlsx", [prompt])

    first = cli("run", sheet)

    assert first.code == 1
    row = sheet.row(prompt)
    assert row["status"] == "unknown"
    assert row["task_id"] == service.task_of(prompt)
    assert "another key" in row["error"]
    assert cli("run", sheet).code == 1
    assert service.bought()[prompt] == 1
