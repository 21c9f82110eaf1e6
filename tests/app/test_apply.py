"""``apply``: what was decided in the gallery comes back into the sheet, and into the next run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.app.conftest import IMAGE, Cli, Configure, NewSheet, Service
from tests.app.sheets import Sheet, write_config

PROMPTS = ["First.", "Second.", "Third.", "[sandbox:failed] Fourth."]


def seen(cli: Cli, sheet: Sheet) -> list[dict[str, Any]]:
    """The rows as the gallery shows them now."""
    assert cli("report", sheet).code == 0
    page = (sheet.sidecar / "report.html").read_text(encoding="utf-8")
    blocks = re.findall(r'data-block="rows">(.*?)</script>', page, re.DOTALL)
    return [row for block in blocks for row in json.loads(block)]


def saved(cli: Cli, sheet: Sheet, made: Sequence[dict[str, Any]], **changed: Any) -> Path:
    """A file of decisions about the rows in turn, as the gallery saves it; ``{}``: none."""
    page = (sheet.sidecar / "report.html").read_text(encoding="utf-8")
    (head,) = re.findall(r'data-block="head">(.*?)</script>', page, re.DOTALL)
    rows = seen(cli, sheet)
    decisions = [
        {"job": row["job"], "id": row["id"], "attempt": row["attempt"], **one}
        for row, one in zip(rows, made, strict=False)
        if one
    ]
    told = {
        "format": "batch-runner-decisions",
        "version": 1,
        "campaign": json.loads(head)["campaign"],
        "sheet": sheet.path.name,
        "decisions": decisions,
    }
    place = Path("decisions.json")
    place.write_text(json.dumps({**told, **changed}), encoding="utf-8")
    return place


@pytest.fixture
def ran(cli: Cli, service: Service, new_sheet: NewSheet, kind: str) -> Sheet:
    """A sheet that was run, and its gallery."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    assert cli("report", sheet).code == 0
    return sheet


def test_decisions_stand_in_the_sheet_and_the_next_run_obeys(
    cli: Cli, service: Service, ran: Sheet
) -> None:
    """Keep and reject stand there; a redo is made once, and its cell goes blank; applied again: no more."""
    file = saved(
        cli,
        ran,
        [
            {"decision": "keep"},
            {"decision": "redo", "prompt": "Second, but calmer.", "note": "too wild"},
            {"decision": "reject", "note": "=not ours"},
            {"decision": "redo", "seed": 42},
        ],
    )
    before = {row["prompt"]: row for row in ran.rows()}
    done = cli("apply", ran, file)
    assert (done.code, done.err) == (0, "")
    assert "1 keep, 1 reject, 2 redo" in done.out
    assert ran.column("decision") == ["keep", "redo", "reject", "redo seed=42"]
    assert [note.lstrip("'") for note in ran.column("decision_note")] == [
        "",
        "too wild",
        "=not ours",
        "",
    ]
    assert ran.column("status") == ["succeeded", "queued", "succeeded", "queued"]
    assert len(service.accepted()) == 4

    cli("run", ran)
    bodies = [task["body"] for task in service.accepted()[4:]]
    assert {body["prompt"] for body in bodies} == {"Second, but calmer.", PROMPTS[3]}
    assert [body["seed"] for body in bodies if body["prompt"] == PROMPTS[3]] == [42]
    assert ran.column("decision") == ["keep", "", "reject", ""]
    assert ran.row("Second.")["video_file"] != before["Second."]["video_file"]
    assert (ran.path.parent / before["Second."]["video_file"]).is_file()

    again = cli("apply", ran, file)
    assert again.code == 1
    assert "another take of it was made since" in again.err
    cli("run", ran)
    assert len(service.accepted()) == 6


def test_applied_twice_before_the_run_is_applied_once(
    cli: Cli, service: Service, ran: Sheet
) -> None:
    """Whoever is not sure gives the command again; nothing is bought twice."""
    file = saved(cli, ran, [{"decision": "redo"}])
    for _ in range(2):
        assert cli("apply", ran, file).code == 0
    cli("run", ran)
    assert service.bought()["First."] == 2


