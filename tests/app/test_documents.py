"""What is said: nothing when quiet and well, one JSON document for programs, plain sentences."""

from __future__ import annotations

import json

import pytest

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Sheet

MIXED = [
    "Fine.",
    "Fails. [sandbox:failed]",
    "Lost. [sandbox:accept-then-drop]",
    "Wrong.",
]
DURATIONS = [5, 5, 5, 99]


def test_dry_run_changes_nothing(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--dry-run says what would be done and what it may cost, without a key, and leaves no trace."""
    monkeypatch.delenv("APIMART_API_KEY")
    sheet = new_sheet(kind, MIXED, columns={"duration": DURATIONS})
    before = sheet.path.read_bytes()

    planned = cli("run", sheet, "--dry-run")

    assert planned.code == 0
    assert "3 new" in planned.out
    assert "1 invalid" in planned.out
    assert "$1.20 to $1.50" in planned.out
    assert service.accepted() == []
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()


def test_quiet_says_nothing_when_all_went_well(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--quiet: not a byte on either stream when all is done; also when there is nothing to do."""
    sheet = new_sheet(kind, ["One.", "Two."], columns={"Status": ["mine", "mine"]})

    first, again = cli("run", sheet, "--quiet"), cli("run", sheet, "--quiet")

    assert first == again == (0, "", "")


def test_quiet_speaks_when_something_went_wrong(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A cron mail comes exactly when there is something to look at, on standard error."""
    sheet = new_sheet("csv", MIXED, columns={"duration": DURATIONS})

    done = cli("run", sheet, "--quiet")

    assert done.code == 1
    assert done.out == ""
    assert "1 failed, 1 unknown, 1 invalid" in done.err
    assert "campaign.csv:C5" in done.err or "C5" in done.err


def test_run_json_is_one_document(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Run --json prints one document and nothing else on standard output."""
    sheet = new_sheet("xlsx", MIXED, columns={"duration": DURATIONS})

    done = cli("run", sheet, "--json")

    document = done.json
    assert document["schema"] == 1
    assert document["sheet"] == str(sheet.path)
    assert document["exit"] == done.code == 1
    assert document["states"] == {"succeeded": 1, "failed": 1, "unknown": 1, "invalid": 1}
    assert document["new"] == {"succeeded": 1, "failed": 1, "unknown": 1}
    assert document["cost_usd"] == pytest.approx(0.4)
    (unknown,) = document["unknown"]
    assert (unknown["row"], unknown["task_id"]) == (4, None)
    assert document["next"] == f"batch-runner resolve {sheet.path.name}"
    again = cli("run", sheet, "--json").json
    assert again["new"] == {}
    assert again["states"] == document["states"]


def test_run_json_also_tells_of_a_refusal(cli: Cli, service: Service) -> None:
    """A command that cannot be carried out: still one document, with the stable code."""
    refused = cli("run", "missing.csv", "--json")

    assert refused.code == 2
    assert refused.json["exit"] == 2
    assert refused.json["error"]["code"] == "sheet_missing"
    assert refused.json["states"] == refused.json["new"] == {}
    assert refused.json["unknown"] == []


def test_every_run_document_has_the_same_fields(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A program finds the fields of a run also where it was only planned, or refused."""
    sheet = new_sheet("csv", ["One."])
    planned = cli("run", sheet, "--dry-run", "--json").json
    refused = cli("run", "missing.csv", "--json").json

    done = cli("run", sheet, "--json").json

    assert set(done) <= set(planned)
    assert set(done) <= set(refused)
    assert planned["exit"] == 0
    assert service.bought() == {"One.": 1}


def test_several_sheets_give_one_document_and_the_worst_code(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Each sheet's own document in one list; a stop counts more than a failure."""
    good = new_sheet("csv", ["One."])
    failing = new_sheet("xlsx", ["Fails. [sandbox:failed]"], name="other")

    both = cli("run", good, failing, "--json")

    assert both.code == 1
    assert [document["exit"] for document in both.json["sheets"]] == [0, 1]


def test_status_json(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Status --json has the counts, what was spent, and what the rest may cost."""
    sheet = new_sheet("csv", MIXED, columns={"duration": DURATIONS})
    cli("run", sheet, "--budget", "0.50")

    status = cli("status", sheet, "--json")

    document = status.json
    assert status.code == 0
    assert document["sheet"] == str(sheet.path)
    assert document["rows"] == 4
    assert sum(document["states"].values()) == 4
    assert document["states"]["queued"] >= 1
    assert document["cost_usd"] == pytest.approx(0.4)
    assert document["estimated_usd"] >= 0.5
    assert document["updated_at"].endswith("+00:00")
    assert document["schema"] == 1


def test_status_in_words(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Status says how many of each, what is wrong with which row, and what to do next."""
    sheet = new_sheet("xlsx", MIXED, columns={"duration": DURATIONS})
    cli("run", sheet)

    told = cli("status", sheet)

    assert told.code == 0
    assert "4 rows: 1 succeeded, 1 failed, 1 unknown, 1 invalid" in told.out
    assert "row 3: failed: " in told.out
    assert "row 5: invalid: C5: " in told.out
    assert f"Next: batch-runner resolve {sheet.path.name}" in told.out


def test_the_story_of_one_row(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Status --row tells each step with time, the request that was sent, and the raw answer."""
    sheet = new_sheet("csv", MIXED, columns={"duration": DURATIONS})
    cli("run", sheet)

    told = cli("status", sheet, "--row", "3")
    (job,) = cli("status", sheet, "--row", "3", "--json").json["jobs"]

    assert "being sent" in told.out
    assert "Requested entity was not found" in told.out
    assert job["state"] == "failed"
    assert [entry["event"] for entry in job["history"]][:2] == ["claimed", "accepted"]
    request = json.loads(job["attempts"][0]["request"])
    assert request["prompt"] == MIXED[1]
    assert request["duration"] == 5
    assert cli("status", sheet, "--row", sheet.row("Fine.")["job"]).code == 0
    assert cli("status", sheet, "--row", "77").code == 2


def test_status_of_a_sheet_that_never_ran(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Exit 2, and the command that begins it."""
    refused = cli("status", new_sheet("csv", ["One."]))

    assert refused.code == 2
    assert "batch-runner run campaign.csv" in refused.err


def test_check_json(cli: Cli, service: Service, new_sheet: NewSheet, kind: str) -> None:
    """Check --json lists every problem with row, column, code and hint, and the estimate."""
    sheet = new_sheet(kind, MIXED, columns={"duration": DURATIONS})

    checked = cli("check", sheet, "--json")

    document = checked.json
    assert checked.code == 1
    assert (document["rows"], document["new"], document["invalid"]) == (4, 3, 1)
    assert document["estimated_usd"] == {"low": pytest.approx(1.2), "high": pytest.approx(1.5)}
    errors = [problem for problem in document["problems"] if problem["severity"] == "error"]
    assert [(problem["row"], problem["column"]) for problem in errors] == [(5, "C")]
    assert errors[0]["code"]
    assert not sheet.sidecar.exists()


def test_the_summary_says_where_everything_is(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A run closes with counts, money, the sheet, the folder, and that all is done."""
    sheet: Sheet = new_sheet("xlsx", ["One.", "Two."])

    done = cli("run", sheet)

    assert "2 succeeded" in done.out
    assert "$0.80 spent on this sheet" in done.out
    assert f"Results: {sheet.path}" in done.out
    assert f"Videos: {sheet.sidecar / 'videos'}" in done.out
    assert "Everything is done." in done.out


def test_every_step_is_in_the_log(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """run.log has a line of JSON for each thing that happened to each row."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)

    lines = (sheet.sidecar / "run.log").read_text(encoding="utf-8").splitlines()

    first, *entries, last = [json.loads(line) for line in lines]
    assert (first["event"], last["event"]) == ("run_started", "run_ended")
    assert [entry["event"] for entry in entries] == ["claimed", "accepted", "ready", "stored"]
    assert all(entry["row"] == 2 and entry["time"] for entry in entries)
    assert entries[1]["task_id"] == service.task_of("One.")
