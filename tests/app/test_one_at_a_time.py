"""One run a sheet, one machine at a time, one service a ledger; rehearsals apart from all that."""

from __future__ import annotations

import os
import socket
import sqlite3
from datetime import UTC, datetime

import pytest

from batch_runner.ledger.lock import hold
from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import Sheet

PROMPTS = ["First.", "Second."]


def test_a_second_run_leaves_with_75(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Another run holds the sheet: 75, who it is, and nothing is sent or written."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    at = datetime.now(UTC)

    with hold(sheet.sidecar, host=socket.gethostname(), pid=os.getpid(), at=at):
        refused = cli("run", sheet)
        settled = cli("status", sheet)

    assert refused.code == 75
    assert str(os.getpid()) in refused.err
    assert settled.code == 2  # it never ran
    assert service.accepted() == []
    assert sheet.path.read_bytes() == before
    assert cli("run", sheet).code == 0


def test_nothing_is_settled_while_a_run_is_on(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Resolve and move wait for the run, too; looking is always allowed."""
    sheet = new_sheet("csv", ["Lost. [sandbox:accept-then-drop]"])
    cli("run", sheet)

    with hold(sheet.sidecar, host="here", pid=1, at=datetime.now(UTC)):
        assert cli("resolve", sheet, "--all", "--resend").code == 75
        new = Sheet(sheet.path.with_name("new.csv"))
        sheet.path.replace(new.path)
        assert cli("move", sheet, new).code == 75
        new.path.replace(sheet.path)
        assert cli("status", sheet).code == 0
        assert cli("resolve", sheet).code == 1


def _seen_from(sheet: Sheet, host: str) -> None:
    """As if the last run had been on another computer."""
    ledger = sqlite3.connect(sheet.sidecar / "ledger.sqlite")
    with ledger:
        ledger.execute("UPDATE runs SET host = ?", (host,))
    ledger.close()


def test_open_jobs_of_another_computer_are_not_touched(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Tasks under way that another machine sent: 75; --take-over goes on with them."""
    service.misbehave("stuck")
    sheet = new_sheet("xlsx", PROMPTS)
    configure(sheet, deadline={"task": "50ms"})
    cli("run", sheet)
    _seen_from(sheet, "another-computer")

    refused = cli("run", sheet)

    assert refused.code == 75
    assert "another-computer" in refused.err
    assert "--take-over" in refused.err
    assert cli("run", sheet, "--take-over").code == 3
    assert len(service.accepted()) == 2


def test_finished_jobs_of_another_computer_are_no_matter(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Where nothing is under way, any machine may go on."""
    sheet = new_sheet("csv", PROMPTS)
    cli("run", sheet)
    _seen_from(sheet, "another-computer")

    assert cli("run", sheet).code == 0


def test_a_rehearsal_works_on_a_copy_and_needs_no_key(
    cli: Cli, new_sheet: NewSheet, service: Service, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--sandbox: no key, results in a copy with a folder of its own; the real run starts afresh."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    copy = Sheet(sheet.path.with_name(f"campaign.sandbox.{kind}"))

    with monkeypatch.context() as nobody:
        nobody.delenv("APIMART_API_KEY")
        done = cli("run", sheet, "--sandbox")

    assert done.code == 0, done.err
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()
    assert copy.column("status") == ["succeeded"] * 2
    assert all(copy.shows_its_own_video(row) for row in copy.rows())
    tasks = copy.column("task_id")
    assert cli("run", sheet, "--sandbox").code == 0
    assert copy.column("task_id") == tasks
    assert cli("status", copy, "--json").json["states"] == {"succeeded": 2}
    assert cli("run", copy).code == 2  # what a rehearsal made is never mixed with paid work
    assert service.accepted() == []

    assert cli("run", sheet).code == 0
    assert service.bought() == {"First.": 1, "Second.": 1}
