"""Videos in a shared place: brought here, put there, shown by their URLs; never over another's."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import FAST, Sheet
from tests.s3 import S3


def _incoming(sheet: Sheet) -> list[Path]:
    """What waits on this computer."""
    return list((sheet.sidecar / "incoming").glob("*"))


def _is_of(content: bytes, row: dict[str, str]) -> bool:
    """The sandbox writes the task's id into each video."""
    return content.endswith(row["task_id"].encode())


def test_videos_go_to_the_bucket_and_their_urls_into_the_sheet(
    cli: Cli, service: Service, new_sheet: NewSheet, s3: S3
) -> None:
    """Whole, known by their hashes in the ledger, and nothing of them stays here."""
    sheet = new_sheet("xlsx", ["One.", "Two."])
    place = f"s3://{s3.bucket}/summer"
    done = cli("run", sheet, "--videos", place)
    assert done.code == 0, done.err
    assert place in done.out + done.err
    objects = s3.objects()
    for number, row in enumerate(sheet.rows(), start=2):
        assert row["video_file"].startswith(f"{place}/{number}_")
        content = objects.pop(row["video_file"].removeprefix(f"s3://{s3.bucket}/"))
        assert _is_of(content, row)
        (story,) = cli("status", sheet, "--row", number, "--json").json["jobs"]
        assert story["attempts"][0]["video_sha256"] == hashlib.sha256(content).hexdigest()
    assert objects == {}
    assert (_incoming(sheet), sheet.videos) == ([], [])
    before = sheet.path.read_bytes()
    assert cli("run", sheet).code == 0
    assert cli("report", sheet).code == 0
    assert "2 videos are kept elsewhere and not in it" in cli("share", sheet).out
    assert "kept elsewhere" not in cli("share", sheet, "--fetch").out
    with zipfile.ZipFile(sheet.path.with_name("campaign.share.zip")) as archive:
        for row in sheet.rows():
            packed = archive.read(f"videos/{row['video_file'].rpartition('/')[2]}")
            assert _is_of(packed, row)
    s3.put(row["video_file"].removeprefix(f"s3://{s3.bucket}/"), b"somebody's secret")
    refused = cli("share", sheet, "--fetch")
    assert (refused.code, "not what was put there" in refused.err) == (2, True)
    assert cli("sync", sheet).code == 0
    assert sheet.path.read_bytes() == before


def test_the_takes_of_a_row_all_stay(
    cli: Cli, service: Service, new_sheet: NewSheet, s3: S3
) -> None:
    """A row made once more gets a name of its own beside the first."""
    sheet = new_sheet("csv", ["One."])
    place = f"s3://{s3.bucket}"
    cli("run", sheet, "--videos", place)
    first = sheet.rows()[0]
    assert cli("redo", sheet, "2", "--videos", place, "--yes").code == 0
    second = sheet.rows()[0]
    objects = s3.objects()
    assert len(objects) == 2
    for row in (first, second):
        assert _is_of(objects[row["video_file"].removeprefix(f"{place}/")], row)


def test_another_campaigns_video_keeps_its_name(
    cli: Cli, service: Service, new_sheet: NewSheet, s3: S3
) -> None:
    """Equal rows of two sheets in one bucket: each sheet leads to its own."""
    rows = []
    for name in ("spring", "autumn"):
        Path(name).mkdir()
        sheet = new_sheet("csv", ["One."], name=f"{name}/campaign")
        assert cli("run", sheet, "--videos", f"s3://{s3.bucket}").code == 0
        rows += sheet.rows()
    objects = s3.objects()
    assert len(objects) == len({row["video_file"] for row in rows}) == 2
    for row in rows:
        assert _is_of(objects[row["video_file"].removeprefix(f"s3://{s3.bucket}/")], row)


