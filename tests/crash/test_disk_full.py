"""A disk that is full, or may not be written: a clear word, no money lost, and on when it is mended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from batch_runner.core.sent import fold
from batch_runner.ledger.sent_file import read_lines
from tests.crash import promises
from tests.crash.harness import CONFIG, Campaign, Ran, Service, Zygote
from tests.crash.two_computers import Computer

STEP = float(os.environ.get("BATCH_RUNNER_DISK_STEP", "1.8"))  # each limit to the one before it
SMALLEST, LARGEST = 600, 600_000  # bytes; beyond that a run of so few rows needs no more
FATES = ("Fine", "Fine too", "Fails [sandbox:failed]", "Lost [sandbox:accept-then-drop]")


def limits() -> Iterator[int]:
    """Sizes at which a file, or the disk, is full; each run meets its limit at another write."""
    size = float(SMALLEST)
    while size < LARGEST:
        yield int(size)
        size *= STEP


def sheet(folder: Path, kind: str, mark: str, origin: str) -> Campaign:
    """A campaign of its own."""
    return Campaign(folder, kind, [f"{fate} {mark}." for fate in FATES], CONFIG, origin)


def clear(ran: Ran) -> None:
    """It ended as a program ends, and if early, with a sentence that says what to do."""
    assert ran.code in {0, 1, 2, 3}, ran.said
    assert "Traceback" not in ran.said
    if ran.code == 2:
        assert "Error: " in ran.err
        assert "put back a copy" not in ran.err  # nothing is wrong with what is there


def settled(campaign: Campaign, mark: str, zygote: Zygote, service: Service) -> None:
    """With room again, the same command comes to its end and keeps every promise."""
    last = zygote.run(campaign.folder, *campaign.words)
    assert last.code == 1, last.said
    promises.nothing_is_left_behind(campaign)
    books = promises.read_books(campaign, service.accepted(f" {mark}."))
    promises.paid_once_and_kept(books)
    promises.sheet_shows_the_ledger(campaign, books)
    assert len(books.jobs) == len(FATES)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_file_can_grow_any_more(
    kind: str, zygote: Zygote, service: Service, folder: Path
) -> None:
    """At any write: ledger, sheet, video, log. Nothing is paid twice or lost, then or later."""
    codes = set()
    for size in limits():
        mark = f"limit-{kind}-{size}"
        campaign = sheet(folder / mark, kind, mark, service.origin)
        ran = zygote.run(campaign.folder, *campaign.words, file_size=size)
        clear(ran)
        codes.add(ran.code)
        campaign.is_whole()
        if ran.code == 2:
            assert service.accepted(f" {mark}.") == []
        settled(campaign, mark, zygote, service)
    assert {2, 3} <= codes


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Callable[[int], Path]]:
    """``small_disk(bytes)``: a file system with so much room."""
    with ExitStack() as stack:

        def mount(size: int) -> Path:
            place = folder / f"disk-{size}"
            place.mkdir()
            asked = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
            if subprocess.run(asked, capture_output=True, check=False).returncode:
                pytest.skip("a file system can only be mounted by root")
            stack.callback(subprocess.run, ["umount", "-l", str(place)], check=True)
            return place

        yield mount


@pytest.mark.skipif(not shutil.which("mount") or sys.platform != "linux", reason="needs tmpfs")
def test_the_disk_is_full(
    zygote: Zygote, service: Service, small_disk: Callable[[int], Path]
) -> None:
    """A disk without room for all of it: the same, and more room is all that it takes to go on."""
    codes = set()
    for size in (16_000, 60_000, 90_000, 130_000, 180_000, 260_000, 400_000):
        mark, place = f"disk-{size}", small_disk(size)
        campaign = sheet(place / "sheets", "csv", mark, service.origin)
        ran = zygote.run(campaign.folder, *campaign.words)
        clear(ran)
        codes.add(ran.code)
        campaign.is_whole()
        more = ["mount", "-o", "remount,size=8000000", str(place)]
        subprocess.run(more, check=True)
        settled(campaign, mark, zygote, service)
    assert {2, 3} <= codes


@pytest.mark.skipif(not shutil.which("mount") or sys.platform != "linux", reason="needs tmpfs")
def test_the_disk_of_a_synced_folder_is_full(
    zygote: Zygote, service: Service, folder: Path, small_disk: Callable[[int], Path]
) -> None:
    """The ledger at home has room, the file that tells other computers has not: no send untold."""
    codes = set()
    for size in (8_000, 16_000, 20_000, 24_000, 40_000, 90_000):
        mark, place = f"synced-{size}", small_disk(size)
        campaign = sheet(place / "Dropbox", "csv", mark, service.origin)
        computer = Computer(zygote, folder / mark, campaign)
        computer.root.mkdir()
        ran = computer.run()
        clear(ran)
        codes.add(ran.code)
        campaign.is_whole()
        told = fold(read_lines(campaign.sidecar))
        tasks = service.accepted(f" {mark}.")
        assert {task["idempotency_key"] for task in tasks} <= set(told)
        subprocess.run(["mount", "-o", "remount,size=8000000", str(place)], check=True)
        last = computer.run()
        assert last.code == 1, last.said
        tasks = service.accepted(f" {mark}.")
        promises.paid_once_and_kept(computer.books(tasks))
    assert codes & {2, 3}


@pytest.mark.parametrize("what", ["folder", "sidecar", "ledger.sqlite"])
def test_what_may_not_be_written(
    what: str, zygote: Zygote, service: Service, folder: Path
) -> None:
    """A read-only folder, sidecar or ledger: 2 and a sentence, nothing is sent; on when it may be."""
    mark = f"read-only-{what}"
    campaign = sheet(folder / "sheets", "csv", mark, service.origin)
    if what != "folder":
        first = zygote.run(campaign.folder, *campaign.words, "--limit", "2")
        assert first.code == 0, first.said
    places = {"folder": campaign.folder, "sidecar": campaign.sidecar}
    place = places.get(what, campaign.sidecar / what)
    mode, sent = place.stat().st_mode, service.accepted(f" {mark}.")
    place.chmod(mode & ~0o222)
    before = campaign.sheet.read_bytes()
    ran = zygote.run(campaign.folder, *campaign.words, ordinary=True)
    assert ran.code == 2, ran.said
    clear(ran)
    assert service.accepted(f" {mark}.") == sent
    assert campaign.sheet.read_bytes() == before
    place.chmod(mode)
    settled(campaign, mark, zygote, service)
