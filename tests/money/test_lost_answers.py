"""What can be found out about rows whose answer was lost, and a sheet that was lost itself."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from batch_runner.core.evidence import Certainty, Evidence, Known, weigh
from batch_runner.core.wire_usage import read_usage
from tests.money.conftest import Cli, NewSheet, Serve, Service

SENT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO, JUST_NOW = timedelta(hours=3), timedelta(minutes=5)
DROPPED = "Lost. [sandbox:accept-then-drop]"


@pytest.mark.parametrize(
    ("counted", "surely", "perhaps", "still_open", "lost", "age", "certainty"),
    [
        (5, 5, 0, 0, 2, LONG_AGO, Certainty.NOT_CHARGED),
        (5, 5, 0, 0, 2, JUST_NOW, Certainty.UNSURE),  # it may still be being made
        (4, 5, 0, 0, 2, LONG_AGO, Certainty.NOT_CHARGED),
        (7, 5, 0, 0, 2, JUST_NOW, Certainty.CHARGED),
        (6, 5, 0, 0, 2, LONG_AGO, Certainty.UNSURE),  # one of the two
        (7, 5, 1, 0, 2, LONG_AGO, Certainty.UNSURE),  # one may be of before
        (7, 5, 0, 1, 2, LONG_AGO, Certainty.UNSURE),
        (None, 5, 0, 0, 2, LONG_AGO, Certainty.UNSURE),
    ],
)
def test_the_count_says_as_much_as_it_can(
    counted: int | None,
    surely: int,
    perhaps: int,
    still_open: int,
    lost: int,
    age: timedelta,
    certainty: Certainty,
) -> None:
    """Not charged only if no video is unexplained and time enough passed; else never a guess."""
    known = Known(surely=surely, perhaps=perhaps, open=still_open, lost=lost, money=0)
    evidence = Evidence(sent_last=SENT, asked=SENT + age, known=known, counted=counted)
    assert weigh(evidence).certainty is certainty


@pytest.mark.parametrize(
    ("status", "body", "videos"),
    [
        (200, {"items": [{"requests": 3}, {"requests": "2"}]}, 5),
        (200, {"items": []}, 0),
        (200, {"data": {"items": [{"requests": 1}]}}, 1),
        (200, {"items": [{"amount_usd": 1}]}, None),
        (200, {}, None),
        (503, {"error": {"code": "usage_unavailable", "message": "later"}}, None),
        (200, {"success": False, "message": "no"}, None),
        (401, {"error": {"message": "invalid API key"}}, None),
    ],
)
def test_usage_that_is_not_told_is_never_zero(
    status: int, body: object, videos: int | None
) -> None:
    """A number only where the answer has one for every item."""
    usage = read_usage(status, {}, json.dumps(body).encode(), now=SENT)
    assert usage.videos == videos
    assert (videos is None) == bool(usage.message)


def test_resolve_shows_what_the_provider_counts(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """An accepted row whose answer was lost: one video more than is known, and it says so."""
    sheet = new_sheet(["Fine.", DROPPED])
    assert cli("run", sheet).code == 1

    listed = cli("resolve", sheet)
    (evidence,) = json.loads(cli("resolve", sheet, "--json").out)["evidence"]

    assert "the provider charged 2 videos, 1 are known, 1 are lost" in listed.out
    assert "charged: the provider charged as many more videos" in listed.out
    assert evidence["certainty"] == "charged"
    assert evidence["rows"] == ["row 3"]
    assert evidence["balance_before_usd"] == 10_000
    assert evidence["balance_usd"] == pytest.approx(10_000 - 0.8)
    assert evidence["known_since_usd"] == pytest.approx(0.4)


def test_a_row_that_was_not_accepted_is_not_called_charged(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Nothing more is counted than is known; too soon to be sure, and it says until when."""
    sheet = new_sheet(["Fine.", "Lost. [sandbox:502]"])
    assert cli("run", sheet).code == 1

    listed = cli("resolve", sheet)

    assert "the provider charged 1 videos, 1 are known, 1 are lost" in listed.out
    assert "two hours after the send" in listed.out


