from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from batch_runner.core.errors import SheetError
from batch_runner.core.model import ReadOptions
from batch_runner.loader.load import load, stamp
from batch_runner.loader.paths import check_sheet_path, is_result_copy


def refused(path: Path) -> SheetError:
    """The error that a path is refused with."""
    with pytest.raises(SheetError) as caught:
        check_sheet_path(path)
    return caught.value


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("campaign.results.xlsx", "campaign.xlsx"),
        ("campaign.results.2.csv", "campaign.csv"),
        ("Campaign.RESULTS.csv", "Campaign.csv"),
        ("a.b.before-restore.20260101.xlsx", "a.b.xlsx"),
        ("campaign.sandbox.results.csv", "campaign.sandbox.csv"),
        ("~$campaign.xlsx", "campaign.xlsx"),
        (".campaign.csv", "campaign.csv"),
        (".~lock.campaign.xlsx#", "campaign.xlsx"),
        ("campaign.xlsx.batch/original.xlsx", "campaign.xlsx"),
        ("campaign.csv.batch/videos/a.csv", "campaign.csv"),
    ],
)
def test_result_copies_are_never_sheets(tmp_path: Path, name: str, sheet: str) -> None:
    """Named directly, the error names the real sheet."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"prompt\na\n")
    assert is_result_copy(path)
    error = refused(path)
    assert error.code == "result_copy"
    assert error.exit_code == 2
    assert str(tmp_path / sheet) in error.hint


@pytest.mark.parametrize(
    "name",
    ["campaign.csv", "campaign.sandbox.xlsx", "results.csv", "a.batch.csv", "..", ".batch/a.csv"],
)
def test_other_files_may_be_sheets(name: str) -> None:
    """Copies for the sandbox too."""
    assert not is_result_copy(Path(name))


@pytest.mark.parametrize("suffix", [".csv", ".CSV", ".tsv", ".xlsx", ".XLSM"])
def test_known_formats_pass(tmp_path: Path, suffix: str) -> None:
    """The suffix counts without case."""
    path = tmp_path / f"sheet{suffix}"
    path.write_bytes(b"x")
    check_sheet_path(path)


@pytest.mark.parametrize(
    ("suffix", "word"),
    [
        (".xls", "Excel Workbook"),
        (".xlsb", "Excel Workbook"),
        (".xltx", "template"),
        (".txt", "rename"),
        (".fods", "LibreOffice"),
        (".json", "jq"),
        (".numbers", "Export To"),
        (".gsheet", "Download"),
    ],
)
def test_other_formats_get_advice(tmp_path: Path, suffix: str, word: str) -> None:
    """What to do depends on the program that it comes from."""
    path = tmp_path / f"sheet{suffix}"
    path.write_bytes(b"x")
    error = refused(path)
    assert error.code == "unsupported_format"
    assert word in error.hint


@pytest.mark.parametrize(
    ("link", "word"),
    [
        ("https://docs.google.com/spreadsheets/d/abc/edit", "Google Sheets"),
        ("https://example.com/sheet.csv", "Download it first"),
        ("s3://bucket/sheet.csv", "Download it first"),
    ],
)
def test_links_are_refused_kindly(link: str, word: str) -> None:
    """A web address is no file, and the hint says how to get one."""
    error = refused(Path(link))
    assert error.code == "sheet_is_link"
    assert word in error.hint


def test_a_missing_file_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """Result copies are not suggested."""
    for name in ("campaign.csv", "campaign.results.csv", "other.xlsx", "notes.md"):
        (tmp_path / name).write_bytes(b"x")
    error = refused(tmp_path / "Campagin.csv")
    assert error.code == "sheet_missing"
    assert "Did you mean campaign.csv" in error.hint
    assert "results" not in error.hint
    assert "campaign.csv, other.xlsx" in refused(tmp_path / "zzz").hint
    assert "does not exist" in refused(tmp_path / "no" / "x.csv").hint
    (tmp_path / "empty").mkdir()
    assert "no sheet" in refused(tmp_path / "empty" / "x.csv").hint


def test_a_missing_sheet_whose_folder_is_there(tmp_path: Path) -> None:
    """What was done is not lost with the sheet: how to go on, or get it again, is said."""
    (tmp_path / "my videos.csv.batch").mkdir()
    hint = refused(tmp_path / "my videos.csv").hint
    assert "batch-runner move 'my videos.csv' NEW" in hint
    assert "batch-runner report 'my videos.csv' --sheet-out 'my videos.csv'" in hint


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """Even one that is named like a sheet."""
    folder = tmp_path / "sheet.csv"
    folder.mkdir()
    assert refused(folder).code == "sheet_is_folder"


def test_a_link_to_a_sheet_is_read_under_its_own_name(tmp_path: Path) -> None:
    """Resolving links is not the loader's."""
    (tmp_path / "real.csv").write_bytes(b"prompt\na\n")
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    (table,) = load(link, ReadOptions())
    assert table.path == link


def test_a_stamp_changes_when_the_file_is_saved(tmp_path: Path) -> None:
    """And is that of the table as long as nobody saved it."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"prompt\na\n")
    (table,) = load(path, ReadOptions())
    assert stamp(path) == table.stamp
    path.write_bytes(b"prompt\nab\n")
    assert stamp(path) != table.stamp
    path.unlink()
    with pytest.raises(SheetError) as caught:
        stamp(path)
    assert caught.value.code == "sheet_unreadable"


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs a file that may not be read"
)
def test_a_file_that_may_not_be_read_is_said_so(tmp_path: Path) -> None:
    """The system's own reason is given."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"prompt\na\n")
    path.chmod(0)
    with pytest.raises(SheetError) as caught:
        load(path, ReadOptions())
    assert caught.value.code == "sheet_unreadable"
