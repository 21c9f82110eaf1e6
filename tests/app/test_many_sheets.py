"""Several sheets by one command: paths, folders, patterns and batch files, none stopped by another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import Cli, NewSheet, Service

FAST = "poll: {first: 10ms, min: 10ms, max: 20ms}\n"


@pytest.fixture
def inbox(new_sheet: NewSheet) -> Path:
    """A folder with two sheets and all kinds of files that are none."""
    folder = Path("inbox").absolute()
    folder.mkdir()
    for name, kind, prompt in (("b", "csv", "In b."), ("a", "xlsx", "In a.")):
        new_sheet(kind, [prompt], name=f"inbox/{name}")
    for name in ("notes.txt", "~$x.xlsx", ".hidden.csv", "x.results.xlsx", "b.sandbox.csv"):
        (folder / name).write_text("not a sheet", encoding="utf-8")
    (folder / "old.csv.batch").mkdir()
    (folder / "deeper.csv").mkdir()
    return folder


@pytest.mark.parametrize("named", ["inbox", "inbox/", "inbox/*.*", "./inbox/[ab].*"])
def test_a_folder_or_pattern_takes_its_sheets(
    cli: Cli, service: Service, inbox: Path, named: str
) -> None:
    """Both sheets run, in the order of their names; nothing that was made beside one is taken."""
    done = cli("run", named, "--json")
    assert done.code == done.json["exit"] == 0
    assert [Path(sheet["sheet"]).name for sheet in done.json["sheets"]] == ["a.xlsx", "b.csv"]
    assert done.json["states"] == {"succeeded": 2}
    assert dict(service.bought()) == {"In a.": 1, "In b.": 1}
    assert done.json["cost_usd"] == pytest.approx(service.charged())


def test_copies_made_by_output_are_no_sheets(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """What --output made of a sheet of the folder is not taken for a sheet later."""
    new_sheet("csv", ["One."])
    assert cli("run", "campaign.csv", "--output", "copy.csv").code == 0
    done = cli("run", ".", "--json")
    assert [Path(sheet["sheet"]).name for sheet in done.json["sheets"]] == ["campaign.csv"]


def test_an_empty_folder_is_nothing_to_do(cli: Cli, service: Service) -> None:
    """0, said in a line; --quiet says nothing."""
    Path("inbox").mkdir()
    done = cli("run", "inbox")
    assert (done.code, done.out) == (0, "There is no sheet: nothing to do.\n")
    assert cli("run", "inbox", "--quiet") == (0, "", "")
    assert cli("run", "inbox/*.csv").code == 0
    assert cli("run", "outbox/*.csv").code == 2


def test_spreadsheets_of_other_kinds_are_told(cli: Cli, service: Service, inbox: Path) -> None:
    """An old .xls in the folder is not passed over in silence: what to do with it is said."""
    (inbox / "old.xls").write_bytes(b"")
    (inbox / "~$old.xls").write_bytes(b"")
    done = cli("run", inbox)
    assert done.code == 0
    assert done.err.count("is not taken") == 1
    assert "inbox/old.xls is not taken. Open it in Excel or LibreOffice." in done.err
    assert cli("run", inbox, "--quiet") == (0, "", "")


def test_one_bad_sheet_stops_no_other(cli: Cli, service: Service, inbox: Path) -> None:
    """The others are done; the worst code by the order of the documentation, one summary."""
    (inbox / "c.xlsx").write_text("no workbook", encoding="utf-8")
    done = cli("run", inbox)
    assert done.code == 2
    assert "c.xlsx" in done.err
    assert sum(service.bought().values()) == 2
    assert done.out.splitlines()[-1].startswith("3 sheets: 2 done, 1 not. 2 succeeded; $")


def test_quiet_tells_only_of_the_sheet_that_went_wrong(
    cli: Cli, service: Service, inbox: Path, new_sheet: NewSheet
) -> None:
    """All well: silence. One in trouble: that one by name, and the summary."""
    assert cli("run", inbox, "--quiet") == (0, "", "")
    new_sheet("csv", ["No. [sandbox:failed]"], name="inbox/c")
    done = cli("run", inbox, "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "c.csv: 1 failed" in done.err
    assert "a.xlsx" not in done.err
    assert "3 sheets: 2 done, 1 not." in done.err


def test_each_sheet_runs_once(cli: Cli, service: Service, inbox: Path) -> None:
    """Named twice, by a folder and by its name, or by a link: one run."""
    Path("link.csv").symlink_to(inbox / "b.csv")
    done = cli("run", inbox, inbox / "b.csv", "link.csv", "--json")
    assert done.code == 0
    assert len(done.json["sheets"]) == 2


def test_each_has_a_log_of_its_own(cli: Cli, service: Service, inbox: Path) -> None:
    """Runs at the same time do not write into each other's run.log."""
    cli("run", inbox)
    for sheet, prompt in (("a.xlsx", "In a."), ("b.csv", "In b.")):
        text = (inbox / f"{sheet}.batch" / "run.log").read_text(encoding="utf-8")
        tasks = {json.loads(line).get("task_id") for line in text.splitlines()} - {None}
        assert tasks == {service.task_of(prompt)}


