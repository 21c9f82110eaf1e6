from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import batch_runner
from batch_runner.core.errors import SheetBusyError, SheetChangedError
from batch_runner.core.model import Problem, Table, WritePlan
from batch_runner.reporter.write import write

MakeTable = Callable[..., Table]
MakePlan = Callable[..., WritePlan]

HEADERS = {2: "status"}
NEW = b"prompt,image,status\r\na cat,http://x/1,queued\r\na dog,http://x/2\r\n"


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


def test_sheet_is_replaced_and_its_stamp_returned(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """After a write the file holds the results, nothing lies beside it, and the stamp is its own."""
    stamp = write([csv_table(sheet)], [make_plan({2: {2: "queued"}}, HEADERS)])
    assert sheet.read_bytes() == NEW
    assert stamp == csv_table(sheet).stamp
    assert names(sheet.parent) == {sheet.name}


def test_nothing_to_change_leaves_the_file(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A write of what is there already, or of nothing, does not touch the file at all."""
    write([csv_table(sheet)], [make_plan({2: {2: "queued"}}, HEADERS)])
    table = csv_table(sheet)
    assert write([table], [make_plan({2: {2: "queued"}}, HEADERS)]) == table.stamp
    assert write([table], [make_plan({})]) == table.stamp
    assert csv_table(sheet).stamp == table.stamp


def test_target_gets_a_copy_and_the_sheet_stays(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Results into another file leave the sheet as it is, whatever that file held."""
    old = sheet.read_bytes()
    target = sheet.with_name("campaign.results.csv")
    target.write_bytes(b"older results")
    write([csv_table(sheet)], [make_plan({2: {2: "queued"}}, HEADERS)], target)
    assert target.read_bytes() == NEW
    assert sheet.read_bytes() == old


def test_copy_of_a_read_only_sheet_can_be_written_again(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """The copy takes the sheet's mode, but its owner can always write it."""
    sheet.chmod(0o444)
    target = sheet.with_name("campaign.results.csv")
    for word in ("queued", "failed"):
        write([csv_table(sheet)], [make_plan({2: {2: word}}, HEADERS)], target)
    assert b"failed" in target.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o644


def test_sheet_saved_before_the_write_is_not_touched(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Somebody's save between reading and writing wins."""
    table = csv_table(sheet)
    sheet.write_bytes(b"prompt\nedited\n")
    with pytest.raises(SheetChangedError) as caught:
        write([table], [make_plan({2: {2: "queued"}}, HEADERS)])
    assert caught.value.code == "sheet_changed"
    assert sheet.read_bytes() == b"prompt\nedited\n"


@pytest.mark.skipif(sys.platform == "win32", reason="ctime is another thing there")
def test_an_edit_that_hides_is_seen(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """In place, of the same length, with the time of before: it is an edit all the same."""
    table, found = csv_table(sheet), sheet.stat()
    edited = sheet.read_bytes().replace(b"a cat", b"a cow")
    sheet.write_bytes(edited)
    os.utime(sheet, ns=(found.st_atime_ns, found.st_mtime_ns))
    with pytest.raises(SheetChangedError):
        write([table], [make_plan({2: {2: "queued"}}, HEADERS)])
    assert sheet.read_bytes() == edited


def test_sheet_saved_during_the_write_is_not_touched(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Even a save in the last moment wins, and nothing is left behind."""

    def save() -> None:
        sheet.write_bytes(b"prompt\nedited\n")

    with pytest.raises(SheetChangedError):
        write(
            [csv_table(sheet)],
            [make_plan({2: {2: "queued"}}, HEADERS)],
            before_replace=save,
        )
    assert sheet.read_bytes() == b"prompt\nedited\n"
    assert names(sheet.parent) == {sheet.name}


@pytest.mark.parametrize("late", [False, True])
def test_deleted_sheet_is_not_made_again(
    sheet: Path,
    csv_table: MakeTable,
    make_plan: MakePlan,
    late: bool,  # noqa: FBT001
) -> None:
    """A sheet that its owner removed does not come back by our hand."""
    table = csv_table(sheet)
    if not late:
        sheet.unlink()
    with pytest.raises(SheetChangedError) as caught:
        write(
            [table],
            [make_plan({2: {2: "queued"}}, HEADERS)],
            before_replace=lambda: sheet.unlink(missing_ok=True),
        )
    assert caught.value.code == "sheet_gone"
    assert names(sheet.parent) == set()


def test_failing_hook_leaves_the_old_file_and_no_rest(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Whatever stops a write, the folder is as before."""
    old = sheet.read_bytes()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(
            [csv_table(sheet)],
            [make_plan({2: {2: "queued"}}, HEADERS)],
            before_replace=stop,
        )
    assert sheet.read_bytes() == old
    assert names(sheet.parent) == {sheet.name}


def test_link_stays_a_link(sheet: Path, csv_table: MakeTable, make_plan: MakePlan) -> None:
    """A sheet reached through a symbolic link is replaced where it lies."""
    link = sheet.parent.parent / "link.csv"
    link.symlink_to(sheet)
    write([csv_table(link)], [make_plan({2: {2: "queued"}}, HEADERS)])
    assert link.is_symlink()
    assert sheet.read_bytes() == NEW
    assert names(sheet.parent) == {sheet.name}


def test_very_long_name_is_no_obstacle(
    tmp_path: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A name as long as the file system allows, in any alphabet, can be written."""
    path = tmp_path / ("日" * 80 + ".csv")
    path.write_bytes(b"prompt,image\r\na cat,http://x/1\r\na dog,http://x/2\r\n")
    write([csv_table(path)], [make_plan({2: {2: "queued"}}, HEADERS)])
    assert path.read_bytes() == NEW
    assert names(tmp_path) == {path.name}


def test_rows_that_take_no_result_are_told(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A row left alone because of its extra fields is named to the caller."""
    sheet.write_bytes(b"prompt,status\na, b, c\n")
    told: list[Problem] = []
    write([csv_table(sheet)], [make_plan({2: {1: "queued"}})], notice=told.append)
    assert [problem.row for problem in told] == [2]


CHILD = """
import os, signal, sys
from pathlib import Path
from batch_runner.core.model import FileStamp, OutCell, Table, WritePlan
from batch_runner.reporter.write import write

path, rounds = Path(sys.argv[1]), int(sys.argv[2])
found = path.stat()
stamp = FileStamp.of(found)
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
for turn in range(rounds):
    table = Table(path=path, worksheet=None, header_row=1, headers=("prompt", "image"), rows=(),
                  width=2, stamp=stamp, encoding="utf-8", delimiter=",")
    word = ("queued", "failed")[turn % 2]
    plan = WritePlan(worksheet=None, header_row=1, headers={} if turn else {2: "status"},
                     cells={2: {2: OutCell(value=word)}})
    if turn:
        table = Table(path=path, worksheet=None, header_row=1,
                      headers=("prompt", "image", "status"), rows=(), width=3, stamp=stamp,
                      encoding="utf-8", delimiter=",")
    stamp = write([table], [plan], before_replace=die if rounds == 1 else None)
"""


def start_child(path: Path, rounds: int) -> subprocess.Popen[bytes]:
    """A process that writes results; with one round it is killed right before the rename."""
    root = str(Path(batch_runner.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(rounds)],
        env={**os.environ, "PYTHONPATH": root},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_kill_before_the_rename_leaves_the_old_file_whole(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """Kill -9 in the worst moment costs nothing, and the next write clears up after it."""
    old = sheet.read_bytes()
    assert start_child(sheet, 1).wait() == -signal.SIGKILL
    assert sheet.read_bytes() == old
    assert len(names(sheet.parent)) == 2
    write([csv_table(sheet)], [make_plan({2: {2: "queued"}}, HEADERS)])
    assert sheet.read_bytes() == NEW
    assert names(sheet.parent) == {sheet.name}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_readers_see_a_whole_file_at_every_instant(sheet: Path) -> None:
    """While it is written again and again, the sheet is always the old or a new one."""
    whole = {sheet.read_bytes(), NEW, NEW.replace(b"queued", b"failed")}
    seen: set[bytes] = set()
    child = start_child(sheet, 1_000_000)
    try:
        while len(seen) < len(whole) and child.poll() is None:
            seen.add(sheet.read_bytes())
        for _ in range(300):
            seen.add(sheet.read_bytes())
    finally:
        child.kill()
        child.wait()
    seen.add(sheet.read_bytes())
    assert seen == whole


def test_no_free_folder_is_a_sentence(
    sheet: Path, csv_table: MakeTable, make_plan: MakePlan
) -> None:
    """A target in a folder that does not exist ends in words, not in a traceback."""
    with pytest.raises(SheetBusyError) as caught:
        write(
            [csv_table(sheet)],
            [make_plan({2: {2: "queued"}}, HEADERS)],
            sheet.parent / "nowhere" / "out.csv",
        )
    assert caught.value.code == "folder_missing"
