"""One sheet in a folder that is synchronised, and two computers that both run it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batch_runner.app.place.home import machine_of
from batch_runner.core.lease import Lease
from batch_runner.ledger.lease import write_lease
from tests.money.conftest import IMAGE, Cli, NewSheet, Result, Service, Sheet

ROWS = ["One.", "Two.", "Three.", "Four."]
ONCE = dict.fromkeys(ROWS, 1)
LOST = "Lost. [sandbox:accept-then-drop]"


@dataclass(frozen=True)
class Computer:
    """Somebody's computer: its own data folder, and its own copy of the synchronised folder."""

    folder: Path
    data: Path
    command: Cli
    monkeypatch: pytest.MonkeyPatch

    @property
    def sheet(self) -> Sheet:
        """The sheet as this computer has it."""
        return Sheet(self.folder / "campaign.csv")

    @property
    def machine(self) -> str:
        """Its id."""
        return machine_of(self.data)

    def cli(self, verb: str, *words: object) -> Result:
        """A command for the sheet, on this computer."""
        self.monkeypatch.setenv("BATCH_RUNNER_DATA", str(self.data))
        self.monkeypatch.setattr("socket.gethostname", lambda: f"host-{self.data.name}")
        return self.command(verb, self.sheet, *words)

    def send_to(self, other: Computer, *, without: str = "nothing") -> None:
        """The synchroniser passes on what is here, deletions too, but for what is late."""
        late = shutil.ignore_patterns(without)
        for path in sorted(other.folder.rglob("*"), reverse=True):
            here = self.folder / path.relative_to(other.folder)
            if path.is_file() and not here.exists() and not path.match(without):
                path.unlink()
        shutil.copytree(self.folder, other.folder, dirs_exist_ok=True, ignore=late)

    def ledger(self) -> Path:
        """Where its ledger is; there is one."""
        (found,) = self.data.glob("ledgers/*/ledger.sqlite")
        return found

    def sent_file(self) -> Path:
        """What it tells others."""
        return self.sheet.sidecar / f"sent-{self.machine}.jsonl"

    def told(self) -> list[dict[str, object]]:
        """The lines of that file."""
        return [json.loads(line) for line in self.sent_file().read_text().splitlines()]


Pair = tuple[Computer, Computer]


@pytest.fixture
def pair(
    tmp_path: Path,
    cli: Cli,
    new_sheet: NewSheet,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Pair]:
    """``pair(prompts, **settings)``: two computers, both of which have the sheet."""

    def make(prompts: list[str], **settings: object) -> Pair:
        computers = []
        for name in ("a", "b"):
            folder = tmp_path / name / "Dropbox" / "campaigns"
            folder.mkdir(parents=True)
            computers.append(Computer(folder, tmp_path / f"data-{name}", cli, monkeypatch))
        sheet = new_sheet(prompts, **settings)
        for file in (sheet.path, sheet.path.with_suffix(".yaml")):
            shutil.copy(file, computers[0].folder)
        computers[0].send_to(computers[1])
        return computers[0], computers[1]

    return make


def test_the_ledger_is_kept_at_home(pair: Callable[..., Pair], service: Service) -> None:
    """No database lies in the synchronised folder; what does is an id, what was sent, the videos."""
    a, _ = pair(ROWS)

    done = a.cli("run")

    assert done.code == 0, done.err
    assert "synchronised (dropbox)" in done.err
    assert service.bought() == ONCE
    names = {path.name for path in a.sheet.sidecar.iterdir()}
    assert names == {"campaign.json", f"sent-{a.machine}.jsonl", "videos", "original.csv"}
    assert a.ledger().is_file()
    assert (a.ledger().parent / "run.log").is_file()
    assert a.cli("status").code == 0
    assert "synchronised" not in a.cli("run").err


