"""A ledger brought from its file into PostgreSQL and back: whole, and only one of them is run."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batch_runner.app.campaign import open_campaign
from batch_runner.app.ledger_copy import copy_back, copy_in
from batch_runner.app.place.database import campaign_id
from batch_runner.cli.main import cli
from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.core.lifecycle import Event
from batch_runner.core.uploads import Upload
from batch_runner.ledger.connection import connect
from batch_runner.ledger.database import Connection
from batch_runner.ledger.postgres import campaigns, workers
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.transfer import TABLES
from tests.ledger.conftest import ORIGIN, START, Book

DIES = """
import asyncio, sys
sys.argv[1:], (sheet, url, step, count) = [], sys.argv[1:]
from batch_runner.app.campaign import open_campaign
from batch_runner.app.ledger_copy import copy_in
from pathlib import Path
import os
left = [int(count)]
def hook(event, _):
    if event == step:
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
campaign = open_campaign(Path(sheet), {}, dict(os.environ))
sys.addaudithook(hook)
asyncio.run(copy_in(campaign, url))
"""


def contents(connection: Connection) -> dict[str, list[Mapping[str, Any]]]:
    """All that a ledger holds; who has a job is no part of it."""
    held: dict[str, list[Mapping[str, Any]]] = {}
    for table in (*TABLES, "held"):
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
        for row in rows:
            row.pop("owner", None)
        held[table] = sorted(rows, key=repr)
    return held


def in_file(path: Path) -> dict[str, list[Mapping[str, Any]]]:
    """What a file holds."""
    with closing(connect(path, read_only=True)) as connection:
        return contents(connection)


def in_database(fleet: Fleet, campaign: str) -> dict[str, list[Mapping[str, Any]]]:
    """What a campaign in the database holds."""
    with closing(asyncio.run(fleet.ledger(campaign))) as ledger:
        return asyncio.run(ledger._ask(contents))


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sheet with a ledger in a file that has something of everything."""
    monkeypatch.setenv("APIMART_BASE_URL", ORIGIN)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = tmp_path / "films.csv"
    place.write_text("prompt\na\nb\nc\nd\n")
    folder = tmp_path / "films.csv.batch"
    folder.mkdir()
    book = Book(folder / "ledger.sqlite")
    book.sheet("a", "b", "c", "d")
    run = book.start()
    done = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(done, Event.FINISHED, cost=120, hold=120, urls=("https://x/1",), duration=3.5)
    book.record(book.take(), Event.ACCEPTED, task_id="t2")
    book.record(book.take(), Event.REJECTED, error="no", raw="{}", detail={"a": "ü\n"}, hold=0)
    upload = Upload(picture="p", origin=ORIGIN, account="me", link="https://x/p", until=START)
    book.do(book.ledger.keep_upload(upload))
    book.do(book.ledger.set_meta("note", "kept"))
    book.do(book.ledger.finish_run(run, book.at, 1))
    book.ledger.close()
    return place


def test_there_and_back_nothing_is_lost(sheet: Path, fleet: Fleet, fleet_database: str) -> None:
    """Each table is the same there and back; what is not the ledger any more cannot be run."""
    file = sheet.with_name("films.csv.batch") / "ledger.sqlite"
    before = in_file(file)
    asyncio.run(copy_in(open_campaign(sheet, {}, _environ()), fleet_database))
    assert not file.exists()
    known = campaign_id(open_campaign(sheet, {"ledger": fleet_database}, _environ()).sidecar)
    assert known is not None
    assert in_database(fleet, known) == before
    with closing(asyncio.run(fleet.ledger(known))) as ledger:
        asyncio.run(ledger.set_meta("note", "worked on"))
        new = asyncio.run(ledger.start_run(START, host="here", pid=1, version="0"))
    assert new == 2, "numbers go on where those of the file ended"
    there = in_database(fleet, known)
    asyncio.run(
        copy_back(open_campaign(sheet, {"ledger": fleet_database}, _environ()), fleet_database)
    )
    assert in_file(file) == there
    assert campaign_id(open_campaign(sheet, {}, _environ()).sidecar) is None
    assert asyncio.run(fleet.ask(campaigns.get, known)) is None
    assert asyncio.run(fleet.ask(campaigns.find, sheet.name, ORIGIN, ["a"])) == []
    assert cli(["ledger", "copy", str(sheet), "--ledger", fleet_database]) == 0
    assert in_database(fleet, known) == there


@pytest.mark.parametrize(
    ("step", "count"),
    [("batch_runner.ledger.commit", 5), ("batch_runner.ledger.committed", 5), ("os.rename", 3)],
)
def test_killed_midway_it_is_done_again(
    sheet: Path, fleet: Fleet, fleet_database: str, step: str, count: int
) -> None:
    """Wherever the process dies, the same command brings it to its end, and all of it."""
    file = sheet.with_name("films.csv.batch") / "ledger.sqlite"
    before = in_file(file)
    command = [sys.executable, "-c", DIES, str(sheet), fleet_database, step, str(count)]
    assert subprocess.run(command, env=_environ(), check=False).returncode == 9
    with closing(asyncio.run(Fleet.open(fleet_database))) as other:
        asyncio.run(other.change(lambda c: c.execute("DELETE FROM workers")))
    options = {} if not (file.parent / "fleet.json").exists() else {"ledger": fleet_database}
    campaign = open_campaign(sheet, options, _environ())
    asyncio.run(copy_in(campaign, fleet_database))
    known = campaign_id(campaign.sidecar)
    assert known is not None
    assert not file.exists()
    assert in_database(fleet, known) == before


def test_what_somebody_works_on_stays_where_it_is(
    sheet: Path, fleet: Fleet, fleet_database: str
) -> None:
    """Not taken out while a run writes the sheet or a worker has a job; nothing changes then."""
    asyncio.run(copy_in(open_campaign(sheet, {}, _environ()), fleet_database))
    campaign = open_campaign(sheet, {"ledger": fleet_database}, _environ())
    known = campaign_id(campaign.sidecar)
    assert known is not None

    async def work() -> str:
        token = await fleet.change(
            workers.register, host="there", pid=1, role="run", origin=ORIGIN
        )
        await fleet.change(campaigns.hold, known, token)
        return token

    token = asyncio.run(work())
    with pytest.raises(LockedError):
        asyncio.run(copy_back(campaign, fleet_database))
    asyncio.run(fleet.change(campaigns.let_go, known, token))
    with closing(asyncio.run(fleet.ledger(known))) as ledger:
        asyncio.run(
            ledger._do(
                lambda c: c.execute("UPDATE jobs SET owner = ? WHERE state = 'running'", (token,))
            )
        )
    with pytest.raises(LedgerError) as caught:
        asyncio.run(copy_back(campaign, fleet_database))
    assert caught.value.code == "jobs_owned"
    assert campaign_id(campaign.sidecar) == known


def test_a_sheet_that_never_ran_is_left_alone(sheet: Path, fleet_database: str) -> None:
    """There is nothing to copy, and nothing is made beside it."""
    new = sheet.with_name("new.csv")
    new.write_text("prompt\na\n")
    assert cli(["ledger", "copy", str(new), "--ledger", fleet_database]) == 2
    assert not sheet.with_name("new.csv.batch").exists()


def _environ() -> dict[str, str]:
    return dict(os.environ)
