"""restore: our columns out of the sheet again, or the sheet of day one; nothing paid is lost."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

from batch_runner.ledger.lock import hold
from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import OUT

PROMPTS = ["First.", "Second."]


def test_our_columns_go_and_everything_else_stays(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The user's later edits stay too; as it was a moment ago, the sheet is kept beside it."""
    sheet = new_sheet(kind, PROMPTS)
    first = sheet.grid()
    assert cli("run", sheet).code == 0
    sheet.edit(lambda grid: [*grid, ["Third, added later.", *grid[1][1:2]]])
    then = sheet.path.read_bytes()

    done = cli("restore", sheet)

    assert done.code == 0, done.err
    assert [line for line in sheet.grid() if any(line)][:3] == first
    assert sheet.column("prompt") == [*PROMPTS, "Third, added later."]
    copy = sheet.path.with_name(f"campaign.before-restore.{kind}")
    assert copy.name in done.out
    assert copy.read_bytes() == then


def test_csv_is_byte_for_byte_what_it_was(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A text file comes back exactly: no delimiter of ours is left."""
    sheet = new_sheet("csv", PROMPTS)
    before = sheet.path.read_bytes()
    cli("run", sheet)
    assert sheet.path.read_bytes() != before
    cli("restore", sheet)
    assert sheet.path.read_bytes() == before


def test_results_come_back_with_the_next_run_and_cost_nothing(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The ledger keeps what is paid, whatever becomes of the columns."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    cli("restore", sheet)
    assert cli("run", sheet).code == 0
    assert list(sheet.rows()[0])[-len(OUT) :] == list(OUT)
    assert sheet.column("status") == ["succeeded"] * 2
    assert len(service.accepted()) == 2


def test_every_copy_gets_a_name_of_its_own(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """An earlier copy is never overwritten; a sheet without our columns needs none."""
    sheet = new_sheet(kind, PROMPTS)
    for _ in range(2):
        cli("run", sheet)
        cli("restore", sheet)
    assert "no columns of ours" in cli("restore", sheet).out
    copies = sorted(path.name for path in sheet.path.parent.glob("*.before-restore*"))
    assert copies == [f"campaign.before-restore.2.{kind}", f"campaign.before-restore.{kind}"]
    assert "campaign" in cli("run", copies[0]).err  # and none is taken for a sheet


def test_day_one_comes_under_a_new_name(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The sheet as it was before the first run, to the byte; the present one stays as it is."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    cli("run", sheet)
    now = sheet.path.read_bytes()
    done = cli("restore", sheet, "--original")
    assert done.code == 0, done.err
    original = sheet.path.with_name(f"campaign.original.{kind}")
    assert str(original) in done.out
    assert original.read_bytes() == before
    assert sheet.path.read_bytes() == now


def test_what_cannot_be_restored_is_said(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A sheet that never ran, is open elsewhere, or is being worked on stays as it is."""
    sheet = new_sheet("xlsx", PROMPTS)
    for words in (("restore", sheet), ("restore", sheet, "--original")):
        assert cli(*words).code == 2
    cli("run", sheet)
    before = sheet.path.read_bytes()
    lock = Path("~$campaign.xlsx")
    lock.touch()
    assert "open in a spreadsheet program" in cli("restore", sheet).err
    lock.unlink()
    with hold(sheet.sidecar, host="here", pid=1, at=datetime.now(UTC)):
        assert cli("restore", sheet).code == 75
    assert sheet.path.read_bytes() == before


def test_a_signed_workbook_is_restored_as_it_was_written(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Only where its owner said that the signature may break."""
    sheet = new_sheet("xlsx", PROMPTS)
    with zipfile.ZipFile(sheet.path, "a") as package:
        package.writestr("_xmlsignatures/sig1.xml", "<Signature/>")
    configure(sheet, output={"break_signature": True})
    assert cli("run", sheet).code == 0
    assert sheet.column("status") == ["succeeded"] * 2
    configure(sheet)
    assert "signed" in cli("restore", sheet).err
    configure(sheet, output={"break_signature": True})
    assert cli("restore", sheet).code == 0
    assert list(sheet.rows()[0]) == ["prompt", "image_urls"]
