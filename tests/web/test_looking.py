"""What the dashboard shows, asked without a browser: beside a run, of hostile ledgers, cheaply."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from batch_runner.app.board.board import Board
from batch_runner.app.board.watcher import Watcher
from tests.web.house import PATIENCE, Dashboard, Visitor

LISTENING: list[Callable[[str, tuple[Any, ...]], None]] = []
sys.addaudithook(lambda event, told: [hear(event, told) for hear in LISTENING] and None)


def _done(board: Dashboard, visitor: Visitor, sheet: str) -> None:
    """Run a sheet to its end."""
    assert visitor.private(f"sheets/{sheet}/start", {}).status == 200
    until = time.monotonic() + PATIENCE
    while board.house.starts.is_on(sheet):
        assert time.monotonic() < until
        board.pause()
    ended = board.house.starts.ended(sheet)
    assert ended is not None
    assert ended.code == 0, ended.said


@pytest.fixture
def ran(board: Dashboard) -> tuple[Dashboard, Visitor, str, Path]:
    """A dashboard, somebody in it, and a sheet that ran."""
    path = board.sheet("a.csv", ["A cat.", "A dog."])
    visitor, sheet = board.visitor(), board.id_of(path)
    _done(board, visitor, sheet)
    return board, visitor, sheet, path


def _tamper(path: Path, script: str) -> None:
    with sqlite3.connect(path.with_name(f"{path.name}.batch") / "ledger.sqlite") as ledger:
        ledger.executescript(script)
    ledger.close()


def test_a_video_is_given_out_and_nothing_else_is(
    ran: tuple[Dashboard, Visitor, str, Path],
) -> None:
    """A ledger that came with a sheet may name any file: only a video is ever given out."""
    board, visitor, sheet, path = ran
    row = visitor.private(f"sheets/{sheet}/rows").json["rows"][0]
    film = f"sheets/{sheet}/rows/{row['job']}/video"
    whole = visitor.private(film)
    assert whole.status == 200
    assert whole.headers["Content-Type"] == "video/mp4"
    part = visitor.private(film, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, whole.body[:4])
    secret = board.folder.parent / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    secret.with_suffix(".mp4").write_text("secret", encoding="utf-8")
    for name in ("../secret.txt", "../secret.mp4", str(secret), "a.csv"):
        _tamper(
            path,
            f"UPDATE jobs SET video_file = '{name}'; UPDATE attempts SET video_file = '{name}' WHERE job = {row['job']};",
        )
        assert visitor.private(film).status == 404
        assert visitor.private(f"sheets/{sheet}/gallery/video?file={name}").status == 404
    assert visitor.private(f"sheets/{sheet}/gallery/posters/..%2f..%2fa.csv").status == 404


def test_a_damaged_ledger_is_told_and_stops_no_other_sheet(
    ran: tuple[Dashboard, Visitor, str, Path],
) -> None:
    """Its card says so; the others go on."""
    board, visitor, sheet, path = ran
    good = board.sheet("b.csv", ["A hen."])
    (path.with_name("a.csv.batch") / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    views = {view.entry.path.name: view for view in Watcher(board.house.board).views()}
    assert "ledger" in views["a.csv"].trouble
    assert views["b.csv"].trouble == ""
    assert visitor.private(f"sheets/{sheet}/rows").status == 422
    assert visitor.private(f"sheets/{board.id_of(good)}/check").status == 200


def test_a_ledger_in_which_nothing_happens_is_not_opened_again(
    ran: tuple[Dashboard, Visitor, str, Path],
) -> None:
    """However many sheets are shown: a look at one at rest costs two questions to the system."""
    board, _, _, path = ran
    for file in path.with_name("a.csv.batch").glob("ledger.sqlite*"):
        os.utime(file, (0, time.time() - 60))
    watcher, opened = (
        Watcher(Board(places=[board.folder], options={}, environ=board.house.environ)),
        [],
    )

    def hear(event: str, _told: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect":
            opened.append(event)

    watcher.views()
    LISTENING.append(hear)
    try:
        watcher.views()
        assert opened == []
        _tamper(path, "UPDATE jobs SET state = 'failed';")
        opened.clear()
        while watcher.views()[0].sight.totals.states.get("failed") != 2:  # type: ignore[union-attr]
            board.pause()
        assert opened
    finally:
        LISTENING.remove(hear)


def test_messages_come_in_the_language_of_the_reader(board: Dashboard) -> None:
    """A check says what is wrong in Japanese or Chinese to whoever reads that."""
    sheet = board.id_of(board.sheet("a.csv", ["A cat."], duration="99"))
    visitor = board.visitor()
    said = {
        language: visitor.private(
            f"sheets/{sheet}/check", headers={"Accept-Language": language}
        ).json["faults"][0]["message"]
        for language in ("en-US,en", "ja-JP,en;q=0.5", "zh-TW", "fr,de;q=0.9", "*")
    }
    assert len(set(said.values())) == 3
    assert said["fr,de;q=0.9"] == said["en-US,en"] == said["*"]
    assert "99" in said["ja-JP,en;q=0.5"]


def test_a_cell_of_a_workbook_is_corrected_and_nothing_else_changes(board: Dashboard) -> None:
    """Formulas, looks and numbers around it stay; what somebody changed meanwhile is not lost."""
    path = board.folder / "a.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in (
        ("prompt", "image_urls", "duration", "note"),
        ("A cat.", "https://images.example.com/a.png", 99, "=1+1"),
    ):
        page.append(list(line))
    page["C2"].font = Font(bold=True)
    book.save(path)
    visitor, sheet = board.visitor(), board.id_of(path)
    (fault,) = visitor.private(f"sheets/{sheet}/check").json["faults"]
    told = {name: fault[name] for name in ("worksheet", "row", "column")}
    assert (fault["place"], fault["header"], fault["value"]) == ("C2", "duration", "99")
    stale = visitor.private(f"sheets/{sheet}/cell", {**told, "before": "98", "after": "5"})
    assert stale.status == 409
    assert (
        visitor.private(f"sheets/{sheet}/cell", {**told, "before": "99", "after": "5"}).status
        == 200
    )
    assert visitor.private(f"sheets/{sheet}/check").json["errors"] == 0
    after = openpyxl.load_workbook(path).active
    assert after is not None
    assert after["C2"].value == 5
    assert after["C2"].font.bold
    assert after["D2"].value == "=1+1"


@pytest.mark.parametrize(
    "place",
    [
        {"row": 1, "column": 0},
        {"row": 2, "column": 99},
        {"row": -5, "column": 0},
        {"row": 2, "column": -1},
        {"row": 10**9, "column": 0},
    ],
    ids=str,
)
def test_only_cells_of_rows_are_written(board: Dashboard, place: dict[str, int]) -> None:
    """No header, nothing right of the table, no line that is not there."""
    path = board.sheet("a.csv", ["A cat."])
    before = path.read_bytes()
    visitor, sheet = board.visitor(), board.id_of(path)
    told = {"worksheet": None, **place, "before": "prompt", "after": "=cmd()"}
    assert visitor.private(f"sheets/{sheet}/cell", told).status in {404, 409, 422}
    assert path.read_bytes() == before


def test_an_order_without_a_run_and_a_second_start_are_refused_in_words(board: Dashboard) -> None:
    """Nothing is done twice, and the answer says what to do."""
    visitor, sheet = board.visitor(), board.id_of(board.sheet("a.csv", ["A cat."]))
    refused = visitor.private(f"sheets/{sheet}/order", {"do": "pause"})
    assert refused.json["error"]["code"] == "no_run"
    assert visitor.private(f"sheets/{sheet}/start", {}).status == 200
    assert visitor.private(f"sheets/{sheet}/start", {}).status == 409


def test_more_than_was_agreed_to_is_never_spent(board: Dashboard) -> None:
    """A sheet that grew between the plan and the yes sends nothing, and says why."""
    path = board.sheet("a.csv", ["A cat."])
    visitor, sheet = board.visitor(), board.id_of(path)
    most = visitor.private(f"sheets/{sheet}/plan").json["plan"]["high_micros"]
    board.sheet("a.csv", ["A cat.", "A dog.", "A fox."])
    assert visitor.private(f"sheets/{sheet}/start", {"most": most}).status == 200
    until = time.monotonic() + PATIENCE
    while board.house.starts.is_on(sheet):
        assert time.monotonic() < until
        board.pause()
    ended = board.house.starts.ended(sheet)
    assert ended is not None
    assert ended.code == 2
    assert "$" in ended.said
    assert not (board.folder.parent / "service" / "accepted.jsonl").read_text(encoding="utf-8")
