"""Several videos of one row: each made once, in its own columns, whatever the number becomes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import Grid

PROMPTS = ["First.", "Second."]


def seeds(service: Service, prompt: str) -> list[Any]:
    """The seeds that were sent with a prompt, in order."""
    return [t["body"].get("seed") for t in service.accepted() if t["body"]["prompt"] == prompt]


def test_each_variant_has_its_own_seed_columns_and_file(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Three videos of each row with three seeds; a run again buys nothing."""
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, variants=3)

    planned = cli("check", sheet, "--json").json
    for _ in range(2):
        assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 3)
    assert len(set(seeds(service, "First."))) == 3
    assert None not in seeds(service, "First.")
    row = sheet.row("First.")
    assert {row["status"], row["status_2"], row["status_3"]} == {"succeeded"}
    assert len({row["video_file"], row["video_file_2"], row["video_file_3"]}) == 3
    for name in ("video_file", "video_file_2", "video_file_3"):
        assert (sheet.path.parent / row[name]).exists()
    assert len({row["task_id"], row["task_id_2"], row["task_id_3"]}) == 3
    assert planned["rows"] == 2
    status = cli("status", sheet, "--json").json
    assert (status["rows"], status["videos"]) == (2, 6)
    assert status["cost_usd"] == pytest.approx(service.charged())


