"""Rows may name pictures that are not on the web: by a path, or by lying in the sheet."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import IMAGE, Cli, Configure, NewSheet, Service
from tests.app.pictured import paste, picture, place_in_cells


def links_sent(service: Service) -> dict[str, list[str]]:
    """Prompt -> the pictures that went with it."""
    return {task["body"]["prompt"]: task["body"]["image_urls"] for task in service.accepted()}


def uploaded(service: Service, link: str) -> bytes:
    """What lies behind a link that an upload got."""
    assert link.startswith(service.origin), link
    return (service.state / "uploads" / link.rpartition("/")[2]).read_bytes()


def uploads(service: Service) -> int:
    """How many were made."""
    return sum(service.answers("POST /v1/uploads/images").values())


def codes(result: Any) -> dict[int, list[str]]:
    """Row -> what is wrong with it."""
    found: dict[int, list[str]] = {}
    for problem in result.json["problems"]:
        if problem["severity"] == "error":
            found.setdefault(problem["row"], []).append(problem["code"])
    return found


def test_a_path_is_uploaded_once_and_sent_as_a_link(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Equal pictures are one upload, whatever they are called; links are left as they are."""
    Path("photos").mkdir()
    for name in ("a.png", "same as a.png"):
        Path("photos", name).write_bytes(picture(1))
    Path("b.webp").write_bytes(picture(2, kind="WEBP"))
    cells = [
        "photos/a.png",
        f"photos\\same as a.png\n{IMAGE}",
        "file:photos/same%20as%20a.png | b.webp",
    ]
    sheet = new_sheet(kind, ["One.", "Two.", "Three."], columns={"image_urls": cells})

    assert cli("run", sheet, "--yes").code == 0

    assert sheet.column("status") == ["succeeded"] * 3
    sent = links_sent(service)
    assert uploaded(service, sent["One."][0]) == picture(1)
    assert sent["Two."] == [sent["One."][0], IMAGE]
    assert uploaded(service, sent["Three."][1]) == picture(2, kind="WEBP")
    assert uploads(service) == 2


def test_pictures_in_a_workbook_are_uploaded(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Pasted onto a cell or placed in it, in the order from left to right; a written link wins."""
    blank = [None, None, IMAGE]
    sheet = new_sheet("xlsx", ["On it.", "In it.", "Both."], columns={"image_urls": blank})
    paste(sheet.path, {"B2": picture(1), "B4": picture(9), "C3": picture(8)})
    place_in_cells(sheet.path, {"B3": picture(2)})

    checked = cli("check", sheet, "--json")
    ran = cli("run", sheet, "--yes")

    assert checked.code == 0, checked.out
    assert ran.code == 0, ran.err
    sent = links_sent(service)
    assert uploaded(service, sent["On it."][0]) == picture(1)
    assert uploaded(service, sent["In it."][0]) == picture(2)
    assert sent["Both."] == [IMAGE]
    assert uploads(service) == 2
    again = cli("run", sheet, "--yes")
    assert (again.code, uploads(service)) == (0, 2)
    assert service.bought() == Counter(["On it.", "In it.", "Both."])


def test_a_row_is_known_by_what_its_pictures_show(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A file that was renamed is the same row; one that shows something else is a new one."""
    Path("a.png").write_bytes(picture(1))
    Path("b.png").write_bytes(picture(2))
    sheet = new_sheet("csv", ["One.", "Two."], columns={"image_urls": ["a.png", "b.png"]})
    cli("run", sheet, "--yes")
    Path("a.png").rename("renamed.png")
    sheet.edit(lambda grid: [[str(c).replace("a.png", "renamed.png") for c in g] for g in grid])
    Path("b.png").write_bytes(picture(3))

    cli("run", sheet, "--yes")

    assert service.bought() == Counter({"One.": 1, "Two.": 2})
    assert uploads(service) == 3


def test_a_finished_row_survives_that_its_picture_is_cleaned_away(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Its results stay, nothing is bought again, and the row that still waits is invalid."""
    Path("a.png").write_bytes(picture(1))
    sheet = new_sheet("csv", ["One."], columns={"image_urls": ["a.png"]})
    cli("run", sheet, "--yes")
    before = sheet.rows()
    Path("a.png").unlink()

    cli("run", sheet, "--yes")

    assert sheet.rows() == before
    assert service.bought() == Counter({"One.": 1})


def test_what_is_wrong_with_a_picture_is_said_at_its_cell(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Without a network, before anything is sent; the other rows run."""
    Path("small.png").write_bytes(picture(1, size=(100, 100)))
    Path("long.png").write_bytes(picture(1, size=(128, 520)))
    Path("page.png").write_bytes(b"<html>")
    Path("fine.png").write_bytes(picture(1))
    Path("moving.gif").write_bytes(picture(1, kind="GIF"))
    Path("folder.png").mkdir()
    cells = [
        "small.png",
        "long.png",
        "page.png",
        "gone.png",
        "moving.gif",
        "folder.png",
        "fine.png",
    ]
    sheet = new_sheet(kind, [f"Row {n}." for n in range(7)], columns={"image_urls": cells})

    checked = cli("check", sheet, "--json")
    ran = cli("run", sheet, "--yes")

    assert codes(checked) == {
        2: ["image_too_small"],
        3: ["image_ratio"],
        4: ["image_not_a_picture"],
        5: ["image_not_found"],
        6: ["image_format"],
        7: ["image_no_file"],
    }
    assert ran.code == 1
    assert sheet.column("status") == ["invalid"] * 6 + ["succeeded"]
    assert "B2" in sheet.rows()[0]["error"]
    assert uploads(service) == 1


@pytest.mark.parametrize(
    "cell",
    [
        "../secret.png",
        "/etc/hostname",
        "{outside}/secret.png",
        "file://{outside}/secret.png",
        "link.png",
        "//server/share/x.png",
        "file://server/share/x.png",
        "~/x.png",
        "C:\\x.png",
    ],
)
def test_a_path_out_of_the_folder_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path, cell: str
) -> None:
    """Neither by dots, nor from the root, nor by a link: a cell takes no file from elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in (outside / "secret.png", tmp_path / "secret.png"):
        place.write_bytes(picture(1))
    Path("link.png").symlink_to(outside / "secret.png")
    sheet = new_sheet("csv", ["One."], columns={"image_urls": [cell.format(outside=outside)]})
    assert codes(cli("check", sheet, "--json")) == {2: ["image_outside"]}
    assert cli("run", sheet, "--yes").code == 1
    assert uploads(service) == 0


def test_other_folders_may_be_named_by_who_runs_it(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, tmp_path: Path
) -> None:
    """Only in a config that is given by --config: one that lies beside the sheet may not."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.png").write_bytes(picture(1))
    cells = ["a.png", str(outside / "a.png")]
    sheet = new_sheet("csv", ["One.", "Two."], columns={"image_urls": cells})
    configure(sheet, images={"folders": [str(outside)]})

    alone = cli("run", sheet, "--yes")
    named = cli("run", sheet, "--yes", "--config", sheet.path.with_suffix(".yaml"))

    assert alone.code == 2
    assert "images.folders" in alone.err
    assert named.code == 0, named.err
    assert sheet.column("status") == ["succeeded"] * 2
    assert uploads(service) == 1