def test_a_bucket_that_is_not_there_buys_nothing(
    cli: Cli, service: Service, new_sheet: NewSheet, s3: S3
) -> None:
    """Exit 3 before anything is sent; the same command goes on once it is there."""
    sheet = new_sheet("csv", ["One."])
    stopped = cli("run", sheet, "--videos", "s3://not-there-yet/x")
    assert stopped.code == 3
    assert "there is no bucket not-there-yet" in stopped.out + stopped.err
    assert "--videos s3://not-there-yet/x" in stopped.out + stopped.err  # as the next command
    assert service.accepted() == []
    assert cli("run", sheet, "--videos", f"s3://{s3.bucket}").code == 0
    assert cli("run", sheet, "--videos", "s3://not-there-yet/x").code == 0  # nothing is to come
    assert len(service.accepted()) == 1


def test_what_came_and_could_not_be_put_waits_here(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    s3: S3,
    tmp_path: Path,
) -> None:
    """Its row says so; the next run puts it there without the provider, and pays nothing."""
    sheet = new_sheet("csv", ["One.", "Two."])
    root = tmp_path / "share"
    root.mkdir()
    (root / "clips").write_bytes(b"in the way")
    config = Path("trusted.yaml")
    named = {"folder": root.as_uri(), "name": "clips/{{ row }}"}
    config.write_text(yaml.safe_dump({**FAST, "download": named}), encoding="utf-8")

    failed = cli("run", sheet, "--config", config)

    assert failed.code == 1
    for row in sheet.rows():
        assert (row["status"], row["video_file"]) == ("succeeded", "")
        assert row["error"].startswith("video not saved: it came, but could not be put")
    assert len(_incoming(sheet)) == 2
    (root / "clips").unlink()
    service.misbehave("forget")  # nothing is to be had there any more
    assert cli("run", sheet, "--config", config).code == 0
    for row in sheet.rows():
        path = root / "clips" / row["video_file"].rpartition("/")[2]
        assert row["video_file"] == path.as_uri()
        assert _is_of(path.read_bytes(), row)
    assert _incoming(sheet) == []
    assert len(service.accepted()) == 2


def test_links_may_lead_to_the_shared_place(
    cli: Cli, service: Service, new_sheet: NewSheet, s3: S3
) -> None:
    """``base_url`` alone says where its videos are opened; a second place is refused."""
    sheet = new_sheet("csv", ["One."])
    config = Path("trusted.yaml")
    settings = {
        **FAST,
        "download": {"folder": f"s3://{s3.bucket}/summer"},
        "publish": {"base_url": "https://cdn.example.com/summer"},
    }
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert cli("run", sheet, "--config", config).code == 0
    (row,) = sheet.rows()
    name = row["video_file"].rpartition("/")[2]
    assert row["video_url"] == f"https://cdn.example.com/summer/{name}"
    settings["publish"] = {"to": "web", "base_url": "https://cdn.example.com"}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    refused = cli("run", sheet, "--config", config)
    assert (refused.code, "Leave publish.to out" in refused.err) == (2, True)


def test_a_rehearsal_keeps_to_a_folder_of_its_own(cli: Cli, new_sheet: NewSheet, s3: S3) -> None:
    """It proves that the bucket works, and takes no paid video's name."""
    sheet = new_sheet("csv", ["One."])
    assert cli("run", sheet, "--sandbox", "--videos", f"s3://{s3.bucket}/summer").code == 0
    assert [key.rpartition("/")[0] for key in s3.objects()] == ["summer/sandbox"]


def test_a_config_beside_the_sheet_names_no_bucket(
    cli: Cli, service: Service, new_sheet: NewSheet, s3: S3
) -> None:
    """Whoever sent the sheet does not use the user's own leave to write there."""
    sheet = new_sheet("csv", ["One."])
    beside = {**FAST, "download": {"folder": f"s3://{s3.bucket}"}}
    sheet.path.with_suffix(".yaml").write_text(yaml.safe_dump(beside), encoding="utf-8")
    refused = cli("run", sheet)
    assert (refused.code, "'download.folder'" in refused.err) == (2, True)


@pytest.mark.parametrize("url", ["https://example.com/x", "ftp://me:secret@host/x", "s3://"])
def test_a_place_that_cannot_be_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, url: str
) -> None:
    """Exit 2, and no password is repeated."""
    sheet = new_sheet("csv", ["One."])
    refused = cli("run", sheet, "--videos", url)
    assert refused.code == 2
    assert "secret" not in refused.err
