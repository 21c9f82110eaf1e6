from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from batch_runner.core.errors import SheetBusyError
from batch_runner.core.model import Table, WritePlan
from batch_runner.reporter.busy import as_busy
from batch_runner.reporter.write import write

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]


def refused(table: Table, plan: WritePlan, target: Path | None = None) -> SheetBusyError:
    """The reason why a write is refused; the file stays as it was."""
    before = table.path.read_bytes()
    with pytest.raises(SheetBusyError) as caught:
        write([table], [plan], target)
    assert table.path.read_bytes() == before
    return caught.value


@pytest.mark.parametrize("lock", ["~$campaign.csv", ".~lock.campaign.csv#"])
def test_sheet_open_in_a_spreadsheet_program_is_left_alone(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan, lock: str
) -> None:
    """Excel's and LibreOffice's lock files are obeyed, and named in case they are stale."""
    sheet.with_name(lock).write_bytes(b"somebody")
    os.utime(sheet.with_name(lock), (1_795_600_000, 1_795_600_000))
    error = refused(csv_table(sheet), make_plan({2: {2: "queued"}}, {2: "status"}))
    assert error.code == "sheet_open"
    assert lock in error.hint
    since = datetime.fromtimestamp(1_795_600_000).astimezone()
    assert f"since {since:%Y-%m-%d %H:%M}" in error.message


EXCEL = b"\x04Anna" + b" " * 50 + b"\x04\0" + "Ännä".encode("utf-16-le") + b" \0" * 50
OFFICE = "Anna Ö,anna,pc7,25.11.2026 21:10,file:///srv/x/.config/libreoffice/4;".encode()


@pytest.mark.parametrize(
    ("lock", "content", "who"),
    [
        ("~$campaign.csv", EXCEL, "by Ännä, "),
        ("~$campaign.csv", EXCEL[:55], "by Anna, "),
        ("~$campaign.csv", b"", "(since"),
        (".~lock.campaign.csv#", OFFICE, "by Anna Ö on pc7, "),
        (".~lock.campaign.csv#", b",anna,,", "by anna, "),
        (".~lock.campaign.csv#", b"\xff\x1b[2J\0", "\ufffd[2J"),
    ],
)
def test_who_has_the_sheet_open_is_said(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan, lock: str, content: bytes, who: str
) -> None:
    """As the program wrote it, whatever else stands there; nothing that steers a terminal."""
    sheet.with_name(lock).write_bytes(content)
    error = refused(csv_table(sheet), make_plan({2: {2: "queued"}}, {2: "status"}))
    assert who in error.message
    assert error.message.isprintable()


def test_lock_beside_a_link_counts(sheet: Path, csv_table: MakeTable, make_plan: MakePlan) -> None:
    """Somebody who opened the sheet through a link is not overwritten either."""
    link = sheet.parent.parent / "link.csv"
    link.symlink_to(sheet)
    link.with_name("~$link.csv").touch()
    error = refused(csv_table(link), make_plan({2: {2: "queued"}}, {2: "status"}))
    assert error.code == "sheet_open"


def test_sheet_opened_while_we_write_is_left_alone(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """The lock is looked for again in the last moment."""
    before = sheet.read_bytes()
    with pytest.raises(SheetBusyError):
        write(
            [csv_table(sheet)],
            [make_plan({2: {2: "queued"}}, {2: "status"})],
            before_replace=sheet.with_name("~$campaign.csv").touch,
        )
    assert sheet.read_bytes() == before


def test_open_sheet_does_not_stop_a_copy(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """While the sheet is open, results can go to a copy, unless that is open too."""
    sheet.with_name("~$campaign.csv").touch()
    copy = sheet.with_name("campaign.results.csv")
    plan = make_plan({2: {2: "queued"}}, {2: "status"})
    write([csv_table(sheet)], [plan], copy)
    assert b"queued" in copy.read_bytes()
    copy.with_name("~$campaign.results.csv").touch()
    assert refused(csv_table(sheet), plan, copy).code == "sheet_open"


def test_read_only_sheet_is_left_alone(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A file marked read-only is meant to stay, though its folder would allow to replace it."""
    sheet.chmod(0o444)
    error = refused(csv_table(sheet), make_plan({2: {2: "queued"}}, {2: "status"}))
    assert error.code == "sheet_read_only"


def test_read_only_folder_is_left_alone(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """No new file is forced into a folder that takes none."""
    sheet.parent.chmod(0o555)
    try:
        error = refused(csv_table(sheet), make_plan({2: {2: "queued"}}, {2: "status"}))
    finally:
        sheet.parent.chmod(0o755)
    assert error.code == "folder_read_only"


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (PermissionError(errno.EACCES, "sharing violation"), "sheet_not_writable"),
        (OSError(errno.ENOSPC, "no space"), "disk_full"),
        (OSError(errno.EROFS, "read-only"), "folder_read_only"),
        (OSError(errno.EIO, "input/output error"), "sheet_not_writable"),
    ],
)
def test_what_the_system_refuses_is_a_sentence_with_a_remedy(trouble: OSError, code: str) -> None:
    """No system error reaches the user as a traceback."""
    with pytest.raises(SheetBusyError) as caught, as_busy(Path("campaign.csv")):
        raise trouble
    assert caught.value.code == code
    assert caught.value.hint
