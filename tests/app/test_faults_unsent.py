"""Submits that were certainly not accepted: sent again, or an end in order; nothing is lost."""

from __future__ import annotations

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Serve, Service

PROMPTS = ["One.", "Two.", "Three."]
ONCE = dict.fromkeys(PROMPTS, 1)


def test_what_passes_is_sent_again(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Limits and passing trouble cost time, never a row, and nothing is paid twice."""
    faults = ["429", "503", "503-idempotency", "400-channel"]
    prompts = [f"Not yet. [sandbox:{fault}]" for fault in faults]
    sheet = new_sheet("csv", prompts)

    done = cli("run", sheet)

    assert done.code == 0, done.err
    assert service.bought() == dict.fromkeys(prompts, 1)
    posts = service.answers("POST /v1/videos/generations")
    assert posts == {"200": 4, "429": 1, "503": 2, "400": 1}
    assert sheet.column("status") == ["succeeded"] * 4
    assert sheet.column("error") == [""] * 4


def test_attempts_used_up_leave_the_rows_queued(
    cli: Cli, serve: Serve, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """A row refused as often as allowed stays queued for the next run: exit 3, then 0."""
    service = serve("400-channel=99")
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, retry={"submit_attempts": 1})

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert sheet.column("status") == ["queued"] * 3
    assert all("Not charged." in error for error in sheet.column("error"))
    service.misbehave()
    assert cli("run", sheet).code == 0
    assert service.bought() == ONCE
    assert sheet.column("error") == [""] * 3


def test_when_the_balance_is_used_up_the_paid_ones_are_fetched(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """402: nothing more is sent, accepted tasks come home, exit 3, and the next command is said."""
    service.misbehave("402-after=1")
    sheet = new_sheet(kind, PROMPTS)

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert len(service.accepted()) == 1
    assert sorted(sheet.column("status")) == ["queued", "queued", "succeeded"]
    assert len(sheet.videos) == 1
    assert "balance" in stopped.out
    assert f"Next: batch-runner run {sheet.path.name}" in stopped.out
    service.misbehave()
    assert cli("run", sheet).code == 0
    assert service.bought() == ONCE


def test_a_refused_key_stops_everything(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """401: exit 3 at once, the rows stay queued, and another key goes on."""
    service.misbehave("key-refused")
    sheet = new_sheet(kind, PROMPTS)

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert service.accepted() == []
    assert "key" in stopped.out
    assert sheet.column("status") == ["queued"] * 3
    service.misbehave()
    assert cli("run", sheet).code == 0
    assert service.bought() == ONCE


def test_a_key_that_stops_working_ends_the_polls_too(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A key refused midway: what was accepted stays running and is fetched when it works again."""
    service.misbehave("key-refused-after=1", "stuck")
    sheet = new_sheet("xlsx", PROMPTS)

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert sheet.column("status").count("running") == 1
    assert "still being made" in stopped.out
    assert len(service.accepted()) == 1


@pytest.mark.parametrize("fault", ["500-build", "error-string"])
def test_what_is_refused_for_good_fails_once(
    cli: Cli, serve: Serve, new_sheet: NewSheet, fault: str
) -> None:
    """A request the provider does not take is failed, not charged, and not sent again by itself."""
    service = serve()
    bad = f"Bad. [sandbox:{fault}]"
    sheet = new_sheet("csv", ["Good.", bad])

    first = cli("run", sheet)
    again = cli("run", sheet)

    assert (first.code, again.code) == (1, 0)
    assert sheet.column("status") == ["succeeded", "failed"]
    assert sheet.row(bad)["error"].startswith("rejected: ")
    assert "Not charged." in sheet.row(bad)["error"]
    posts = service.answers("POST /v1/videos/generations")
    assert sum(posts.values()) == 2


def test_connections_that_are_closed_after_sending_prove_nothing(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Whoever closes without an answer may have taken the row: held, not sent again."""
    service.misbehave("down")
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, patience="500ms")

    held = cli("run", sheet)

    assert held.code == 1
    assert service.accepted() == []
    assert sheet.column("status") == ["unknown"] * 3


def test_nobody_listens(
    cli: Cli,
    new_sheet: NewSheet,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
) -> None:
    """A connection that is never opened sends nothing: the rows stay queued and exit is 3."""
    monkeypatch.setenv("APIMART_BASE_URL", "http://127.0.0.1:9")
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, patience="200ms")

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert sheet.column("status") == ["queued"] * 3
    assert "has not answered" in stopped.out
