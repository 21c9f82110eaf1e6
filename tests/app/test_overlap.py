"""A run that finds another one at work: told who it is, silent where that is wanted, or waiting."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from batch_runner.app.campaign import open_campaign
from batch_runner.app.place.overlap import held
from batch_runner.core.errors import LockedError
from batch_runner.ledger.lock import hold
from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Sheet

HOST = socket.gethostname()
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _held_since(sheet: Sheet, ago: timedelta) -> datetime:
    """A moment, before which the sheet's last progress was made, too."""
    import sqlite3

    at = datetime.now(UTC) - ago
    ledger = sqlite3.connect(sheet.sidecar / "ledger.sqlite")
    with ledger:
        ledger.execute("UPDATE events SET at = ?", (at.timestamp(),))
    ledger.close()
    return at


def test_it_is_told_who_holds_the_sheet_and_how_it_goes(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """75 with process, host, since and last progress; nothing is read or sent."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    progress = _held_since(sheet, timedelta(minutes=5))
    sheet.path.write_bytes(b"\xff\xfe no sheet any more")  # noticed only by who reads it

    with hold(sheet.sidecar, host=HOST, pid=4711, at=progress - timedelta(hours=1)):
        refused = cli("run", sheet, "--json")

    assert refused.code == refused.json["exit"] == 75
    assert f"process 4711 on {HOST}, since " in refused.err
    shown = refused.err.split("last progress ")[1].split(")")[0]
    assert abs(datetime.fromisoformat(shown) - progress) <= timedelta(seconds=1)


@pytest.mark.parametrize(
    ("idle", "options", "silent"),
    [
        (timedelta(minutes=119), (), True),
        (timedelta(minutes=121), (), False),
        (timedelta(minutes=5), ("--stale", "4m"), False),
    ],
)
def test_quiet_is_silent_while_the_other_run_gets_on(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    idle: timedelta,
    options: tuple[str, ...],
    silent: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """--quiet says nothing of an overlap, unless the other run stands still for --stale (2 h)."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    since = _held_since(sheet, idle)

    with hold(sheet.sidecar, host=HOST, pid=os.getpid(), at=since):
        refused = cli("run", sheet, "--quiet", *options)

    assert refused.code == 75
    assert (refused.out + refused.err == "") == silent


def test_quiet_is_silent_for_one_of_several_sheets_too(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Of a folder in which one sheet is being worked on, the others are done, and nothing is said."""
    sheet, _ = new_sheet("csv", ["One."]), new_sheet("csv", ["Two."], name="other")
    cli("run", sheet)
    with hold(sheet.sidecar, host=HOST, pid=os.getpid(), at=datetime.now(UTC)):
        assert cli("run", ".", "--quiet") == (75, "", "")
    assert len(service.accepted()) == 2


def test_it_waits_for_the_other_run(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """--wait says once for whom, and has the sheet as soon as it is free."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    campaign = open_campaign(sheet.path, {}, os.environ)
    other = ExitStack()
    other.enter_context(hold(sheet.sidecar, host=HOST, pid=1, at=datetime.now(UTC)))
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        other.close()  # the other run ends just when this one begins to wait

    async def story() -> None:
        async with held(campaign, os.environ, wait=60.0, say=say):
            with pytest.raises(LockedError), hold(sheet.sidecar, host=HOST, pid=2, at=NOW):
                pass

    asyncio.run(story())
    (line,) = said
    assert line.startswith("Waiting, 1 min at most: another run holds this sheet (process 1 ")


def test_waiting_has_an_end(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A run that does not end in this time is left alone: 75."""
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    with hold(sheet.sidecar, host=HOST, pid=1, at=datetime.now(UTC)):
        assert cli("run", sheet, "--wait", "50ms").code == 75


@pytest.mark.parametrize("option", ["--wait", "--stale", "--deadline"])
def test_times_must_be_times(cli: Cli, service: Service, new_sheet: NewSheet, option: str) -> None:
    """A mistyped time is refused before anything else: exit 2, with what it may look like."""
    refused = cli("run", new_sheet("csv", ["One."]), option, "soon")
    assert refused.code == 2
    assert f"{option}" in refused.err
    assert "30s, 5 min or 6h" in refused.err
    assert service.accepted() == []


def test_which_failures_count(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """--fail-on new: those since the last finished run; any: older ones, too; never: none."""
    sheet = new_sheet("csv", ["Fails. [sandbox:failed]", "Works."])
    assert cli("run", sheet, "--fail-on", "never").code == 0
    assert cli("run", sheet).code == 0  # told already
    assert cli("run", sheet, "--fail-on", "any").code == 1
    assert cli("run", sheet, "--exit-all").code == 1
    assert cli("run", sheet, "--exit-all", "--fail-on", "never").code == 2
    other = new_sheet("csv", ["Fails, too. [sandbox:failed]"], name="other")
    assert cli("run", other, "--fail-on", "new").code == 1


def test_a_deadline_stops_in_time(cli: Cli, serve: object, new_sheet: NewSheet) -> None:
    """--deadline ends a run with 3; what is being made is fetched by the next one, none paid twice."""
    service: Service = serve(seconds=(1.5, 1.5))  # type: ignore[operator]
    sheet = new_sheet("csv", ["One.", "Two."])
    stopped = cli("run", sheet, "--deadline", "300ms", "--concurrency", "1")
    assert stopped.code == 3
    assert "the time for this run is over" in stopped.out
    assert len(service.accepted()) == 1
    assert cli("run", sheet).code == 0
    assert sorted(service.bought().values()) == [1, 1]
