"""``publish:`` gives each video a link that lasts; no trouble with it costs or loses anything."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.app.conftest import Cli, NewSheet, Result, Serve, Service
from tests.app.sheets import FAST, Sheet
from tests.app.test_gallery_files import page_of, rows_of
from tests.s3 import S3

BASE = "https://cdn.example.com/videos"


def _run(cli: Cli, sheet: Sheet, to: str | None, *more: object, **settings: Any) -> Result:
    """Run a sheet with a config that its owner names."""
    config = Path("trusted.yaml")
    publish = {"to": to, "base_url": BASE}
    config.write_text(yaml.safe_dump({**FAST, "publish": publish, **settings}), encoding="utf-8")
    return cli("run", sheet, "--config", config, *more)


def test_the_sheet_shows_links_that_last(
    cli: Cli, serve: Serve, new_sheet: NewSheet, kind: str, tmp_path: Path
) -> None:
    """Each row's link leads to its own video's copy; ``links`` and later runs leave it alone."""
    service = serve(link_seconds=5.0)
    sheet = new_sheet(kind, ["One.", "Two.", "Fails. [sandbox:failed]"])
    root = tmp_path / "web"
    assert _run(cli, sheet, str(root)).code == 1

    for row in sheet.rows()[:2]:
        name = row["video_url"].removeprefix(f"{BASE}/")
        assert (root / name).read_bytes() == (sheet.path.parent / row["video_file"]).read_bytes()
    assert sheet.rows()[2]["video_url"] == ""
    assert len(list(root.iterdir())) == 2
    before = sheet.rows()
    service.misbehave("link-expired=1")
    assert "0 fresh, 2 still good" in cli("links", sheet).out
    assert cli("run", sheet).code == 0  # even without the config
    assert sheet.rows() == before
    (story,) = cli("status", sheet, "--row", "2", "--json").json["jobs"]
    assert story["video_url"] == before[0]["video_url"]


def test_it_is_published_to_s3(cli: Cli, service: Service, new_sheet: NewSheet, s3: S3) -> None:
    """What lies there is what was downloaded, under the name that the link has."""
    sheet = new_sheet("csv", ["One."], columns={"sku": ["猫 #1"]})
    done = _run(cli, sheet, f"s3://{s3.bucket}/summer", key="sku")
    assert done.code == 0, done.err
    (row,) = sheet.rows()
    ((key, content),) = s3.objects().items()
    assert key.startswith("summer/猫_1_")
    assert row["video_url"].startswith(f"{BASE}/%E7%8C%AB_1_")
    assert content == (sheet.path.parent / row["video_file"]).read_bytes()


def test_trouble_is_one_rows_and_the_next_run_ends_it(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Exit 1, the row succeeded with its video and the provider's link; nothing is bought again."""
    sheet = new_sheet("csv", ["One.", "Two."])
    root = tmp_path / "web"
    root.write_text("in the way", encoding="utf-8")

    failed = _run(cli, sheet, str(root))

    assert failed.code == 1
    assert "2 videos are stored but could not be published yet." in failed.out + failed.err
    for row in sheet.rows():
        assert (row["status"], row["error"][:20]) == ("succeeded", "video not published:")
        assert row["video_url"].startswith(service.origin)
        assert (sheet.path.parent / row["video_file"]).is_file()
    assert cli("status", sheet, "--json").json["unpublished"] == 2
    root.unlink()
    assert _run(cli, sheet, str(root)).code == 0
    assert [row["error"] for row in sheet.rows()] == ["", ""]
    assert all(row["video_url"].startswith(BASE) for row in sheet.rows())
    assert len(service.accepted()) == 2


