"""A ledger that is damaged, gone, or of a newer version: nothing is bought again because of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash import promises
from tests.crash.harness import CONFIG, Campaign, Ran, Service, Zygote
from tests.crash.points import Stop

PAGE = 4096
PAGES = int(os.environ.get("BATCH_RUNNER_PAGES", "8"))  # how many are damaged, spread evenly
PROMPTS = ("One", "Two", "Three", "Lost [sandbox:accept-then-drop]")
Damage = Callable[[Path], None]


def begun(folder: Path, mark: str, zygote: Zygote, service: Service) -> Campaign:
    """A campaign half of whose rows are done, one unknown and one not yet sent."""
    prompts = [f"{text} {mark}." for text in PROMPTS]
    campaign = Campaign(folder, "csv", prompts, CONFIG, service.origin)
    ran = zygote.run(campaign.folder, *campaign.words, "--only", "2,3,5")
    assert ran.code == 1, ran.said
    return campaign


def cut_in_half(ledger: Path) -> None:
    """As a copy that broke off."""
    os.truncate(ledger, ledger.stat().st_size // 2)


def not_a_database(ledger: Path) -> None:
    """As an editor that saved something else there."""
    ledger.write_bytes(b"no database\n" * 5000)


def emptied(ledger: Path) -> None:
    """As a full disk may leave a file that is copied."""
    ledger.write_bytes(b"")


def newer(ledger: Path) -> None:
    """Written by a version to come."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA user_version = 999")


def wal_of_another(ledger: Path) -> None:
    """Beside it lies a write-ahead log that is none of its own."""
    ledger.with_name(f"{ledger.name}-wal").write_bytes(os.urandom(3 * PAGE))


def is_refused(ran: Ran) -> None:
    """2, a sentence with the file's name and what to do, no traceback."""
    assert ran.code == 2, ran.said
    assert "Traceback" not in ran.said
    assert "ledger.sqlite" in ran.err


@pytest.mark.parametrize("damage", [cut_in_half, not_a_database, newer])
def test_a_ledger_that_cannot_be_used_is_refused(
    damage: Damage, zygote: Zygote, service: Service, folder: Path
) -> None:
    """Nothing is sent, the sheet stays as it is; with the ledger put back the rest is made."""
    mark = f"refused-{damage.__name__}"
    campaign = begun(folder / "sheets", mark, zygote, service)
    kept = folder / "kept.sqlite"
    shutil.copy(campaign.ledger, kept)
    damage(campaign.ledger)
    before, damaged = campaign.sheet.read_bytes(), campaign.ledger.read_bytes()
    for words in (campaign.words, ("status", campaign.sheet), ("resolve", campaign.sheet)):
        is_refused(zygote.run(campaign.folder, *words))
    assert len(service.accepted(f" {mark}.")) == 3
    assert campaign.sheet.read_bytes() == before
    assert campaign.ledger.read_bytes() == damaged
    shutil.copy(kept, campaign.ledger)
    goes_on(campaign, mark, zygote, service)


def goes_on(campaign: Campaign, mark: str, zygote: Zygote, service: Service) -> None:
    """The last row is bought, and none of the others again."""
    ran = zygote.run(campaign.folder, *campaign.words)
    assert ran.code == 1, ran.said
    books = promises.read_books(campaign, service.accepted(f" {mark}."))
    promises.paid_once_and_kept(books)
    assert len(books.tasks) == len(PROMPTS)


@pytest.mark.parametrize("damage", [emptied, Path.unlink, wal_of_another])
def test_without_its_ledger_the_sheet_tells_what_was_sent(
    damage: Damage, zygote: Zygote, service: Service, folder: Path
) -> None:
    """Rows that show results are linked or held again, never sent again."""
    mark = f"without-{damage.__name__}"
    campaign = begun(folder / "sheets", mark, zygote, service)
    damage(campaign.ledger)
    ran = zygote.run(campaign.folder, *campaign.words)
    assert ran.code == 1, ran.said
    tasks = service.accepted(f" {mark}.")
    assert sorted(task["body"]["prompt"] for task in tasks) == sorted(campaign.prompts)
    shown = {row["prompt"]: row for row in campaign.rows()}
    assert [shown[prompt]["status"] for prompt in campaign.prompts] == [
        *["succeeded"] * 3,
        "unknown",
    ]


def test_a_damaged_page_buys_nothing_again(zygote: Zygote, service: Service, folder: Path) -> None:
    """Whichever part of the file is garbage: no row is sent again, and no traceback is shown."""
    mark = "pages"
    campaign = begun(folder / "sheets", mark, zygote, service)
    whole = campaign.ledger.read_bytes()
    pages = range(len(whole) // PAGE)
    for page in pages[:: max(1, len(pages) // PAGES)]:
        for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
            (campaign.sidecar / name).unlink(missing_ok=True)
        garbage = bytes(reversed(whole[page * PAGE : (page + 1) * PAGE]))
        campaign.ledger.write_bytes(whole[: page * PAGE] + garbage + whole[(page + 1) * PAGE :])
        ran = zygote.run(campaign.folder, *campaign.words, "--only", "2,3,5")
        assert ran.code in {0, 1, 2, 3}, (page, ran.said)
        assert "Traceback" not in ran.said, page
        assert len(service.accepted(f" {mark}.")) == 3, page
        campaign.is_whole()


def test_the_lock_of_a_dead_run_holds_nobody(
    zygote: Zygote, service: Service, folder: Path
) -> None:
    """Lock file and holder's note of a killed run lie there; the next run begins at once."""
    campaign = Campaign(folder / "sheets", "csv", ["Locked dead."], CONFIG, service.origin)
    killed = zygote.run(campaign.folder, *campaign.words, stop=Stop(point="app.enrolled"))
    assert killed.code == -9
    assert (campaign.sidecar / "run.lock").exists()
    assert (campaign.sidecar / "run.holder.json").exists()
    assert zygote.run(campaign.folder, *campaign.words).code == 0


def test_two_at_once_send_nothing_twice(
    zygote: Zygote, tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> None:
    """Of two runs begun at the same moment one works; the other says 75 and who it is, or waits."""
    scratch = tmp_path_factory.mktemp("second")
    with (
        Zygote(scratch) as second,
        Service(folder / "slow", "--seconds", "0.2") as service,
    ):
        for turn in range(5):
            prompts = [f"Row {n} of turn {turn}." for n in range(4)]
            campaign = Campaign(folder / f"turn-{turn}", "csv", prompts, CONFIG, service.origin)
            zygote.begin(campaign.folder, *campaign.words)
            second.begin(campaign.folder, *campaign.words)
            ran = [zygote.end(), second.end()]
            codes = sorted(one.code for one in ran)
            assert codes in ([0, 75], [0, 0]), [one.said for one in ran]
            refused = next((one for one in ran if one.code == 75), None)
            assert refused is None or "another run holds this sheet" in refused.err
            assert sorted(t["body"]["prompt"] for t in service.accepted()) == sorted(
                [f"Row {n} of turn {t}." for t in range(turn + 1) for n in range(4)]
            )
            promises.nothing_is_left_behind(campaign)