def test_resolve_lists_also_where_nobody_can_be_asked(
    cli: Cli, serve: Serve, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key, and with a provider that is down, the rows are listed all the same."""
    service = serve()
    sheet = new_sheet([DROPPED])
    assert cli("run", sheet).code == 1
    service.misbehave("down")

    down = cli("resolve", sheet)
    monkeypatch.delenv("APIMART_API_KEY")
    keyless = cli("resolve", sheet)

    assert down.code == keyless.code == 1
    assert "does not say what it charged" in down.out
    assert "there is no API key" in keyless.out
    assert "--resend" in keyless.out


def test_a_later_look_finds_a_task_that_was_not_known(
    cli: Cli, serve: Serve, new_sheet: NewSheet
) -> None:
    """An id the provider did not know is asked for again by each run, and linked when it is."""
    service = serve("forget=20")
    sheet = new_sheet(["One."])
    assert cli("run", sheet).code == 1
    assert sheet.column("status") == ["unknown"]
    service.misbehave()

    found = cli("run", sheet)

    assert found.code == 0
    assert sheet.column("status") == ["succeeded"]
    assert service.bought() == {"One.": 1}


def test_a_lost_sheet_is_written_again_and_can_be_run(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """In its own place it has its rows, results and marks; running it buys nothing."""
    sheet = new_sheet(["One.", "Two."])
    cli("run", sheet)
    before = sheet.rows()
    sheet.path.unlink()

    written = cli("report", sheet, "--sheet-out", sheet.path)

    assert written.code == 0, written.err
    assert sheet.rows() == before
    assert cli("run", sheet).code == 0
    assert set(service.bought().values()) == {1}


def test_rows_that_came_later_are_listed_beside(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """What the first state of the sheet does not have is not lost: it is in a table of its own."""
    sheet = new_sheet(["One.", "Two."])
    cli("run", sheet)
    rows = sheet.rows()
    sheet.write(
        [
            *rows,
            {
                **dict.fromkeys(rows[0], ""),
                "prompt": "=Late.",
                "image_urls": rows[0]["image_urls"],
            },
        ]
    )
    cli("run", sheet)
    sheet.path.unlink()

    again = cli("report", sheet, "--sheet-out", "again.csv")

    assert again.code == 0
    beside = sheet.path.with_name("again.rest.results.csv")
    (late,) = csv.DictReader(io.StringIO(beside.read_text(encoding="utf-8-sig")))
    assert late["prompt"] == "'=Late."
    assert late["status"] == "succeeded"
    refused = cli("run", "again.csv")
    assert refused.code == 2
    assert sheet.path.name in refused.err
    assert sum(service.bought().values()) == 3


@pytest.mark.parametrize("out", ["there.csv", "other.xlsx", "nowhere/again.csv"])
def test_no_file_is_written_where_none_may_be(
    cli: Cli, service: Service, new_sheet: NewSheet, out: str
) -> None:
    """An existing file, another kind, a folder that is not there: exit 2, nothing changes."""
    sheet = new_sheet(["One."])
    there = new_sheet(["Other."], name="there").path.read_bytes()
    cli("run", sheet)

    assert cli("report", sheet, "--sheet-out", out).code == 2
    assert sheet.path.with_name("there.csv").read_bytes() == there
    assert cli("report", "never.csv", "--sheet-out", "again.csv").code == 2


def test_each_unknown_row_is_listed_with_what_to_look_for(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """When it was sent, the id of the request if one came, the prompt, and how to settle it."""
    answered = "Answered. [sandbox:502-after-accept]"
    sheet = new_sheet([DROPPED, answered])
    ended = cli("run", sheet)
    assert ended.code == 1
    assert f"batch-runner resolve {sheet.path.name}" in ended.out

    listed = cli("resolve", sheet)

    assert listed.code == 1
    for prompt in (DROPPED, answered):
        assert f"look for: {prompt}" in listed.out
    assert listed.out.count("  sent 2") == 2
    assert listed.out.count("request id none") == 1
    assert f"batch-runner resolve {sheet.path.name} --row 2 --resend" in listed.out
    assert cli("resolve", sheet, "--row", "3", "--task-id", service.task_of(answered)).code == 0
    assert cli("run", sheet).code == 1
    assert sheet.column("status") == ["unknown", "succeeded"]


def test_a_row_that_left_the_sheet_can_be_settled_by_its_mark(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Deleted or edited while nobody knew: it is still listed, and settled by what is said there."""
    sheet = new_sheet([DROPPED, "Two."])
    assert cli("run", sheet).code == 1
    lost, two = sheet.rows()
    sheet.write([two])
    assert cli("run", sheet).code == 1

    listed = cli("resolve", sheet)

    assert f"--row {lost['job'][:8]} --task-id ID" in listed.out
    task = service.task_of(DROPPED)
    assert cli("resolve", sheet, "--row", lost["job"][:8], "--task-id", task).code == 0
    assert cli("run", sheet).code == 0


def test_a_held_row_that_breaks_a_rule_today_is_listed_too(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """What was sent of it is not known any more; that is no reason to fail."""
    sheet = new_sheet([DROPPED])
    assert cli("run", sheet).code == 1
    rows = sheet.rows()
    shutil.rmtree(sheet.sidecar)
    new_sheet([DROPPED], defaults={"duration": 99})
    sheet.write(rows)
    assert cli("run", sheet).code == 1

    listed = cli("resolve", sheet)

    assert listed.code == 1
    assert "row 2: unknown" in listed.out
    assert service.bought() == {DROPPED: 1}
