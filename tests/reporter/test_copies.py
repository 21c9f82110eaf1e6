from __future__ import annotations

from pathlib import Path

from batch_runner.reporter.copies import keep_original, results_path


def test_results_lie_beside_the_sheet() -> None:
    """The copy for a busy sheet keeps its folder, stem and kind."""
    assert results_path(Path("a/b.c/x.y.XLSX")) == Path("a/b.c/x.y.results.XLSX")


def test_original_is_kept_once(sheet: Path, tmp_path: Path) -> None:
    """The sheet as it was before our first change is never overwritten."""
    first = sheet.read_bytes()
    sidecar = tmp_path / "campaign.csv.batch"
    kept = keep_original(sheet, sidecar)
    assert kept == sidecar / "original.csv"
    sheet.write_bytes(b"changed")
    assert keep_original(sheet, sidecar) == kept
    assert kept.read_bytes() == first
    assert list(sidecar.iterdir()) == [kept]


def test_original_of_a_read_only_sheet_belongs_to_its_owner(sheet: Path, tmp_path: Path) -> None:
    """The copy is as private as the sheet."""
    sheet.chmod(0o440)
    assert keep_original(sheet, tmp_path / "s").stat().st_mode & 0o777 == 0o640