def test_what_one_computer_made_the_other_does_not_buy(
    pair: Callable[..., Pair], service: Service
) -> None:
    """All arrived, or the sheet is late, or the file of what was sent: no row is bought again."""
    a, b = pair([*ROWS, "Five."])
    assert a.cli("run", "--limit", "2").code == 0
    a.send_to(b, without="*.csv")  # the sheet itself is late
    status = b.cli("status")
    assert "run on another computer only (host-data-a)" in status.err

    assert b.cli("run", "--limit", "1").code == 0
    b.send_to(a, without="*.csv")
    assert a.cli("run").code == 0

    assert service.bought() == {**ONCE, "Five.": 1}
    assert a.sheet.column("status") == ["succeeded"] * 5
    assert a.sheet.column("task_id") == [service.task_of(p) for p in [*ROWS, "Five."]]


def test_a_sheet_that_came_alone_is_enough(pair: Callable[..., Pair], service: Service) -> None:
    """What was sent is late, the sheet is not: the rows it shows are adopted, then named."""
    a, b = pair(ROWS)
    assert a.cli("run", "--limit", "2").code == 0
    a.send_to(b, without="sent-*")

    assert b.cli("run").code == 0
    a.send_to(b, without="*.csv")
    b.sheet.sidecar.joinpath("videos").exists()
    assert b.cli("run").code == 0

    assert service.bought() == ONCE
    assert b.cli("status", "--json").out.count('"succeeded": 4') == 1
    with closing(sqlite3.connect(b.ledger())) as ledger:
        keys = {key for (key,) in ledger.execute("SELECT key FROM attempts")}
    assert {line["sent"] for line in a.told() if "sent" in line} < keys


def test_an_intent_without_an_id_is_held_until_the_id_comes(
    pair: Callable[..., Pair], service: Service
) -> None:
    """Unknown elsewhere is unknown here, never sent; the task links it once it arrives."""
    a, b = pair([LOST, "Two."])
    assert a.cli("run").code == 1
    a.send_to(b, without="*.csv")

    held = b.cli("run")

    assert held.code == 1
    assert b.sheet.column("status") == ["unknown", "succeeded"]
    assert "the computer 'host-data-a' sent this row" in b.sheet.column("error")[0]
    assert "batch-runner resolve" in held.out
    task = service.task_of(LOST)
    assert a.cli("resolve", "--row", "2", "--task-id", task).code == 0
    assert a.cli("run").code == 0
    a.send_to(b, without="*.csv")
    assert b.cli("run").code == 0
    assert b.sheet.column("task_id")[0] == task
    assert service.bought() == {LOST: 1, "Two.": 1}


def test_what_was_not_accepted_elsewhere_may_be_sent_here(
    pair: Callable[..., Pair], service: Service
) -> None:
    """A row refused by 402 on one computer goes on at another one."""
    a, b = pair(ROWS)
    service.misbehave("402-after")
    assert a.cli("run").code == 3
    service.misbehave()
    a.send_to(b, without="*.csv")

    assert b.cli("run").code == 0

    assert service.bought() == ONCE
    assert any("void" in line for line in a.told())


def test_a_new_attempt_elsewhere_is_followed(pair: Callable[..., Pair], service: Service) -> None:
    """A failed row that was bought again there is that attempt here, too, not one of its own."""
    failing = "Fails. [sandbox:failed-then-ok]"
    a, b = pair([failing])
    assert a.cli("run").code == 1
    a.send_to(b)
    assert b.cli("run").code in {0, 1}
    assert a.cli("retry").code == 0
    a.send_to(b, without="*.csv")

    assert b.cli("retry").code == 0

    assert service.bought() == {failing: 2}
    assert b.sheet.column("task_id") == a.sheet.column("task_id")
    assert b.sheet.column("status") == ["succeeded"]


