"""Who a row is, end to end: what the same row, an edited one and an equal one cost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.money.conftest import Cli, NewSheet, Serve, Service, Sheet


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"duration": "5"}, {"duration": "5.0"}),
        ({"duration": "5"}, {"duration": "５"}),
        ({"duration": "5"}, {"duration": " 5s "}),
        ({"aspect_ratio": "16:9"}, {"aspect_ratio": "１６：９"}),
        ({"resolution": "720p"}, {"resolution": "720P"}),
        ({"seed": "7"}, {"seed": "7.0"}),
        ({"prompt": "Cafe\u0301."}, {"prompt": "Caf\u00e9."}),
        ({"prompt": "Two\nlines."}, {"prompt": "Two\r\nlines. "}),
    ],
)
def test_the_same_written_otherwise_is_the_same_row(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    """Numbers, widths, accents, line ends and outer blanks are made canonical before comparing."""
    row = {"prompt": "A row.", **before}
    prompt = row.pop("prompt")
    sheet = new_sheet([prompt], columns={name: [value] for name, value in row.items()})
    assert cli("run", sheet).code == 0
    (found,) = sheet.rows()

    sheet.write([{**found, **after}])

    assert cli("run", sheet).code == 0
    assert sum(service.bought().values()) == 1


def test_a_row_edited_and_edited_back_is_bought_twice_not_thrice(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """An edited row is a new job; back as it was, it is the job it was, with its video."""
    sheet = new_sheet(["First."])
    cli("run", sheet)
    (original,) = sheet.rows()

    for prompt in ("Edited.", "First.", "Edited."):
        (row,) = sheet.rows()
        sheet.write([{**row, "prompt": prompt}])
        assert cli("run", sheet).code == 0

    assert service.bought() == {"First.": 1, "Edited.": 1}
    (row,) = sheet.rows()
    assert row["task_id"] == service.task_of("Edited.") != original["task_id"]


def test_a_row_deleted_and_put_back_is_not_bought_again(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Superseded jobs are kept: a row that returns, without its results, gets them back."""
    sheet = new_sheet(["First.", "Second."])
    cli("run", sheet)
    first, second = sheet.rows()
    sheet.write([second])
    cli("run", sheet)

    bare = {name: first[name] if name in {"prompt", "image_urls"} else "" for name in first}
    sheet.write([second, bare])

    assert cli("run", sheet).code == 0
    assert service.bought() == {"First.": 1, "Second.": 1}
    assert sheet.rows()[1]["task_id"] == first["task_id"]


def test_equal_rows_each_have_a_video_and_keep_it_through_sorting(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Told apart by the task they show, then by the whole row, then by order."""
    sheet = new_sheet(["Same.", "Same.", "Same."], columns={"note": ["a", "b", "c"]})
    first = cli("run", sheet)
    assert first.code == 0, first.out + first.err
    task_of = {row["note"]: row["task_id"] for row in sheet.rows()}
    assert len(set(task_of.values())) == 3

    rows = list(reversed(sheet.rows()))
    bare = [{**row, "task_id": "", "job": "", "status": ""} for row in rows]

    for order in (rows, bare):
        sheet.write(order)
        assert cli("run", sheet).code == 0
        assert {row["note"]: row["task_id"] for row in sheet.rows()} == task_of
    assert service.bought() == {"Same.": 3}


def test_a_copy_on_another_computer_adopts_what_it_shows(
    cli: Cli, serve: Serve, new_sheet: NewSheet, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without sidecar and books, marked rows are looked up, unmarked new ones are bought."""
    service = serve()
    sheet = new_sheet(["First.", "Second."])
    cli("run", sheet)
    elsewhere = Sheet(books.with_name("elsewhere") / sheet.path.name)
    elsewhere.path.parent.mkdir()
    shutil.copy(sheet.path, elsewhere.path)
    shutil.copy(sheet.path.with_suffix(".yaml"), elsewhere.path.with_suffix(".yaml"))
    monkeypatch.setenv("BATCH_RUNNER_DATA", str(books.with_name("other-books")))
    rows = elsewhere.rows()
    elsewhere.write(
        [
            *rows,
            {**dict.fromkeys(rows[0], ""), "prompt": "New.", "image_urls": rows[0]["image_urls"]},
        ]
    )

    assert cli("run", elsewhere).code == 0

    assert service.bought() == {"First.": 1, "Second.": 1, "New.": 1}
    assert elsewhere.column("status") == ["succeeded"] * 3
    assert "In all $0.40." in cli("spend").out  # the others were paid for over there


def test_an_adopted_task_of_another_key_is_held_and_found_by_the_right_one(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task id that this key does not know is unknown, never failed, never bought again."""
    sheet = new_sheet(["First."])
    cli("run", sheet)
    shutil.rmtree(sheet.sidecar)
    monkeypatch.setenv("APIMART_API_KEY", "sk-of-somebody-else")

    assert cli("run", sheet).code == 1
    assert sheet.column("status") == ["unknown"]
    assert "another key" in sheet.column("error")[0]
    monkeypatch.setenv("APIMART_API_KEY", "sk-of-the-user")
    assert cli("run", sheet).code == 0
    assert sheet.column("status") == ["succeeded"]
    assert service.bought() == {"First.": 1}


def test_the_first_state_is_kept_byte_for_byte(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """original.<ext> is the sheet before its first change; put back, it gets its results again."""
    sheet = new_sheet(["First."])
    first = sheet.path.read_bytes()
    cli("run", sheet)
    results = sheet.path.read_bytes()

    kept = sheet.sidecar / "original.csv"
    assert kept.read_bytes() == first
    shutil.copy(kept, sheet.path)
    assert cli("run", sheet).code == 0
    assert sheet.path.read_bytes() == results
    assert kept.read_bytes() == first
    assert service.bought() == {"First.": 1}
