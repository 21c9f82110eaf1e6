"""One run a sheet: the lock names its holder and dies with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.ledger.lock import HOLDER, hold

SINCE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

HOLD_FOR_EVER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from batch_runner.ledger.lock import hold

with hold(Path(sys.argv[1]), host="elsewhere", pid=4711, at=datetime(2026, 11, 23, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_who_holds_the_sheet(tmp_path: Path) -> None:
    """Exit 75, with process, host and time, and what to do."""
    with hold(tmp_path, host="here", pid=42, at=SINCE):
        with pytest.raises(LockedError) as told, hold(tmp_path, host="b", pid=2, at=SINCE):
            pass
        note = json.loads((tmp_path / HOLDER).read_text(encoding="utf-8"))
    assert note == {"host": "here", "pid": 42, "since": "2026-11-23T08:00:00+00:00"}
    assert (told.value.code, told.value.exit_code) == ("locked", 75)
    assert "process 42 on here, since 2026-11-23 08:00 UTC" in told.value.message
    assert "batch-runner status SHEET" in told.value.hint


def test_the_lock_is_free_after_the_run_and_after_an_error(tmp_path: Path) -> None:
    """However a run ends in this process, the next one may begin."""
    sidecar = tmp_path / "not" / "there yet"
    with pytest.raises(KeyError), hold(sidecar, host="a", pid=1, at=SINCE):
        raise KeyError
    with hold(sidecar, host="a", pid=1, at=SINCE):
        pass


@pytest.mark.parametrize("note", ["", "{}", "[]", "no json"])
def test_a_note_that_cannot_be_read_is_no_trouble(tmp_path: Path, note: str) -> None:
    """The lock decides; the note only helps to say it."""
    with hold(tmp_path, host="a", pid=1, at=SINCE):
        (tmp_path / HOLDER).write_text(note, encoding="utf-8")
        with (
            pytest.raises(LockedError, match="another run holds this sheet"),
            hold(tmp_path, host="b", pid=2, at=SINCE),
        ):
            pass


def test_a_folder_that_takes_no_lock_is_refused(tmp_path: Path) -> None:
    """Without a lock nothing runs, and the reason is said in a sentence."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(LedgerError) as told,
        hold(tmp_path / "file", host="a", pid=1, at=SINCE),
    ):
        pass
    assert told.value.code == "lock_unusable"


def test_a_note_that_cannot_be_left_frees_the_lock(tmp_path: Path) -> None:
    """A folder that cannot be written is told as such, and nothing stays locked."""
    (tmp_path / HOLDER).mkdir()
    with pytest.raises(LedgerError) as told, hold(tmp_path, host="a", pid=1, at=SINCE):
        pass
    assert told.value.code == "lock_unusable"
    (tmp_path / HOLDER).rmdir()
    with hold(tmp_path, host="a", pid=1, at=SINCE):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    """A run in another process excludes ours; killed without a word, it excludes nobody."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_FOR_EVER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(LockedError, match="process 4711"),
            hold(tmp_path, host="a", pid=1, at=SINCE),
        ):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
        with hold(tmp_path, host="a", pid=1, at=SINCE):
            pass
