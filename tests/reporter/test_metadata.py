from __future__ import annotations

import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_runner.core.errors import SheetBusyError
from batch_runner.core.model import Table, WritePlan
from batch_runner.reporter.write import write

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]

if sys.platform != "linux":
    pytest.skip("owners, ACLs and attributes are tested on Linux", allow_module_level=True)

ACL, FOLDER_ACL = "system.posix_acl_access", "system.posix_acl_default"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
NOBODY = 65_534


def acl(*, group_may: int) -> bytes:
    """An access list with one named user, as Linux stores it."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 4, 1234), (4, group_may, nobody), (16, 6, nobody)]
    entries.append((32, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def set_or_skip(path: Path, name: str, value: bytes) -> None:
    """Set an attribute, or skip where the file system has none."""
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"this file system refuses {name}: {error}")


def put_results(path: Path, csv_table: MakeTable, make_plan: MakePlan) -> None:
    """Write one result into a sheet, and make sure that it is a new file."""
    before = path.stat().st_ino
    write([csv_table(path)], [make_plan({2: {2: "queued"}}, {2: "status"})])
    assert b"queued" in path.read_bytes()
    assert path.stat().st_ino != before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o777, 0o2660])
def test_mode_is_kept(sheet: Path, csv_table: MakeTable, make_plan: MakePlan, mode: int) -> None:
    """Who could read and write the sheet before can do so after."""
    sheet.chmod(mode)
    put_results(sheet, csv_table, make_plan)
    assert sheet.stat().st_mode & 0o7777 == mode


def test_extended_attributes_are_kept(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Tags and origins that programs attach to a file survive."""
    set_or_skip(sheet, "user.tags", b"urgent")
    put_results(sheet, csv_table, make_plan)
    assert os.getxattr(sheet, "user.tags") == b"urgent"


def test_acl_is_kept(sheet: Path, csv_table: MakeTable, make_plan: MakePlan) -> None:
    """A colleague named in the access list keeps the access."""
    wanted = acl(group_may=0)
    set_or_skip(sheet, ACL, wanted)
    put_results(sheet, csv_table, make_plan)
    assert os.getxattr(sheet, ACL) == wanted
    assert sheet.stat().st_mode & 0o777 == 0o660


def test_acl_of_the_folder_does_not_creep_in(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A folder that hands rights down to new files gives the sheet none that it had not."""
    set_or_skip(sheet.parent, FOLDER_ACL, acl(group_may=6))
    assert ACL not in os.listxattr(sheet)
    put_results(sheet, csv_table, make_plan)
    assert ACL not in os.listxattr(sheet)


@AS_ROOT
def test_owner_and_group_are_kept(sheet: Path, csv_table: MakeTable, make_plan: MakePlan) -> None:
    """A run by an administrator does not take the sheet away from its owner."""
    os.chown(sheet, 1234, 4321)
    sheet.chmod(0o4664)
    put_results(sheet, csv_table, make_plan)
    found = sheet.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (1234, 4321, 0o4664)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that everybody may use."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@AS_ROOT
def test_owner_that_cannot_be_kept_stops_the_write(
    shared_folder: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Somebody else's sheet in a shared folder is not turned into one of ours."""
    path = shared_folder / "campaign.csv"
    path.write_bytes(b"prompt,image\na cat,http://x/1\n")
    path.chmod(0o666)
    table, plan = csv_table(path), make_plan({2: {2: "queued"}}, {2: "status"})
    os.seteuid(NOBODY)
    try:
        with pytest.raises(SheetBusyError) as caught:
            write([table], [plan])
        write([table], [plan], path.with_name("campaign.results.csv"))
    finally:
        os.seteuid(0)
    assert caught.value.code == "metadata_not_kept"
    assert "owner" in str(caught.value).casefold()
    assert b"queued" not in path.read_bytes()
    assert {p.name for p in shared_folder.iterdir()} == {"campaign.csv", "campaign.results.csv"}
