"""Rows that break a rule: named, never sent, and in nobody's way."""

from __future__ import annotations

from tests.app.conftest import Cli, NewSheet, Service

PROMPTS = ["Good one.", "Too long.", "Good two."]
DURATIONS = [5, 60, 5]


def test_the_others_run_and_the_cell_is_named(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """One bad cell: its row says which cell and what is allowed, all others get their videos."""
    sheet = new_sheet(kind, PROMPTS, columns={"duration": DURATIONS})

    done = cli("run", sheet)

    assert done.code == 1
    assert service.bought() == {"Good one.": 1, "Good two.": 1}
    assert sheet.column("status") == ["succeeded", "invalid", "succeeded"]
    error = sheet.row("Too long.")["error"]
    assert error.startswith("invalid: C3: ")
    assert "3 to 16" in error
    assert "Not charged." in error
    assert sheet.row("Too long.")["job"] == ""
    assert "C3" in done.err
    assert f"Next: batch-runner check {sheet.path.name}" in done.out


def test_an_old_error_is_counted_but_no_news(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A cron job is not woken every night by the same bad row: 1 once, then 0; --exit-all: 1."""
    sheet = new_sheet(kind, PROMPTS, columns={"duration": DURATIONS})
    assert cli("run", sheet).code == 1

    again = cli("run", sheet)

    assert again.code == 0
    assert "1 invalid" in again.out
    assert cli("run", sheet, "--exit-all").code == 1
    assert len(service.accepted()) == 2


def test_an_error_that_changed_is_news(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A row that is wrong in another way than before counts again."""
    sheet = new_sheet("xlsx", PROMPTS, columns={"duration": DURATIONS})
    cli("run", sheet)

    sheet.edit(lambda grid: grid[2].__setitem__(2, "long"))

    assert cli("run", sheet).code == 1


def test_a_mended_row_runs(cli: Cli, service: Service, new_sheet: NewSheet, kind: str) -> None:
    """Corrected, the row runs, and only that row."""
    sheet = new_sheet(kind, PROMPTS, columns={"duration": DURATIONS})
    cli("run", sheet)

    sheet.edit(lambda grid: grid[2].__setitem__(2, 6))
    mended = cli("run", sheet)

    assert mended.code == 0
    assert service.bought() == {"Good one.": 1, "Too long.": 1, "Good two.": 1}
    assert sheet.column("status") == ["succeeded"] * 3
    assert sheet.column("error") == [""] * 3


def test_strict_submits_nothing_while_a_row_is_invalid(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--strict: all or nothing; exit 2 and the sheet as it was."""
    sheet = new_sheet(kind, PROMPTS, columns={"duration": DURATIONS})
    before = sheet.path.read_bytes()

    refused = cli("run", sheet, "--strict")

    assert refused.code == 2
    assert "--strict" in refused.err
    assert service.accepted() == []
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()


def test_all_that_is_wrong_is_said_at_once(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Check names every bad cell, with what is allowed, and exits with 1; it changes nothing."""
    sheet = new_sheet(
        kind,
        ["Fine.", "Bad.", "Bad, too."],
        columns={
            "image_urls": ["https://a.example/1.png", "", "ftp://a.example/1.png"],
            "duration": [5, 2, "5.5"],
            "resolution": ["720p", "4k", "720"],
        },
    )
    before = sheet.path.read_bytes()

    checked = cli("check", sheet)

    assert checked.code == 1
    for cell in ("B3", "C3", "D3", "B4", "C4"):
        assert f"{cell}: error" in checked.out
    assert "D4" not in checked.out
    assert "viduq3-mix" in checked.out
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()


def test_keys_must_tell_rows_apart(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """With key: a blank or repeated key makes its rows invalid, and no others."""
    sheet = new_sheet(kind, ["A.", "B.", "C.", "D."], columns={"No": ["k1", "", "k2", "k2"]})
    sheet.path.with_suffix(".yaml").write_text("key: No\npoll: {first: 10ms, min: 10ms}\n")

    done = cli("run", sheet)

    assert done.code == 1
    assert service.bought() == {"A.": 1}
    assert sheet.column("status") == ["succeeded", "invalid", "invalid", "invalid"]
    assert "blank" in sheet.row("B.")["error"]
    assert "2 rows" in sheet.row("D.")["error"]