def test_a_decision_can_be_taken_back(cli: Cli, service: Service, ran: Sheet) -> None:
    """Before the run: the take is not made."""
    cli("apply", ran, saved(cli, ran, [{"decision": "redo"}, {"decision": "reject"}]))
    assert ran.column("decision")[:2] == ["redo", "reject"]
    cli("apply", ran, saved(cli, ran, [{"decision": None}, {"decision": None}]))
    assert ran.column("decision")[:2] == ["", ""]
    cli("run", ran)
    assert service.bought()["First."] == 1
    assert ran.row("First.")["status"] == "succeeded"


def test_the_gallery_shows_what_was_decided(cli: Cli, service: Service, ran: Sheet) -> None:
    """Keep, reject and what waits to be redone are there when the page is made anew."""
    made: list[dict[str, Any]] = [
        {"decision": "keep"},
        {"decision": "reject", "note": "dull"},
        {"decision": "redo"},
    ]
    cli("apply", ran, saved(cli, ran, made))
    rows = seen(cli, ran)
    assert [row.get("decision") for row in rows] == ["keep", "reject", "redo", None]
    assert rows[1]["note"] == "dull"
    assert "decision" not in json.dumps([row.get("cells") for row in rows])


def test_decisions_about_others_are_left_out(cli: Cli, service: Service, ran: Sheet) -> None:
    """Of another campaign: nothing is applied. Of a row that is another one by now: not that."""
    before = ran.path.read_bytes()
    other = cli("apply", ran, saved(cli, ran, [{"decision": "keep"}], campaign="another"))
    assert other.code == 2
    assert "another campaign" in other.err
    wrong: list[dict[str, Any]] = [
        {"decision": "keep", "job": "0" * 12},
        {"decision": "keep", "id": 999},
        {"decision": "redo", "attempt": 7},
        {"decision": "keep"},
    ]
    done = cli("apply", ran, saved(cli, ran, wrong))
    assert done.code == 1
    assert done.err.count("Left out") == 4
    assert ran.path.read_bytes() == before


def test_no_such_file_changes_nothing(cli: Cli, service: Service, ran: Sheet) -> None:
    """A file that is none of the gallery's is refused with a sentence."""
    before = ran.path.read_bytes()
    Path("decisions.json").write_text("<html>", encoding="utf-8")
    done = cli("apply", ran, "decisions.json")
    assert (done.code, "no file of decisions" in done.err) == (2, True)
    assert ran.path.read_bytes() == before


def test_a_sheet_that_is_only_read_still_gets_its_redo(cli: Cli, service: Service) -> None:
    """Nothing is written into it; keep and reject have no place there, which is said."""
    lines = [{"prompt": prompt, "image_urls": [IMAGE]} for prompt in PROMPTS[:2]]
    sheet = Sheet(Path("campaign.jsonl").absolute())
    sheet.path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    write_config(sheet)
    cli("run", sheet)
    before = sheet.path.read_bytes()
    assert cli("report", sheet).code == 0
    done = cli("apply", sheet, saved(cli, sheet, [{"decision": "redo"}, {"decision": "keep"}]))
    assert done.code == 1
    assert "only a redo" in done.err
    cli("run", sheet)
    cli("run", sheet)
    assert service.bought() == {"First.": 2, "Second.": 1}
    assert sheet.path.read_bytes() == before


def test_of_several_videos_of_a_row_the_best_can_be_chosen(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """The cell names which one; another row's redo is about the video that was looked at."""
    sheet = new_sheet(kind, PROMPTS[:2])
    configure(sheet, variants=2)
    cli("run", sheet)
    assert cli("report", sheet).code == 0
    rows = seen(cli, sheet)
    assert [(row["line"], row.get("variant", 1)) for row in rows] == [
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 2),
    ]
    made: list[dict[str, Any]] = [
        {"decision": "reject"},
        {"decision": "keep"},
        {},
        {"decision": "redo"},
    ]
    done = cli("apply", sheet, saved(cli, sheet, made))
    assert (done.code, done.err) == (0, "")
    assert sheet.column("decision") == ["keep 2", "redo 2"]
    assert [row.get("decision") for row in seen(cli, sheet)] == [None, "keep", None, "redo"]
    cli("run", sheet)
    assert service.bought() == {"First.": 2, "Second.": 3}
    assert unquote(rows[1]["video"]) in sheet.row("First.")["video_file"]
    assert sheet.column("decision") == ["keep 2", ""]