def test_the_plan_says_how_many_pictures_are_uploaded(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Each once, and without asking anybody."""
    Path("a.png").write_bytes(picture(1))
    Path("b.png").write_bytes(picture(2))
    cells = ["a.png", "a.png\nb.png", IMAGE]
    sheet = new_sheet("csv", ["One.", "Two.", "Three."], columns={"image_urls": cells})
    planned = cli("run", sheet, "--dry-run")
    assert "2 pictures" in planned.out
    assert uploads(service) == 0


def test_a_picture_that_the_provider_refuses_makes_its_row_invalid(
    cli: Cli, serve: Any, new_sheet: NewSheet
) -> None:
    """The reason stands in the row, others are sent, and nothing of it is paid."""
    service = serve("upload-refused")
    Path("a.png").write_bytes(picture(1))
    sheet = new_sheet("csv", ["One.", "Two."], columns={"image_urls": ["a.png", IMAGE]})
    assert cli("run", sheet, "--yes").code == 1
    assert sheet.column("status") == ["invalid", "succeeded"]
    assert sheet.row("One.")["error"].startswith('picture: the provider does not take "a.png"')
    assert service.bought() == Counter({"Two.": 1})


def test_a_rehearsal_uploads_to_the_sandbox_only(cli: Cli, new_sheet: NewSheet) -> None:
    """Paths and pictures in the workbook work there as they do for real."""
    Path("a.png").write_bytes(picture(1))
    sheet = new_sheet("xlsx", ["One.", "Two."], columns={"image_urls": ["a.png", None]})
    paste(sheet.path, {"B3": picture(2)})
    ran = cli("run", sheet, "--sandbox")
    assert ran.code == 0, ran.err
    assert "2 succeeded" in ran.out + ran.err or "succeeded" in ran.out + ran.err


def test_the_sample_with_pictures_runs(cli: Cli, service: Service) -> None:
    """As it is, in a copy of its folder: three pictures are uploaded for its four rows."""
    samples = Path(__file__).parents[2] / "samples"
    shutil.copytree(samples / "pictures", "pictures")
    shutil.copy(samples / "pictures.csv", "pictures.csv")
    ran = cli("run", "pictures.csv", "--yes")
    assert ran.code == 0, ran.err
    assert uploads(service) == 3
    assert sum(len(links) for links in links_sent(service).values()) == 6


def test_what_a_row_asks_for_is_shown_with_the_names_of_its_pictures(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Nobody reads a digest; and a look uploads nothing."""
    Path("a.png").write_bytes(picture(1))
    sheet = new_sheet("csv", ["One."], columns={"image_urls": [f"a.png\n{IMAGE}"]})
    shown = cli("check", sheet, "--show", "1")
    assert "a.png" in shown.out
    assert "picture:file-" not in shown.out
    assert uploads(service) == 0


def test_copies_of_pictures_do_not_pile_up(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """What lay in the workbook is copied for the run, and gone once no row has it any more."""
    sheet = new_sheet("xlsx", ["One.", "Two."], columns={"image_urls": [None, IMAGE]})
    paste(sheet.path, {"B2": picture(1)})
    cli("run", sheet, "--yes")
    kept = sheet.sidecar / "pictures"
    assert len(list(kept.iterdir())) == 1
    sheet.save([["prompt", "image_urls"], ["Three.", IMAGE]])
    cli("run", sheet, "--yes")
    assert list(kept.iterdir()) == []
