"""What happens in a run, told while it happens: JSON lines for programs, plain ones for people."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from tests.app.conftest import KEY, Cli, NewSheet, Service
from tests.app.sheets import Sheet

NAMES = {
    "schema",
    "sheet",
    "time",
    "run",
    "level",
    "event",
    "row",
    "key",
    "job",
    "attempt",
    "seconds",
    "task_id",
    "request_id",
    "http_status",
    "task_seconds",
    "cost_usd",
    "video_file",
    "error_code",
    "error",
    "code",
    "message",
}
"""Of lines about rows and notices; programs rely on them."""


def lines(text: str) -> list[dict[str, Any]]:
    """Each line as the JSON it is."""
    return [json.loads(line) for line in text.splitlines()]


def of_row(events: Sequence[dict[str, Any]], row: int) -> list[dict[str, Any]]:
    """What happened to one row."""
    return [event for event in events if event.get("row") == row]


def test_events_are_lines_of_json_and_nothing_else(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """From the first to the last thing that happened, with all that a support mail needs."""
    sheet = new_sheet("csv", ["One.", "Two. [sandbox:failed]"])
    done = cli("run", sheet, "--events")
    assert done.code == 1
    first, *events, last = lines(done.out)
    assert {event["sheet"] for event in (first, *events, last)} == {str(sheet.path)}
    assert first["event"] == "run_started"
    assert first["origin"].startswith("http://127.0.0.1:")
    assert {"version", "python", "system", "host", "pid"} <= set(first)
    assert (last["event"], last["exit"], last["states"]) == (
        "run_ended",
        1,
        {"succeeded": 1, "failed": 1},
    )
    assert set().union(*events) <= NAMES
    told = of_row(events, 2)
    assert [one["event"] for one in told] == ["claimed", "accepted", "ready", "stored"]
    assert all(one["attempt"] == 1 and one["job"] for one in told)
    assert all(one["seconds"] >= 0 for one in told[1:])
    ready = told[-2]
    assert ready["cost_usd"] == pytest.approx(0.4)
    assert KEY not in done.out


def test_the_log_says_the_same(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """What --events shows is what the file keeps, but for the sheet's name."""
    sheet = new_sheet("csv", ["One."])
    shown = lines(cli("run", sheet, "--events").out)
    kept = lines((sheet.sidecar / "run.log").read_text(encoding="utf-8"))
    added = {"schema": 1, "sheet": str(sheet.path)}
    assert shown == [{**added, **line} for line in kept]


def test_events_tell_of_a_refusal(cli: Cli, service: Service) -> None:
    """A command that cannot be carried out is one line, with the stable code."""
    done = cli("run", "missing.csv", "--events")
    (told,) = lines(done.out)
    assert (done.code, told["event"], told["exit"]) == (2, "refused", 2)


def test_a_hostile_error_is_one_line(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Whatever stands in a row or comes back, a line stays a line on both streams."""
    hostile = "Two \x1b[2J\u2028\u0085 lines. [sandbox:failed]"
    sheet = new_sheet("csv", [hostile], name="a")
    done = cli("run", sheet, "--events", "-vv")
    assert len(done.out.split("\n")) - 1 == len(lines(done.out))
    again = cli("retry", sheet, "-vv")
    assert "\x1b" not in again.err


def told_by(cli: Cli, sheet: Sheet, option: str) -> list[str]:
    """Lines with a time before them, without it."""
    err = cli("run", sheet, option).err
    return re.findall(r"^\d\d:\d\d:\d\d (.*)$", err, flags=re.MULTILINE)


def test_verbose_tells_the_outline(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """-v: one line when a row is accepted and one when it ends, in plain words."""
    told = told_by(cli, new_sheet("csv", ["One.", "Two. [sandbox:failed]"]), "-v")
    assert sorted(line.split("(")[0].split(".")[0] for line in told) == [
        "row 2: accepted ",
        "row 2: downloaded: campaign",
        "row 3: accepted ",
        "row 3: failed: the provider could not make this video: Requested entity was not found",
    ]
    assert "req" not in "".join(told)


def test_very_verbose_tells_all(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """-vv: each step, with the ids that a provider asks for, and the run itself."""
    told = told_by(cli, new_sheet("csv", ["One."]), "-vv")
    assert re.fullmatch(r"run 1 of batch-runner \S+ \(process \d+\) sends to http://\S+", told[0])
    assert told[1] == "row 2: being sent"
    task = service.task_of("One.")
    assert re.fullmatch(rf"row 2: accepted as {task} \(after \d\.\d s, request id .+\)", told[2])
    assert re.match(r"row 2: made \(after \d\.\d s, \$0\.40 charged, request id ", told[3])
    assert told[4].startswith("row 2: downloaded: campaign.csv.batch/videos/")
    assert re.fullmatch(r"run 1 ended with exit 0, after \d+\.\d s", told[5])


@pytest.mark.parametrize("words", [("--events", "--json"), ("-v", "--quiet")])
def test_what_excludes_each_other_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, words: tuple[str, ...]
) -> None:
    """Nobody is left to guess which of two holds."""
    assert cli("run", new_sheet("csv", ["One."]), *words).code == 2
    assert service.accepted() == []