@pytest.mark.parametrize("kept", [True, False])
def test_sent_on_both_sides_before_either_heard(
    pair: Callable[..., Pair],
    service: Service,
    kept: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Within the delay nothing can be told apart: it is said, and no paid task is lost.

    Both made an id; the synchroniser may keep the other one as a conflict copy, or not.
    """
    a, b = pair(["One."])
    assert a.cli("run").code == 0
    assert b.cli("run").code == 0
    assert service.bought() == {"One.": 2}
    own = (b.sheet.sidecar / "campaign.json").read_text()
    told = b.told()
    a.send_to(b, without="*.csv")
    b.sent_file().write_text("".join(f"{json.dumps(line)}\n" for line in told))
    if kept:
        (b.sheet.sidecar / "campaign (b's conflicted copy).json").write_text(own)

    again = b.cli("run")

    assert "1 rows were sent here and by another computer" in again.err
    newest = max(b.data.glob("ledgers/*/ledger.sqlite"), key=lambda path: path.stat().st_mtime)
    with closing(sqlite3.connect(newest)) as ledger:
        (tasks,) = ledger.execute("SELECT count(DISTINCT task_id) FROM attempts").fetchone()
    assert tasks == 2
    assert "sent here" not in b.cli("run").err
    assert service.bought() == {"One.": 2}


def test_what_ended_elsewhere_is_not_looked_at_again(
    pair: Callable[..., Pair], service: Service
) -> None:
    """Its video is here, its failure is known: the same row, though the provider is gone."""
    failing = "Fails. [sandbox:failed]"
    a, b = pair(["One.", "Two.", failing])
    assert a.cli("run").code == 1
    a.send_to(b, without="*.csv")
    service.misbehave("forget", "link-expired", "no-link", "down")  # nothing can be asked any more

    done = b.cli("run")

    assert done.code == 1, done.err
    assert b.sheet.rows() == a.sheet.rows()
    assert len(list((b.sheet.sidecar / "videos").iterdir())) == 2


def test_a_video_that_has_not_come_yet_is_fetched(
    pair: Callable[..., Pair], service: Service
) -> None:
    """The synchroniser is slow with large files, or brought half of one: the link still works."""
    a, b = pair(["One.", "Two."])
    assert a.cli("run").code == 0
    a.send_to(b, without="*.csv")
    late, half = sorted((b.sheet.sidecar / "videos").iterdir())
    late.unlink()
    half.write_bytes(half.read_bytes()[:100])

    assert b.cli("run").code == 0

    assert b.sheet.column("task_id") == a.sheet.column("task_id")
    for row in b.sheet.rows():
        assert (b.folder / row["video_file"]).read_bytes().endswith(row["task_id"].encode())
    assert half.stat().st_size == 100  # it is not ours to touch


@pytest.mark.parametrize("file", ["../secret.mp4", "/etc/hosts", "campaign.csv"])
def test_a_file_elsewhere_is_nobodys_video(
    pair: Callable[..., Pair], service: Service, file: str
) -> None:
    """What another computer tells of a video counts only for a file in the sidecar."""
    a, b = pair(["One."])
    assert a.cli("run").code == 0
    a.send_to(b, without="*.csv")
    told = b.sheet.sidecar / a.sent_file().name
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    target = (b.folder / file).resolve()
    if not target.exists():
        target.write_bytes(b"private")
    lines[-1]["end"] |= {"video_file": file, "video_size": target.stat().st_size}
    told.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    assert b.cli("run").code == 0

    assert b.sheet.column("video_file")[0].startswith("campaign.csv.batch/videos/")


@pytest.mark.parametrize("copy", ["sent-{} (b's conflicted copy).jsonl", "sent-{} 2.jsonl"])
def test_conflict_copies_are_read_too(
    pair: Callable[..., Pair], service: Service, copy: str
) -> None:
    """Whatever name the synchroniser gave the other version of a file, what it tells counts."""
    a, b = pair(ROWS)
    assert a.cli("run", "--limit", "3").code == 0
    a.send_to(b, without="*.csv")
    theirs = b.sheet.sidecar / a.sent_file().name
    theirs.rename(theirs.with_name(copy.format(a.machine)))

    assert b.cli("run").code == 0

    assert service.bought() == ONCE


def test_a_lost_data_folder_costs_nothing(pair: Callable[..., Pair], service: Service) -> None:
    """One's own file knows what one's lost ledger knew."""
    a, _ = pair(ROWS)
    before = a.sheet.path.read_bytes()
    assert a.cli("run", "--limit", "3").code == 0
    shutil.rmtree(a.data)
    a.sheet.path.write_bytes(before)

    assert a.cli("run").code == 0

    assert service.bought() == ONCE


def lease_of(computer: Computer, **ago: float) -> Lease:
    """What a computer leaves while it is at work; its last sign of life was so long ago."""
    at = datetime.now(UTC) - timedelta(**ago)
    since = at - timedelta(minutes=5)
    return Lease(machine=computer.machine, host="host-a", user="anna", since=since, beat=at)


def test_a_fresh_lease_of_another_computer_is_75(
    pair: Callable[..., Pair], service: Service
) -> None:
    """Who it is, and when it was last seen; --take-over goes on all the same."""
    a, b = pair(ROWS)
    b.sheet.sidecar.mkdir()
    write_lease(b.sheet.sidecar, lease_of(a, minutes=1))

    refused = b.cli("run")

    assert refused.code == 75
    assert "anna on the computer 'host-a' (since 20" in refused.err
    assert "--take-over" in refused.err
    assert service.bought() == {}
    assert b.cli("run", "--take-over").code == 0


def test_a_stale_lease_is_taken_over_with_a_word(
    pair: Callable[..., Pair], service: Service
) -> None:
    """A computer that died in a run holds nobody up for longer than ten minutes."""
    a, b = pair(ROWS)
    b.sheet.sidecar.mkdir()
    write_lease(b.sheet.sidecar, lease_of(a, minutes=11))

    done = b.cli("run")

    assert done.code == 0
    assert "it is taken over" in done.err
    assert not list(b.sheet.sidecar.glob("lease-*"))


def test_the_later_of_two_gives_way(pair: Callable[..., Pair], service: Service) -> None:
    """A lease that arrives in the midst of a run, of a run begun earlier: nothing more is sent."""
    a, b = pair(ROWS)
    service.misbehave()
    real = write_lease
    arrived: list[Lease] = []

    def arriving(folder: Path, lease: Lease) -> None:
        real(folder, lease)
        if not arrived:
            arrived.append(lease)
            real(folder, replace(lease_of(a), beat=datetime.now(UTC)))

    b.monkeypatch.setattr("batch_runner.app.place.neighbours.write_lease", arriving)

    stopped = b.cli("run")

    assert stopped.code == 3
    assert "anna on the computer 'host-a'" in stopped.out + stopped.err
    assert service.bought() == {}


def test_a_ledger_of_an_earlier_version_is_moved_out(
    pair: Callable[..., Pair], service: Service
) -> None:
    """It goes home whole, the old file is kept under another name, and nothing is bought again."""
    a, b = pair(ROWS)
    a.monkeypatch.setattr(
        "batch_runner.app.place.places.synced_by", lambda *_: None
    )  # as it was then
    assert a.cli("run", "--limit", "2").code == 0
    a.monkeypatch.undo()
    a.monkeypatch.setenv("APIMART_API_KEY", "sk-of-the-user")
    a.monkeypatch.setenv("APIMART_BASE_URL", service.origin)
    assert (a.sheet.sidecar / "ledger.sqlite").is_file()

    assert a.cli("run").code == 0

    assert not (a.sheet.sidecar / "ledger.sqlite").exists()
    assert (a.sheet.sidecar / "ledger.moved.sqlite").is_file()
    a.send_to(b, without="*.csv")
    assert b.cli("run").code == 0
    assert service.bought() == ONCE


def test_a_damaged_ledger_is_not_moved(pair: Callable[..., Pair], service: Service) -> None:
    """Exit 2 with a sentence; nothing is sent, and the file stays where it is."""
    a, _ = pair(ROWS)
    a.sheet.sidecar.mkdir()
    old = a.sheet.sidecar / "ledger.sqlite"
    old.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)

    refused = a.cli("run")

    assert refused.code == 2
    assert service.bought() == {}
    assert old.is_file()


def test_a_folder_that_was_moved_or_renamed_goes_on(
    pair: Callable[..., Pair], service: Service
) -> None:
    """The id in the sidecar finds the ledger, wherever the folder is; a copy of it is refused."""
    a, _ = pair(ROWS)
    assert a.cli("run", "--limit", "2").code == 0
    moved = replace(a, folder=a.folder.parent.parent / "elsewhere")
    a.folder.rename(moved.folder)

    assert moved.cli("run", "--limit", "1").code == 0
    shutil.copytree(moved.folder, a.folder)
    refused = a.cli("run")

    assert refused.code == 2
    assert "keeps its ledger here" in refused.err
    assert moved.cli("run").code == 0
    assert service.bought() == ONCE


def test_move_takes_a_synced_sheet_along(pair: Callable[..., Pair], service: Service) -> None:
    """``move`` renames the sidecar; the ledger at home goes on."""
    a, _ = pair(ROWS)
    assert a.cli("run", "--limit", "2").code == 0
    new = Sheet(a.sheet.path.with_name("spring.csv"))
    a.sheet.path.rename(new.path)
    a.sheet.path.with_suffix(".yaml").rename(new.path.with_suffix(".yaml"))

    assert a.command("run", new).code == 2  # it is told that it was renamed
    assert a.cli("move", new).code == 0
    assert a.command("run", new).code == 0

    assert service.bought() == ONCE


def test_a_state_folder_wins(pair: Callable[..., Pair], service: Service, tmp_path: Path) -> None:
    """Who says where ledgers go is obeyed: all of the sidecar goes there, no lease is taken."""
    a, _ = pair(ROWS)
    a.monkeypatch.setenv("BATCH_RUNNER_STATE", str(tmp_path / "state"))

    assert a.cli("run").code == 0

    assert (tmp_path / "state" / "campaign.csv.batch" / "ledger.sqlite").is_file()
    assert not a.sheet.sidecar.exists()


def test_what_cannot_be_told_is_not_sent(pair: Callable[..., Pair], service: Service) -> None:
    """The file for the others cannot be written: nothing is sent, no row becomes unknown."""
    a, _ = pair(ROWS)
    assert a.cli("run", "--limit", "1").code == 0
    place = a.sent_file()
    place.unlink()
    place.mkdir()

    refused = a.cli("run")

    assert refused.code in {2, 3}
    assert service.bought() == {"One.": 1}
    place.rmdir()
    assert a.cli("run").code == 0
    assert service.bought() == ONCE


def test_a_file_that_is_just_being_replaced_stops_nothing(
    pair: Callable[..., Pair], service: Service
) -> None:
    """Listed, and gone when it is looked at; one that is there and cannot be read stops the run."""
    a, _ = pair(ROWS)
    assert a.cli("run", "--limit", "1").code == 0
    place = a.sheet.sidecar / "sent-0123456789abcdef.jsonl"
    place.symlink_to("nowhere")
    assert a.cli("run", "--limit", "1").code == 0
    place.unlink()
    place.mkdir()

    refused = a.cli("run")

    assert refused.code == 2
    assert "what other computers sent cannot be read" in refused.err
    assert sum(service.bought().values()) == 2


def test_the_intent_is_written_before_the_request(
    pair: Callable[..., Pair], service: Service
) -> None:
    """The file tells of each send first, and of its task right after."""
    a, _ = pair(["One."])
    assert a.cli("run").code == 0
    intent, outcome, end = a.told()
    assert intent["worksheet"] == ""
    assert (intent["host"], outcome["accepted"]) == ("host-data-a", intent["sent"])
    assert outcome["task_id"] == service.task_of("One.")
    assert end["ended"] == intent["sent"]
    assert IMAGE not in a.sent_file().read_text()


def test_rehearsals_stay_apart(pair: Callable[..., Pair], service: Service) -> None:
    """A rehearsal's ledger is at home as well, and no other computer is told of it."""
    a, _ = pair(["One."])
    assert a.cli("run", "--sandbox").code == 0
    sidecar = a.folder / "campaign.sandbox.csv.batch"
    assert {p.name for p in sidecar.iterdir()} == {"campaign.json", "videos", "original.csv"}
    assert service.bought() == {}


def test_other_services_are_not_mixed(
    pair: Callable[..., Pair], service: Service, cli: Cli
) -> None:
    """Rows that the other computer sent to another service: exit 2, as for one's own ledger."""
    a, b = pair(ROWS)
    assert a.cli("run", "--limit", "1").code == 0
    a.send_to(b, without="*.csv")

    refused = b.cli("run", "--base-url", "http://127.0.0.1:9")

    assert refused.code == 2
    assert service.origin in refused.err