def test_the_environment_may_say_it_for_all_sheets(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for a dashboard, which names no config; a run that is not told any more says so."""
    sheet = new_sheet("csv", ["One."])
    monkeypatch.setenv("BATCH_RUNNER_PUBLISH_TO", str(tmp_path / "web"))
    half = cli("run", sheet)
    assert (half.code, "BATCH_RUNNER_PUBLISH_URL: must be a web address" in half.err) == (2, True)
    monkeypatch.setenv("BATCH_RUNNER_PUBLISH_URL", BASE)
    assert cli("run", sheet).code == 0
    assert sheet.rows()[0]["video_url"].startswith(BASE)
    for name in ("TO", "URL"):
        monkeypatch.delenv(f"BATCH_RUNNER_PUBLISH_{name}")
    untold = cli("run", sheet)
    assert "this run is not told where to publish" in untold.out + untold.err
    assert sheet.rows()[0]["video_url"].startswith(BASE)


def test_what_was_made_before_is_published_too(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Switched on later; a video that its owner took away keeps the link it had."""
    sheet = new_sheet("csv", ["One.", "Two."])
    cli("run", sheet)
    first, second = sheet.rows()
    (sheet.path.parent / second["video_file"]).unlink()
    assert _run(cli, sheet, str(tmp_path / "web")).code == 0
    assert sheet.rows()[0]["video_url"].startswith(BASE)
    assert sheet.rows()[1] == second
    assert len(service.accepted()) == 2
    assert first["video_url"] != sheet.rows()[0]["video_url"]


def test_another_sheets_video_keeps_its_name(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Two sheets with the same rows, published into one folder: four videos, four links."""
    root, links = tmp_path / "web", set()
    for name in ("spring", "autumn"):
        Path(name).mkdir()
        sheet = new_sheet("csv", ["One.", "Two."], name=f"{name}/campaign")
        assert _run(cli, sheet, str(root)).code == 0
        for row in sheet.rows():
            links.add(row["video_url"])
            copy = root / row["video_url"].removeprefix(f"{BASE}/")
            assert copy.read_bytes() == (sheet.path.parent / row["video_file"]).read_bytes()
    assert len(links) == len(list(root.iterdir())) == 4


def test_videos_that_lie_where_links_lead_need_no_copy(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Without ``to`` the address is that of the folder videos are downloaded into."""
    sheet = new_sheet("csv", ["One."])
    assert _run(cli, sheet, None, download={"folder": str(tmp_path / "web")}).code == 0
    (video,) = (tmp_path / "web").iterdir()
    assert sheet.rows()[0]["video_url"] == f"{BASE}/{video.name}"


def test_a_rehearsal_is_published_apart(cli: Cli, new_sheet: NewSheet, tmp_path: Path) -> None:
    """It proves that the place works, and takes no name that a paid video will want."""
    sheet = new_sheet("csv", ["One."])
    assert _run(cli, sheet, str(tmp_path / "web"), "--sandbox").code == 0
    (video,) = (path for path in (tmp_path / "web").rglob("*") if path.is_file())
    assert video.parent == tmp_path / "web" / "sandbox"
    copy = Sheet(sheet.path.with_name("campaign.sandbox.csv"))
    assert copy.rows()[0]["video_url"] == f"{BASE}/sandbox/{video.name}"


def test_without_downloads_it_is_said_that_nothing_is_published(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """The rows show the provider's links; the next run that downloads publishes."""
    sheet = new_sheet("csv", ["One."])
    told = _run(cli, sheet, str(tmp_path / "web"), "--no-download")
    assert told.code == 0
    assert "Only videos that are downloaded are published" in told.out + told.err
    assert sheet.rows()[0]["video_url"].startswith(service.origin)
    assert _run(cli, sheet, str(tmp_path / "web")).code == 0
    assert sheet.rows()[0]["video_url"].startswith(BASE)
    assert len(service.accepted()) == 1


@pytest.mark.parametrize(
    ("publish", "says"),
    [
        ({"to": "s3://bucket/x"}, "must have base_url"),
        ({"to": "web", "base_url": "ftp://cdn.example.com"}, "must be a web address"),
        ({"to": "web", "base_url": "https://me:secret@cdn.example.com"}, "without user"),
        ({"to": "https://example.com", "base_url": BASE}, "must be a folder, or a URL"),
        ({"to": "nothing-like-it://x", "base_url": BASE}, "pip install"),
    ],
)
def test_a_target_that_cannot_do_is_said_first(
    cli: Cli, service: Service, new_sheet: NewSheet, publish: dict[str, str], says: str
) -> None:
    """Exit 2, with what to do; nothing is submitted, and no password is repeated."""
    sheet = new_sheet("csv", ["One."])
    told = _run(cli, sheet, None, publish=publish)
    assert told.code == 2
    assert says in told.err
    assert "secret" not in told.err
    assert not sheet.sidecar.exists()


def test_a_config_that_lies_beside_the_sheet_publishes_nothing(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Any, tmp_path: Path
) -> None:
    """Whoever sent the sheet does not say where its videos go with the user's own credentials."""
    sheet = new_sheet("csv", ["One."])
    configure(sheet, publish={"to": str(tmp_path / "web"), "base_url": BASE})
    told = cli("run", sheet)
    assert told.code == 2
    assert "--config" in told.err
    assert not (tmp_path / "web").exists()


def test_whoever_is_sent_the_gallery_gets_the_lasting_links(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Also where no ids are to be told; a page plays from the web what is not at hand."""
    sheet = new_sheet("csv", ["One.", "Fails. [sandbox:failed]"])
    cli("run", sheet)
    assert cli("share", sheet, "--to", tmp_path / "before.zip", "--no-ids").code == 0
    assert _run(cli, sheet, str(tmp_path / "web"), "--fail-on", "never").code == 0
    (sheet.path.parent / sheet.rows()[0]["video_file"]).unlink()
    assert cli("share", sheet, "--to", tmp_path / "after.zip", "--no-ids").code == 0

    shared = [_shared(tmp_path / f"{name}.zip") for name in ("before", "after")]
    assert "video_url" not in shared[0]
    url = sheet.rows()[0]["video_url"]
    assert url in shared[1]
    cli("report", sheet)
    rows = rows_of(page_of(sheet))
    assert (rows[0]["remote"], rows[0]["link"], "video" in rows[0]) == (url, url, False)
    assert not {"remote", "link", "lasting"} & rows[1].keys()


def _shared(place: Path) -> str:
    """The sheet that an archive holds."""
    with zipfile.ZipFile(place) as archive:
        return archive.read("campaign.csv").decode("utf-8-sig")