def test_a_row_says_how_many_it_wants_and_counts_up_from_its_seed(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The column counts more than the config; a seed of the row's own is the first one's."""
    sheet = new_sheet(kind, PROMPTS, columns={"variants": [2, ""], "seed": [40, ""]})

    assert cli("run", sheet).code == 0

    assert sorted(seeds(service, "First.")) == [40, 41]
    assert seeds(service, "Second.") == [None]
    assert sheet.column("status_2") == ["succeeded", ""]


def test_a_grid_makes_every_combination(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Values of two parameters: four videos of a row, each asked for once."""
    sheet = new_sheet("csv", PROMPTS[:1])
    configure(sheet, variants={"resolution": ["720p", "1080p"], "seed": [1, 2]})

    assert cli("run", sheet).code == 0

    asked = [(t["body"]["resolution"], t["body"]["seed"]) for t in service.accepted()]
    assert sorted(asked) == [("1080p", 1), ("1080p", 2), ("720p", 1), ("720p", 2)]
    assert sheet.column("status_4") == ["succeeded"]


def test_a_grid_of_what_a_model_lacks_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Nothing is paid for variants that would all be the same."""
    sheet = new_sheet("csv", PROMPTS[:1])
    configure(sheet, variants={"loudness": [1, 2]})

    assert cli("run", sheet).code == 1

    assert "loudness" in sheet.column("error")[0]
    assert service.accepted() == []


def test_the_number_may_change_and_nothing_finished_is_bought_again(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Turned on, the first one is there already; lower keeps what was made; higher adds the new."""
    sheet = new_sheet(kind, PROMPTS)
    bought = []
    for number in (1, 2, 1, 3, 2, 3):
        configure(sheet, variants=number)
        assert cli("run", sheet).code == 0
        assert cli("check", sheet, "--json").json["differing"] == 0
        bought.append(service.bought()["First."])

    assert bought == [1, 2, 2, 3, 3, 3]
    assert cli("status", sheet, "--json").json["cost_usd"] == pytest.approx(service.charged())


def test_rows_sorted_and_edited_keep_their_variants(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """A row is found with all its variants wherever it stands; an edited one gets new ones."""
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, variants=2)
    cli("run", sheet)
    before = sheet.row("First.")

    def turned(grid: Grid) -> Grid:
        return [grid[0], grid[2], grid[1]]

    sheet.edit(turned)
    assert cli("run", sheet).code == 0
    assert sheet.row("First.") == before
    sheet.edit(lambda grid: grid[1].__setitem__(0, "Edited."))
    assert cli("run", sheet).code == 0

    assert service.bought() == {"First.": 2, "Second.": 2, "Edited.": 2}


def test_a_limit_counts_videos(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """--limit 3 of two rows with two variants sends three; the next run the last one."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=2)

    assert cli("run", sheet, "--limit", "3").code == 0
    assert service.bought() == {"First.": 2, "Second.": 1}
    assert cli("run", sheet).code == 0
    assert service.bought() == {"First.": 2, "Second.": 2}


def test_keyed_rows_have_variants_too(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """By its key a row is known with all its variants, though its cells change."""
    sheet = new_sheet("csv", PROMPTS, columns={"SKU": ["s1", "s2"]})
    configure(sheet, key="SKU", variants=2)
    cli("run", sheet)
    sheet.edit(lambda grid: grid[1].__setitem__(0, "First, edited."))

    assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 2)
    told = cli("status", sheet, "--row", "s1/2", "--json").json["jobs"]
    assert [(job["key"], job["variant"]) for job in told] == [("s1", 2)]


def test_without_its_ledger_no_variant_is_bought_again(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """The marks in the sheet tell of each variant, also of the best one in the first one's place."""
    sheet = new_sheet(kind, PROMPTS, columns={"decision": ["keep 2", ""]})
    configure(sheet, variants=2)
    cli("run", sheet)
    cli("run", sheet)
    (sheet.sidecar / "ledger.sqlite").unlink()

    again = cli("run", sheet)

    assert again.code == 0, again.err
    assert service.bought() == dict.fromkeys(PROMPTS, 2)


def test_the_best_one_shows_in_the_main_columns(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Keep 2 puts the second one first, and the first one in its place; keep 1 puts them back."""
    sheet = new_sheet(kind, PROMPTS, columns={"decision": ["", ""]})
    configure(sheet, variants=2)
    cli("run", sheet)
    before = sheet.row("First.")

    def keep(word: str) -> None:
        def change(grid: Grid) -> None:
            grid[1][grid[0].index("decision")] = word

        sheet.edit(change)
        assert cli("run", sheet).code == 0

    keep("keep 2")
    chosen = sheet.row("First.")
    keep("採用 1")

    for name in ("task_id", "video_file", "video_url", "job"):
        assert (chosen[name], chosen[f"{name}_2"]) == (before[f"{name}_2"], before[name])
        assert sheet.row("First.")[name] == before[name]
    assert service.bought() == dict.fromkeys(PROMPTS, 2)


def test_one_variant_is_made_anew(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A redo means the row's main video, 5/2 or 'redo 2' another one; seeds never come twice."""
    sheet = new_sheet("csv", PROMPTS, columns={"decision": ["", "redo 2"]})
    configure(sheet, variants=2)
    cli("run", sheet)
    assert sheet.column("decision") == ["", ""]
    before = sheet.row("First.")

    assert cli("redo", sheet, "2/2").code == 0
    after = sheet.row("First.")
    assert after["task_id"] == before["task_id"]
    assert after["task_id_2"] != before["task_id_2"]
    assert cli("redo", sheet, "2").code == 0

    assert sheet.row("First.")["task_id"] != before["task_id"]
    assert sheet.row("First.")["task_id_2"] == after["task_id_2"]
    assert service.bought() == {"First.": 4, "Second.": 2}
    assert len(set(seeds(service, "First."))) == 4


def test_a_redo_of_another_variant_takes_the_one_before_back(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Before it was sent, 'redo 2' may become 'redo': only the first one is made anew."""
    sheet = new_sheet("csv", PROMPTS[:1], columns={"decision": [""]})
    configure(sheet, variants=2)
    cli("run", sheet)
    before = sheet.row("First.")
    spent = f"{service.charged() + 0.001:.4f}"

    sheet.edit(lambda grid: grid[1].__setitem__(2, "redo 2"))
    assert cli("run", sheet, "--budget", spent).code == 3
    sheet.edit(lambda grid: grid[1].__setitem__(2, "redo"))
    assert cli("run", sheet).code == 0

    after = sheet.row("First.")
    assert after["task_id"] != before["task_id"]
    assert after["task_id_2"] == before["task_id_2"]
    assert service.bought() == {"First.": 3}
    assert after["decision"] == ""


def test_an_unknown_variant_is_named(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Which of a row's videos nobody knows of is said, and that one alone is settled."""
    sheet = new_sheet("csv", ["Lost. [sandbox:accept-then-drop]"])
    configure(sheet, variants=2)

    ran = cli("run", sheet, "--json")

    assert ran.code == 1
    assert [lost["variant"] for lost in ran.json["unknown"]] == [1, 2]
    assert cli("resolve", sheet, "--row", "2/2", "--give-up").code == 0
    assert (sheet.column("status"), sheet.column("status_2")) == (["unknown"], ["unknown"])
    cli("sync", sheet)
    assert (sheet.column("status"), sheet.column("status_2")) == (["unknown"], ["failed"])


def test_restore_takes_the_columns_of_variants_out(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Nothing of ours stays in the sheet, though the number was lowered meanwhile."""
    sheet = new_sheet(kind, PROMPTS)
    head = sheet.grid()[0]
    configure(sheet, variants=3)
    cli("run", sheet)
    configure(sheet, variants=1)

    assert cli("restore", sheet).code == 0

    assert [cell for cell in sheet.grid()[0] if cell] == head


@pytest.mark.parametrize("given", [0, 21, {"seed": []}, {"seed": [1, 1]}, {"seed": 3}, "many"])
def test_a_number_or_a_grid_that_cannot_be_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, given: object
) -> None:
    """The config is unusable, and says what may stand there; nothing is sent."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=given)

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "variants" in refused.err
    assert service.accepted() == []