@pytest.fixture
def batch(tmp_path: Path) -> Callable[[str], Path]:
    """``batch(text)``: a batch file beside the sheets' folder."""

    def write(text: str) -> Path:
        path = Path("nightly.yaml").absolute()
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_batch_file_lists_sheets_with_their_configs(
    cli: Cli, service: Service, inbox: Path, batch: Callable[[str], Path], new_sheet: NewSheet
) -> None:
    """Paths count from the file's folder; a config named there is trusted as one of --config."""
    Path("own.yaml").write_text(FAST + "defaults: {duration: 9}\n", encoding="utf-8")
    new_sheet("csv", ["Apart."], name="apart")
    named = batch(
        "sheets:\n- inbox/*\n- {path: apart.csv, config: own.yaml}\n"
        "limits: {concurrency: 2, rate: 600/min}\ndeadline: 1h\n"
    )
    done = cli("run", named, "--json")
    assert done.code == 0
    assert len(done.json["sheets"]) == 3
    durations = {t["body"]["prompt"]: t["body"]["duration"] for t in service.accepted()}
    assert durations == {"In a.": 5, "In b.": 5, "Apart.": 9}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sheet: [a.csv]", "There is no setting 'sheet'"),
        ("sheets: []", "'sheets'"),
        ("sheets: [a.csv]\nat_once: 0", "'at_once'"),
        ("sheets: [a.csv]\nlimits: {rate: fast}", "nightly.yaml:2"),
    ],
)
def test_a_batch_file_is_checked_as_a_whole(
    cli: Cli, service: Service, batch: Callable[[str], Path], text: str, said: str
) -> None:
    """A mistake is named with its place, exit 2, nothing is run."""
    refused = cli("run", batch(text))
    assert refused.code == 2
    assert said in refused.err
    assert cli("run", "nightly.yaml", "other.csv").code == 2


def test_finished_sheets_are_put_away_with_all_that_is_theirs(
    cli: Cli, service: Service, inbox: Path, batch: Callable[[str], Path], new_sheet: NewSheet
) -> None:
    """Sheet, sidecar and config go to done/, videos are found there; the unfinished one stays."""
    new_sheet("csv", ["No. [sandbox:failed]"], name="inbox/c")
    named = batch("sheets: [inbox]\ndone: done\n")
    done = cli("run", named, "--json")
    assert done.code == 1
    assert not (inbox / "a.xlsx").exists()
    assert not (inbox / "b.csv").exists()
    assert (inbox / "c.csv").is_file()
    moved = [Path(sheet["moved"]) for sheet in done.json["sheets"] if "moved" in sheet]
    assert [path.name for path in moved] == ["a.xlsx", "b.csv"]
    status = cli("status", Path("done/b.csv"), "--json")
    assert status.json["states"] == {"succeeded": 1}
    assert (Path("done") / "b.csv.yaml").is_file()
    assert list((Path("done") / "b.csv.batch" / "videos").iterdir())
    again = cli("run", "done", "--json")
    assert again.code == 0
    assert len(service.accepted()) == 3


def test_a_name_that_is_taken_is_not_overwritten(
    cli: Cli, service: Service, batch: Callable[[str], Path], new_sheet: NewSheet
) -> None:
    """Tomorrow's sheet of the same name is put beside yesterday's, under a name of its own."""
    Path("inbox").mkdir()
    named = batch("sheets: [inbox]\ndone: done\n")
    for prompt in ("Yesterday.", "Today."):
        new_sheet("csv", [prompt], name="inbox/shots")
        assert cli("run", named).code == 0
    for name, prompt in (("shots.csv", "Yesterday."), ("shots-2.csv", "Today.")):
        assert prompt in Path("done", name).read_text(encoding="utf-8")
        assert cli("run", Path("done", name)).code == 0
    assert len(service.accepted()) == 2


def test_one_budget_holds_for_all_sheets(
    cli: Cli, serve: Callable[..., Service], new_sheet: NewSheet, batch: Callable[[str], Path]
) -> None:
    """budget.run_usd of the batch file: 3 when it is used up, the sum never above; later it goes on."""
    service = serve()
    Path("inbox").mkdir()
    for name in "abc":
        new_sheet("csv", [f"{name} {n}." for n in range(4)], name=f"inbox/{name}")
    one = _price_of_one(cli)
    named = batch(f"sheets: [inbox]\nbudget: {{run_usd: {one * 5.5:.4f}}}\n")
    stopped = cli("run", named)
    assert stopped.code == 3
    assert "for all its sheets" in stopped.out
    assert 0 < service.charged() <= one * 5.5
    assert len(service.accepted()) < 12
    assert cli("run", "inbox").code == 0
    assert sorted(service.bought().values()) == [1] * 12


def _price_of_one(cli: Cli) -> float:
    """USD that one row may cost at most."""
    checked = cli("check", "inbox/a.csv", "--json")
    return float(checked.json["estimated_usd"]["high"]) / int(checked.json["new"])


def test_check_takes_folders_too_and_goes_on_after_a_bad_sheet(
    cli: Cli, service: Service, inbox: Path
) -> None:
    """Each sheet of the folder is checked; an unusable one is told, exit 2, and stops no other."""
    assert cli("check", inbox).code == 0
    (inbox / "c.xlsx").write_text("no workbook", encoding="utf-8")
    done = cli("check", inbox, "--json")
    assert done.code == 2
    assert "c.xlsx" in done.err
    assert [sheet.get("exit", 0) for sheet in done.json["sheets"]] == [0, 0, 2]
    assert service.accepted() == []


def test_a_rehearsal_of_several_adds_nothing_up(cli: Cli, service: Service, inbox: Path) -> None:
    """--dry-run shows each plan by name, and no sum of what was not done."""
    done = cli("run", inbox, "--dry-run")
    assert done.code == 0
    # Read at the same time, so in either order.
    planned = [line.split(":")[0] for line in done.out.splitlines() if "1 new" in line]
    assert sorted(planned) == ["inbox/a.xlsx", "inbox/b.csv"]
    assert "2 sheets" not in done.out
    assert service.accepted() == []
